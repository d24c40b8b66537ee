"""Datasets, training, preferences and the first minute in a real Blender with a window."""

import os
import sys
from pathlib import Path

import pytest

from relight_stage.addon.jobs import find_job

pytestmark = pytest.mark.gui

PICTURES = ("jobs_empty", "jobs_dataset_running", "jobs_training_running", "jobs_training_loaded", "jobs_preferences")


@pytest.fixture(scope="module")
def jobs(visit, installation):
    """The Blender of these tests lives in a folder of its own; the Python with torch is the one that runs them."""
    python = installation.outside / "python"
    python.write_text(f'#!/bin/sh\nexec chroot /proc/{os.getpid()}/root {sys.executable} "$@"\n')
    python.chmod(0o755)
    # Both sides shall call the files of the visit by the same name.
    link = Path("/tmp") / installation.outside.name
    link.symlink_to(installation.outside)
    try:
        return visit("jobs", tuple(f"{name}.png" for name in PICTURES), timeout_s=1500)
    finally:
        link.unlink()
        # Jobs outlive the Blender that started them, also one that a failed visit left.
        for name in ("set", "run"):
            job = find_job(installation.outside / "jobs" / name)
            if job is not None:
                job.kill()


def test_nothing_complains(jobs):
    assert "Traceback" not in jobs.log and "Error" not in jobs.log


def test_an_empty_panel_offers_an_example_that_is_relit_with_one_click(jobs):
    example = jobs.report["example"]
    assert example["error"] == ""
    assert example["name"] == "example relit" and example["world"] == "sunset"
    assert example["mean"] > 0.01


def test_the_shortcut_relights(jobs):
    assert jobs.report["by_key"]["error"] == ""
    assert jobs.report["by_key"]["is_new"]


def test_a_dataset_advances_stops_and_goes_on_to_its_end(jobs):
    dataset = jobs.report["dataset"]
    assert dataset["running"] and dataset["error"] == ""
    assert 1 <= dataset["stopped_at"] < 8
    assert dataset["there"] == 8


def test_a_training_stops_goes_on_and_is_loaded_with_one_click(jobs):
    training = jobs.report["training"]
    assert "torch" in training["python"]
    assert training["stopped"]["error"] == "" and training["stopped"]["can_go_on"]
    assert training["done"] and training["error"] == ""
    assert training["model_folder"] and jobs.report["reset"]


def test_the_next_relighting_asks_the_new_networks(jobs):
    # What a minute of training knows of faces is nothing: they refuse the photo that the shipped ones relit.
    assert jobs.report["with_it"]["error"].startswith("No face found")


def test_blender_speaks_german(jobs):
    assert jobs.report["german"] in ("Foto neu beleuchten", "this Blender was built without languages")


def test_the_choices_are_kept_in_the_file(jobs):
    assert jobs.report["reopened"] == {"folder": True, "count": 8, "recipe": "FILE", "photo": "example.jpg"}
