"""Control groups of version 2, on plain files of the same names and contents: this kernel may have version 1 only."""

from __future__ import annotations

from pathlib import Path

from abell.supervisor import cgroup


def machine(tmp_path: Path, controllers: str, subtree: str, processes: str) -> cgroup.Parent | None:
    mount = tmp_path / "fs"
    own = mount / "user.slice/abell"
    own.mkdir(parents=True)
    (own / "cgroup.controllers").write_text(controllers)
    (own / "cgroup.subtree_control").write_text(subtree)
    (own / "cgroup.procs").write_text(processes)
    (tmp_path / "cgroup").write_text("0::/user.slice/abell\n")
    (tmp_path / "mountinfo").write_text(f"30 23 0:26 / {mount} rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n")
    return cgroup.find(str(tmp_path))


def test_version_2_delegated(tmp_path: Path) -> None:
    parent = machine(tmp_path, "cpu memory pids\n", "cpu memory\n", "")
    assert parent == cgroup.Parent(f"{tmp_path}/fs/user.slice/abell", 2)


def test_version_2_with_others_in_the_group_or_without_the_controller(tmp_path: Path) -> None:
    assert machine(tmp_path / "a", "memory\n", "", "1\n2\n") is None
    assert machine(tmp_path / "b", "cpu\n", "", "") is None


def test_version_2_files(tmp_path: Path) -> None:
    group = cgroup.Group(str(tmp_path), 2)
    for name in ("memory.max", "memory.swap.max", "memory.oom.group"):
        (tmp_path / name).write_text("max")
    (tmp_path / "memory.events").write_text("low 0\nhigh 0\nmax 7\noom 2\noom_kill 1\noom_group_kill 0\n")
    (tmp_path / "memory.peak").write_text("1048576\n")
    group.limit(256)
    assert (tmp_path / "memory.max").read_text().startswith(str(256 << 20))
    assert (tmp_path / "memory.swap.max").read_text().startswith("0")
    assert (group.oom_kills(), group.peak_bytes()) == (1, 1 << 20)
    (tmp_path / "memory.peak").unlink()
    assert group.peak_bytes() is None


def test_a_path_of_another_namespace_means_the_mount_itself(tmp_path: Path) -> None:
    (tmp_path / "fs").mkdir()
    (tmp_path / "cgroup").write_text("4:memory:/docker/abc\n")
    (tmp_path / "mountinfo").write_text(f"30 23 0:26 /docker/abc {tmp_path}/fs rw - cgroup cgroup rw,memory\n")
    assert cgroup.find(str(tmp_path)) == cgroup.Parent(f"{tmp_path}/fs", 1)
