"""Whose claim on a group holds: that of a live process, for as long as it is heard of."""

import json
import os
import socket
import subprocess
import sys
import time

import pytest

from relight_stage.synth.claims import STALE_S, Claims


def claim_of(out, holder):
    claims = Claims(out)
    assert claims.take(5)
    path = next(out.glob(".group*"))
    path.write_text(json.dumps(holder))
    return path


def test_the_claim_of_a_dead_process_is_taken_over(tmp_path):
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        pass
    claim_of(tmp_path, {"host": socket.gethostname(), "pid": dead.pid})
    assert not Claims(tmp_path).is_held(5)
    assert Claims(tmp_path).take(5)


def test_the_claim_of_another_machine_holds_until_it_is_old(tmp_path):
    path = claim_of(tmp_path, {"host": "elsewhere", "pid": 1})
    assert Claims(tmp_path).is_held(5) and not Claims(tmp_path).take(5)
    os.utime(path, (time.time() - STALE_S - 1,) * 2)
    assert Claims(tmp_path).take(5)


def test_a_slurm_task_that_was_queued_again_takes_over_what_it_held_on_another_machine(tmp_path, monkeypatch):
    path = claim_of(tmp_path, {"host": "elsewhere", "pid": 1, "task": "17", "start": 0})
    monkeypatch.setenv("SLURM_JOB_ID", "16")
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    assert not Claims(tmp_path).take(5)  # another task's
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    monkeypatch.delenv("SLURM_RESTART_COUNT")
    assert not Claims(tmp_path).take(5)  # another process of the same task
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    assert Claims(tmp_path).take(5)
    # The next start knows what this one claims.
    path.write_text(path.read_text().replace(socket.gethostname(), "elsewhere"))
    assert not Claims(tmp_path).take(5)
    monkeypatch.setenv("SLURM_RESTART_COUNT", "2")
    assert Claims(tmp_path).take(5)


def test_the_claim_of_a_process_whose_number_lives_on_is_taken_over_when_it_is_old(tmp_path):
    path = claim_of(tmp_path, {"host": socket.gethostname(), "pid": os.getpid()})
    assert Claims(tmp_path).is_held(5)
    os.utime(path, (time.time() - STALE_S - 1,) * 2)
    assert not Claims(tmp_path).is_held(5) and Claims(tmp_path).take(5)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"host": "x"}'])
def test_a_damaged_claim_holds_until_it_is_old(tmp_path, text):
    path = claim_of(tmp_path, {})
    path.write_text(text)
    assert not Claims(tmp_path).take(5)
    assert Claims(tmp_path).holder(5) == "another run"
    os.utime(path, (time.time() - STALE_S - 1,) * 2)
    assert Claims(tmp_path).take(5)
