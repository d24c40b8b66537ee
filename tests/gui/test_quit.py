"""Leaving a real Blender while a job is at work."""

import pytest

from relight_stage.addon.jobs import find_job

pytestmark = pytest.mark.gui


@pytest.fixture(scope="module")
def left(visit, installation):
    try:
        return visit("quit", ("jobs_quit.png",), timeout_s=300)
    finally:
        job = find_job(installation.outside / "quit" / "set")
        if job is not None:
            job.kill()


def test_ctrl_q_asks_and_stops_the_job(left, installation):
    assert left.report["at_work"] == left.report["at_work_after_escape"] == 1
    job = find_job(installation.outside / "quit" / "set")
    assert job is not None and not job.is_running()
    assert "Traceback" not in left.log
