"""A dataset through a real Slurm; ``scripts/slurm.sh`` brings one up on this machine."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from relight_stage.synth.checks import check_dataset
from relight_stage.synth.sample import list_samples

pytestmark = [pytest.mark.slurm, pytest.mark.slow]
RENDER = ("--seed", 5, "--size", 48, "--samples", 1)
INTERRUPTED = 14  # samples of a job that is interrupted: too many for the time of grace, however fast the machine


@pytest.fixture(autouse=True, scope="module")
def real_slurm():
    if shutil.which("sinfo") is None or subprocess.run(["sinfo"], capture_output=True).returncode != 0:
        pytest.skip("NO SLURM ANSWERS HERE: make slurm-test")
    pytest.importorskip("submitit")
    pytest.importorskip("bpy")


def relight_stage(*arguments):
    command = [Path(sys.executable).with_name("relight-stage"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


def queue(out, *arguments):
    """Submit and return the job's id."""
    done = relight_stage("render", out, *RENDER, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[1]


def wait_for(job, out, seconds=900):
    deadline = time.monotonic() + seconds
    while subprocess.run(["squeue", "-h", "-j", job], capture_output=True, text=True).stdout.strip():
        assert time.monotonic() < deadline, logs(out)
        time.sleep(1)


def logs(out):
    return "\n".join(
        f"{path}:\n{path.read_text()}" for path in sorted((out / "slurm").rglob("*.*")) if "log" in path.name
    )


def test_three_array_tasks_render_six_samples(tmp_path):
    out = tmp_path / "set"
    job = queue(out, "--count", 6, "--slurm", "tasks=3", "timeout_min=20", "mem_gb=3", "cpus_per_task=1")
    wait_for(job, out)
    assert [folder.name for folder in list_samples(out)] == [f"{i:06d}" for i in range(6)], logs(out)
    check_dataset(out, report=print)
    assert list(out.glob(".*")) == []


def run(*command):
    return subprocess.run([*map(str, command)], check=True, capture_output=True, text=True).stdout


def preempt(task):
    """Let a job of the partition that goes first take the whole node for a moment."""
    run("sbatch", "--partition=urgent", "--exclusive", "--output=/dev/null", "--wrap=sleep 1")


INTERRUPTIONS = {
    "an operator queues it again": lambda task: run("scontrol", "requeue", task),
    "its time is nearly up": lambda task: run("scancel", "--signal=USR2", task),
    "it is preempted": preempt,
}


def complete(out):
    """When each complete sample was written, by its name."""
    return {folder.name: (folder / "sample.json").stat().st_mtime_ns for folder in list_samples(out)}


@pytest.mark.parametrize("interrupt", INTERRUPTIONS.values(), ids=INTERRUPTIONS)
def test_a_task_that_is_interrupted_is_queued_again_and_goes_on(tmp_path, interrupt):
    out = tmp_path / "set"
    if interrupt is preempt and "urgent" not in run("sinfo", "-h", "-o", "%P").split():
        pytest.skip("THIS SLURM HAS NO PARTITION THAT GOES FIRST: make slurm-test")
    job = queue(out, "--count", INTERRUPTED, "--slurm", "tasks=2", "timeout_min=20", "mem_gb=3", "cpus_per_task=1")
    task, deadline = f"{job}_0", time.monotonic() + 300
    # Task 0 has the even samples: it has finished the first and is at another.
    while not ("000000" in complete(out) and any((out / f".group-00000{k}.claim").exists() for k in (2, 4))):
        assert time.monotonic() < deadline, logs(out)
        time.sleep(0.1)
    before = complete(out)
    interrupt(task)
    while "Restarts=0" in run("scontrol", "show", "job", task):
        assert time.monotonic() < deadline, logs(out)
        time.sleep(0.5)
    wait_for(job, out)
    after = complete(out)
    assert list(after) == [f"{i:06d}" for i in range(INTERRUPTED)], logs(out)
    assert before.items() <= after.items()
    check_dataset(out, report=print)
    assert list(out.glob(".*")) == []
