"""What starts when."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from abell.supervisor.pool import Pool
from abell.supervisor.spec import Spec

from .harness import Supervised, soon


def test_workers(supervised: Supervised) -> None:
    client = supervised.up().client()
    wait = "echo x >> begun; while ! [ -e go ]; do sleep 0.05; done"
    ids = client.start(*(supervised.job(f"a{n}", wait, workers=2) for n in range(5)))
    client.running("a1")
    words = [client.status(i)["word"] for i in ids]
    assert words == ["running", "running", "queued", "queued", "queued"]
    other = supervised.job("b1", "exit 0", pool="other", workers=1)
    client.start(other)
    client.ended("b1")
    assert (supervised.root / "begun").read_text() == "x\n" * 2
    (supervised.root / "go").touch()
    for n in range(5):
        assert client.ended(f"a{n}")["word"] == "done"


def test_cores_are_reserved_and_the_first_in_line_is_not_passed(supervised: Supervised) -> None:
    client = supervised.up().client()
    wait = "while ! [ -e go-$NAME ]; do sleep 0.02; done"

    def job(key: str, slots: int) -> dict[str, object]:
        return supervised.job(key, wait, workers=9, cores=4, slots=slots, env={"NAME": key, "PATH": "/usr/bin:/bin"})

    ids = client.start(job("a", 2), job("wide", 4), job("b", 1))
    client.running("a")
    assert [client.status(i)["word"] for i in ids] == ["running", "queued", "queued"]
    (supervised.root / "go-a").touch()
    client.running("wide")
    assert client.status(ids[2])["word"] == "queued"
    (supervised.root / "go-wide").touch()
    (supervised.root / "go-b").touch()
    client.ended("b")


def test_more_than_the_cores_is_refused(supervised: Supervised) -> None:
    client = supervised.up().client()
    answer = client.ask("start", jobs=[supervised.job("a1", "exit 0", cores=2, slots=3)])["jobs"]["a1"]
    assert answer == {"refused": "it asks for 3 slots, and runner local has 2 cores"}
    assert client.ask("find", keys=["a1"])["ids"] == {}
    auto = client.ask("start", jobs=[supervised.job("a2", "exit 0", cores="auto", slots=1 << 20)])["jobs"]["a2"]
    assert "refused" in auto


def test_a_key_starts_once(supervised: Supervised) -> None:
    client = supervised.up().client()
    job = supervised.job("a1", "echo x >> ran")
    first = client.start(job, job)
    assert first == client.start(job) * 2
    client.ended("a1")
    assert first == client.start(job) * 2
    assert client.ask("find", keys=["a1", "a2"])["ids"] == {"a1": first[0]}
    client.start(supervised.job("a2", "exit 0"))
    client.ended("a2")
    assert (supervised.root / "ran").read_text() == "x\n"
    client.ask("forget", ids=[first[0]])
    assert client.status(first[0])["word"] == "unknown"


def test_three_hundred_at_once(supervised: Supervised) -> None:
    client = supervised.up().client()
    client.start(*(supervised.job(f"a{n}", "echo $ABELL_NATIVE_ID >> all", workers=300) for n in range(300)))
    for n in range(300):
        assert client.ended(f"a{n}")["word"] == "done"
    ran = (supervised.root / "all").read_text().split()
    assert len(ran) == len(set(ran)) == 300


def test_a_passing_failure_is_tried_again(supervised: Supervised) -> None:
    client = supervised.up().client()
    script = supervised.root / "busy.sh"
    script.write_text("#!/bin/sh\nexit 7\n")
    script.chmod(0o755)
    with script.open("a"):  # as a forked child of the writer would: execve answers ETXTBSY, in kernels that do
        client.start(supervised.job("a1", "", argv=[str(script)]))
    assert client.ended("a1")["exit"] == 7


def make(key: str, slots: int, workers: int, cores: int | None) -> Spec:
    return Spec(key, "p", workers, cores, ("/bin/true",), "/", {}, "/dev/null", "/dev/null", slots)


@given(st.integers(1, 5), st.one_of(st.none(), st.integers(1, 8)), st.lists(st.integers(1, 8), max_size=20), st.data())
def test_a_pool_keeps_order_and_limits(workers: int, cores: int | None, widths: list[int], data: st.DataObject) -> None:
    pool = Pool()
    waiting = [s for n, w in enumerate(widths) if not pool.refusal(s := make(f"k{n}", w, workers, cores))]
    assert cores is not None or len(waiting) == len(widths)
    for spec in waiting:
        pool.put(spec)
    running: list[Spec] = []
    order: list[Spec] = []
    while len(order) < len(waiting) or running:
        while (spec := pool.take(0.0)) is not None:
            running.append(spec)
            order.append(spec)
        assert 0 < len(running) <= workers  # whoever is first in line gets there
        assert cores is None or sum(s.slots for s in running) <= cores
        pool.release(running.pop(data.draw(st.integers(0, len(running) - 1))))
    assert order == waiting
    assert (pool.running, pool.slots) == (0, 0)


def test_wider_than_the_cores_have_become(supervised: Supervised) -> None:
    pool = Pool()
    pool.put(make("a", 4, 2, 4))
    pool.put(make("b", 1, 2, 2))
    assert pool.take(0.0) is not None
    assert pool.take(0.0) is None


def test_streams_are_appended_to(supervised: Supervised) -> None:
    client = supervised.up().client()
    both = f"{supervised.root}/both"
    client.start(supervised.job("a1", "echo 1; echo 2 >&2; echo 3", stdout=both, stderr=both))
    client.ended("a1")
    soon(lambda: (supervised.root / "both").read_text() == "1\n2\n3\n")
