"""Work that goes on without Blender: it is found again by its folder, stopped, and says why it ended."""

import json
import signal
import socket
import subprocess
import sys
import time

import pytest

from relight_stage.addon.jobs import LOG, STATE, STOP, Job, KnownJobs, find_job, last_error, read_log, start_job
from relight_stage.errors import SampleError

FOREVER = [sys.executable, "-u", "-c", "import time; print('at work', flush=True); time.sleep(600)"]


CONFTEST = __file__.rpartition("unit")[0] + "conftest.py"


def wait_for(what, limit_s=30):
    end = time.monotonic() + limit_s
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.fixture
def job(tmp_path):
    job = start_job(tmp_path / "out", "dataset", FOREVER)
    yield job
    job.kill()


def test_a_job_is_found_again_by_its_folder(job):
    assert find_job(job.folder) == job
    assert job.is_running()
    wait_for(lambda: read_log(job.folder) == ["at work"])


def test_a_job_outlives_the_process_that_started_it(tmp_path):
    code = (
        "import runpy, sys; runpy.run_path(sys.argv[1]); from pathlib import Path\n"
        "from relight_stage.addon.jobs import start_job\n"
        f"start_job(Path(sys.argv[2]), 'dataset', {FOREVER!r})"
    )
    subprocess.run([sys.executable, "-c", code, CONFTEST, str(tmp_path)], check=True, timeout=60)
    job = find_job(tmp_path)
    assert job is not None and job.is_running()
    job.stop()
    wait_for(lambda: not job.is_running())


def test_stopping_ends_it_and_leaves_what_it_printed(job):
    wait_for(lambda: read_log(job.folder))
    job.stop()
    wait_for(lambda: not job.is_running())
    assert read_log(job.folder) == ["at work"]
    job.stop()  # twice does no harm


# A command that keeps what it has when it is interrupted, as training and rendering do.
INTERRUPTIBLE = """
import runpy, sys, time
runpy.run_path(sys.argv[1])
from relight_stage import cli
cli._heed_stop_file()
print("at work", flush=True)
try:
    while True:
        time.sleep(0.05)
except KeyboardInterrupt:
    print("kept", flush=True)
"""


def test_under_windows_a_file_interrupts_it_where_a_signal_would_kill(tmp_path, monkeypatch):
    (tmp_path / STOP).touch()  # of a job before
    job = start_job(tmp_path, "training", [sys.executable, "-c", INTERRUPTIBLE, CONFTEST])
    try:
        wait_for(lambda: read_log(tmp_path) == ["at work"])
        with monkeypatch.context() as patch:
            patch.setattr(sys, "platform", "win32")
            patch.setattr("os.kill", lambda *_: pytest.fail("killed"))
            job.stop()
        wait_for(lambda: not job.is_running())
    finally:
        job.kill()
    assert read_log(tmp_path) == ["at work", "kept"] and not (tmp_path / STOP).exists()


def test_a_folder_in_which_one_is_at_work_takes_no_second(job):
    with pytest.raises(SampleError, match=f"Process {job.pid} is already at work"):
        start_job(job.folder, "dataset", FOREVER)


@pytest.mark.parametrize(
    "change", [{"began": "0"}, {"began": ""}, {"host": "another"}], ids=["reused number", "ended", "elsewhere"]
)
def test_another_process_of_the_same_number_is_not_taken_for_it(job, change):
    assert not job._replace(**change).is_running()


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"kind": "dataset"}'])
def test_a_folder_without_a_whole_state_has_no_job(tmp_path, text):
    if text is not None:
        (tmp_path / STATE).write_text(text)
    assert find_job(tmp_path) is None


def test_a_program_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(SampleError, match=r"/no/such/python cannot be started: No such file"):
        start_job(tmp_path, "training", ["/no/such/python"])


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SampleError, match="cannot be written"):
        start_job(tmp_path / "file" / "out", "dataset", FOREVER)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["Rendering.", "relight-stage: The disk is full."], "The disk is full."),
        (["relight-stage: interrupted."], ""),
        (["Traceback (most recent call last):", "  File x", "OSError: gone", ""], "It failed: OSError: gone"),
        (
            ["Rendering."],
            f"It ended without a word: killed, or out of memory. {LOG} in its folder has what it printed.",
        ),
    ],
)
def test_the_log_says_why_a_job_ended(lines, said):
    assert last_error(lines) == said


def test_known_jobs_are_remembered_once_and_only_the_running_ones_are_listed(tmp_path, job):
    known = KnownJobs(tmp_path / "own" / "jobs.txt")
    ended = tmp_path / "ended"
    ended.mkdir()
    state = {"kind": "dataset", "pid": 1, "began": "0", "host": socket.gethostname(), "started_s": 0.0}
    (ended / STATE).write_text(json.dumps(state))
    for folder in (job.folder, ended, job.folder):
        known.add(folder)
    assert known.folders() == [ended, job.folder]
    assert known.running() == [job]


def test_a_job_ignores_what_its_parent_hears(job):
    # Ctrl-C in a terminal reaches all processes of the foreground: the job is in a session of its own.
    with open(f"/proc/{job.pid}/stat") as file:
        session = int(file.read().rpartition(")")[2].split()[3])
    assert session == job.pid
    assert isinstance(job, Job) and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
