"""GALAXY_SLOTS and GALAXY_MEMORY_MB on every DRM: the real script under each one's environment, in each shell."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from abell.config.model import EnvEntry

SHOW = (
    'echo "${GALAXY_SLOTS-unset} ${GALAXY_SLOTS_CONFIGURED-unset}'
    ' ${GALAXY_MEMORY_MB-unset} ${GALAXY_MEMORY_MB_PER_SLOT-unset}"'
)
BASE = {"PATH": "/usr/bin:/bin"}
ASKED = {"slots": 7, "memory_mb": 700}

# DRM's environment -> slots configured memory memory_per_slot. The job asks for ASKED: what the DRM gave wins.
TABLE = {
    "slurm --cpus-per-task --mem": ({"SLURM_CPUS_ON_NODE": "4", "SLURM_MEM_PER_NODE": "2048"}, "4 1 2048 512"),
    "slurm --mem-per-cpu": ({"SLURM_CPUS_ON_NODE": "4", "SLURM_MEM_PER_CPU": "512"}, "4 1 2048 512"),
    "slurm tasks": ({"SLURM_NTASKS": "2", "SLURM_CPUS_PER_TASK": "3", "SLURM_MEM_PER_CPU": "100"}, "6 1 600 100"),
    "slurm tasks only": ({"SLURM_NTASKS": "2", "SLURM_MEM_PER_NODE": "601"}, "2 1 601 300"),
    "slurm before others": ({"SLURM_CPUS_ON_NODE": "2", "NSLOTS": "9", "NCPUS": "8"}, "2 1 700 350"),
    "univa": ({"NSLOTS": "4", "JOB_ID": "9", "SGE_HGR_h_vmem": "2G"}, "4 1 8192 2048"),
    "univa fraction": ({"NSLOTS": "2", "SGE_HGR_h_vmem": "1.500G"}, "2 1 3072 1536"),
    "univa small fraction": ({"NSLOTS": "2", "SGE_HGR_h_vmem": "0.0625G"}, "2 1 126 63"),
    "univa decimal unit": ({"NSLOTS": "1", "SGE_HGR_h_vmem": "2000m"}, "1 1 1907 1907"),
    "univa M": ({"NSLOTS": "3", "SGE_HGR_h_vmem": "512M"}, "3 1 1536 512"),
    "univa K": ({"NSLOTS": "1", "SGE_HGR_h_vmem": "1048576K"}, "1 1 1024 1024"),
    "univa bytes": ({"NSLOTS": "1", "SGE_HGR_h_vmem": "1073741824"}, "1 1 1024 1024"),
    "univa nonsense": ({"NSLOTS": "1", "SGE_HGR_h_vmem": "INFINITY"}, "1 1 700 700"),
    "univa overflow": ({"NSLOTS": "1", "SGE_HGR_h_vmem": "99999999999999T"}, "1 1 700 700"),
    "grid engine, as submitted": ({"NSLOTS": "3", "JOB_ID": "9", "ABELL_MEMORY_MB_PER_SLOT": "200"}, "3 1 600 200"),
    "univa before what was submitted": (
        {"NSLOTS": "2", "SGE_HGR_h_vmem": "1G", "ABELL_MEMORY_MB_PER_SLOT": "200"},
        "2 1 2048 1024",
    ),
    "openpbs": ({"NCPUS": "4", "PBS_JOBID": "3.vm"}, "4 1 700 175"),
    "pbs ppn": ({"PBS_NCPUS": "5"}, "5 1 700 140"),
    "torque": ({"PBS_NP": "2", "PBS_RESC_MEM": "4294967296"}, "2 1 4096 2048"),
    "pbs memory with unit": ({"NCPUS": "2", "PBS_RESC_MEM": "4Gb"}, "2 1 4096 2048"),
    "lsf": ({"LSB_DJOB_NUMPROC": "2", "LSB_CG_MEMLIMIT": "0x100000000"}, "2 1 4096 2048"),
    "lsf bare hexadecimal": ({"LSB_MAX_NUM_PROCESSORS": "2", "LSB_CG_MEMLIMIT": "80000000"}, "2 1 2048 1024"),
    "nothing but what was asked": ({}, "7 1 700 100"),
    "nonsense": ({"SLURM_CPUS_ON_NODE": "2(x3)", "NSLOTS": "-3", "NCPUS": "08", "PBS_NP": "0"}, "7 1 700 100"),
    "too long a number": ({"NSLOTS": "99999999999999999999", "PBS_RESC_MEM": "9" * 30}, "7 1 700 100"),
    "hostile arithmetic": ({"NSLOTS": "a[$(echo owned >&2)]", "SLURM_MEM_PER_CPU": "$(echo owned >&2)"}, "7 1 700 100"),
}


@pytest.mark.parametrize("case", TABLE)
def test_every_drm(workshop, case):
    env, expected = TABLE[case]
    job = workshop.make(SHOW, **ASKED)
    done = job.run(BASE | env)
    assert (job.stdout.decode().strip(), done.stderr) == (expected, b"")


def test_pbs_node_file(workshop, tmp_path):
    (tmp_path / "node file").write_text("n1\nn1\nn2\n")
    job = workshop.make(SHOW, **ASKED)
    job.run(BASE | {"PBS_NODEFILE": f"{tmp_path}/node file"})
    assert job.stdout.decode().strip() == "3 1 700 233"


def test_condor_machine_ad(workshop, tmp_path):
    ad = tmp_path / ".machine.ad"
    ad.write_text('TotalCpus = 16\nCpus = 4\nMemory = 2048\nName = "slot1_1@vm"\nDetectedMemory = 9\n')
    job = workshop.make(SHOW, **ASKED)
    job.run(BASE | {"_CONDOR_MACHINE_AD": str(ad)})
    assert job.stdout.decode().strip() == "4 1 2048 512"


def test_slurm_asks_scontrol_only_where_its_variables_tell_nothing(workshop, tmp_path):
    fake = tmp_path / "scontrol"
    fake.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n'
        'echo "JobId=5 JobName=x"; echo "   NumNodes=1 TRES=cpu=2,mem=3G"; '
        'echo "     Nodes=n1 CPU_IDs=0-1 Mem=3072 GRES="\n'
    )
    fake.chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "SLURM_JOB_ID": "5", "SLURM_CPUS_ON_NODE": "2"}
    job = workshop.make(SHOW)
    job.run(env)
    assert job.stdout.decode().strip() == "2 1 3072 1536"
    assert (tmp_path / "asked").read_text() == "-do show job 5\n"
    job = workshop.make(SHOW)
    job.run(env | {"SLURM_MEM_PER_NODE": "100"})
    assert job.stdout.decode().strip() == "2 1 100 50"
    assert (tmp_path / "asked").read_text() == "-do show job 5\n"


def test_son_of_grid_engine_shows_memory_as_an_address_space_limit(workshop):
    job = workshop.make(SHOW)
    limit = 4 << 30
    process = job.start(
        BASE | {"NSLOTS": "2", "JOB_ID": "7"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    process.communicate(timeout=20)
    assert job.stdout.decode().strip() == "2 1 4096 2048"


def test_slots_that_the_node_already_has_count_last(workshop):
    job = workshop.make('echo "$GALAXY_SLOTS ${GALAXY_SLOTS_CONFIGURED-unset}"')
    job.run(BASE | {"GALAXY_SLOTS": "6"})
    assert job.stdout == b"6 1\n"
    job = workshop.make('echo "$GALAXY_SLOTS ${GALAXY_SLOTS_CONFIGURED-unset}"')
    job.run(BASE | {"GALAXY_SLOTS_CONFIGURED": "1"})
    assert job.stdout == b"1 unset\n"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, "1 unset unset unset"),
        ({"slots": 2}, "2 1 unset unset"),
        ({"memory_mb": 500}, "1 unset 500 500"),
        ({"slots": 3, "memory_mb": 500}, "3 1 500 166"),
    ],
)
def test_local_is_given_what_was_asked(workshop, asked, expected):
    job = workshop.make(SHOW, resources_from="plan", **asked)
    job.run(BASE | {"SLURM_CPUS_ON_NODE": "64", "GALAXY_SLOTS": "9", "SLURM_MEM_PER_NODE": "9"})
    assert job.stdout.decode().strip() == expected


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({"GALAXY_MEMORY_MB": "1000"}, "4 1 1000 250"),
        ({"GALAXY_MEMORY_MB_PER_SLOT": "1000"}, "4 1 4000 1000"),
        ({"GALAXY_SLOTS": "$SLURM_NTASKS", "GALAXY_MEMORY_MB": "10"}, "2 1 10 5"),
        ({"GALAXY_SLOTS": "none"}, "none 1 2048 unset"),
        ({"GALAXY_MEMORY_MB": "lots"}, "4 1 2048 512"),
    ],
)
def test_the_destinations_env_has_the_last_word(workshop, named, expected):
    env = tuple(EnvEntry("variable", value, name=name) for name, value in named.items())
    job = workshop.make(SHOW, env=env)
    done = job.run(BASE | {"SLURM_CPUS_ON_NODE": "4", "SLURM_NTASKS": "2", "SLURM_MEM_PER_NODE": "2048"})
    assert (job.stdout.decode().strip(), done.stderr) == (expected, b"")


# A control group of version 2, made of plain files: its own mount namespace shows them at the real path. The line
# `0::/` of /proc/self/cgroup leads there, and no version 1 hierarchy is in sight.
needs_namespace = pytest.mark.skipif(
    os.geteuid() != 0
    or shutil.which("unshare") is None
    or "\n0::/\n" not in "\n" + Path("/proc/self/cgroup").read_text(),
    reason="shows a made-up /sys/fs/cgroup: needs root, unshare and a root cgroup",
)
INSIDE = 'mount --bind "$0" /sys/fs/cgroup && printf "%s\\n" $$ $2 > /sys/fs/cgroup/cgroup.procs && exec "$1"'


def _in_cgroup(tree: Path, script: Path, *, strangers: str = "") -> None:
    subprocess.run(
        ["unshare", "-m", "sh", "-c", INSIDE, str(tree), str(script), strangers], env=BASE, check=True, timeout=20
    )


@needs_namespace
def test_cgroup_two_limit_peak_and_oom_kills(workshop, tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "memory.max").write_text(f"{3 << 30}\n")
    (tree / "memory.peak").write_text("123456\n")
    (tree / "memory.events").write_text("low 0\noom 1\noom_kill 1\noom_group_kill 0\n")
    change = "printf 'oom 3\\noom_kill 3\\n' > /sys/fs/cgroup/memory.events; "
    job = workshop.make(change + SHOW, slots=3)
    _in_cgroup(tree, job.script)
    assert job.stdout.decode().strip() == "3 1 3072 1024"
    record = job.ending()
    assert (record.oom_kills, record.memory_bytes, record.clean) == (2, 123456, False)
    (tree / "memory.max").write_text("max\n")
    job = workshop.make(change + SHOW)
    _in_cgroup(tree, job.script, strangers="1")
    assert job.stdout.decode().strip() == "1 unset unset unset"
    assert (job.ending().oom_kills, job.ending().memory_bytes) == (None, None), "a shared cgroup tells of others too"


V1 = Path("/sys/fs/cgroup/memory")


@pytest.fixture
def memory_cgroup():
    """A real control group of version 1 with 48 MiB."""
    group = V1 / f"abell-test-{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(48 << 20))
    except OSError:
        pytest.skip("no writable memory cgroup of version 1")
    yield group
    group.rmdir()


@pytest.mark.skipif(not (V1 / "memory.oom_control").exists(), reason="no memory cgroup of version 1")
def test_a_real_oom_kill_is_recorded(workshop, memory_cgroup):
    swap = memory_cgroup / "memory.memsw.limit_in_bytes"
    if swap.exists():
        swap.write_text(str(48 << 20))
    job = workshop.make(SHOW + "; head -c 200M /dev/zero | tail -n 1", slots=2)
    subprocess.run(
        ["sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$1"', str(memory_cgroup), str(job.script)],
        env=BASE, check=False, timeout=60, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert job.stdout.decode().strip() == "2 1 48 24"
    record = job.ending()
    assert record.oom_kills and record.oom_kills >= 1
    assert record.memory_bytes and (30 << 20) < record.memory_bytes <= (48 << 20)
    assert record.exit_code == 137 and not record.clean
