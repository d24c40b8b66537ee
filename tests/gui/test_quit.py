"""Leaving a real Blender while a job is at work."""

import time

import numpy as np
import pytest

from relight_stage.addon.jobs import find_job

pytestmark = pytest.mark.gui

ENDS_S = 20
CONFIRMING = (179, 114, 71)  # blue, green, red of the theme's button that Return presses


@pytest.fixture(scope="module")
def left(visit, installation):
    try:
        return visit("quit", ("jobs_quit.png",), timeout_s=300)
    finally:
        job = find_job(installation.outside / "quit" / "set")
        if job is not None:
            job.kill()


def test_the_line_below_quit_and_ctrl_q_ask_the_same(left):
    def confirming_px(name):
        return int((np.abs(left.shots[name].astype(int) - CONFIRMING).max(axis=-1) < 6).sum())

    # The question has two such buttons. Below the menu it also covers the tool that is chosen, which is as blue.
    asked, by_key, menu = (confirming_px(name) for name in ("quit_asked", "jobs_quit", "quit_menu"))
    assert menu < 3000
    assert min(asked, by_key) > 6000


def test_ctrl_q_asks_and_stops_the_job(left, installation):
    assert left.report["at_work"] == left.report["at_work_after_escape"] == 1
    job = find_job(installation.outside / "quit" / "set")
    assert job is not None
    # Blender does not wait for the job that it asks to end.
    end = time.monotonic() + ENDS_S
    while job.is_running() and time.monotonic() < end:
        time.sleep(0.1)
    assert not job.is_running()
    assert "Traceback" not in left.log
