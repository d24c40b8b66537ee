"""What goes wrong for users, in a real Blender with a window: each is refused in a sentence, and nothing is lost."""

import re

import numpy as np
import pytest

pytestmark = pytest.mark.gui

SENTENCES = {
    "no_photo": r"There is no photo to relight\. Open one",
    "no_world": r"The scene has no world to take light from\. Add one",
    "hdri_missing": r"moved\.exr, the HDRI of the world \S+, is missing: .* Blender shows pink\. Open one",
    "networks_missing": r".*nowhere/matting\.onnx is missing\. Reinstall Relight Stage, or give a folder",
    "third_face": r"Face 3 of photo\.png was asked for, but it shows 1\. Choose a face",
    "photo_deleted": r"deleted\.png has no pixels: \S+deleted\.png is no picture that Blender can read\. Open another",
    "transparent": r"The alpha channel of clear\.png shows nothing\. Remove it",
    "poster": r"poster\.png is 12000x12000 px; no side may be longer than 8192 px\. Crop it",
    "disk_full": r"\S+\.png can't be written: the disk is full\. Choose another folder, or free some space",
}


@pytest.fixture(scope="module")
def mishaps(visit):
    return visit("mishaps")


def test_nothing_complains(mishaps):
    assert "Traceback" not in mishaps.log


@pytest.mark.parametrize("name", SENTENCES)
def test_each_is_refused_in_a_sentence_that_says_what_to_do(mishaps, name):
    assert re.match(SENTENCES[name], mishaps.report["refused"][name])


def test_the_sentence_stands_in_the_panel(mishaps):
    """Each differs from the others where the panel is."""
    shots = [mishaps.shots[f"mishap_{name}"].astype(float) for name in SENTENCES]
    sidebars = [shot[:, -700:] for shot in shots]
    assert all(np.abs(one - other).max() > 60 for i, one in enumerate(sidebars) for other in sidebars[:i])


def test_put_right_it_relights_and_two_presses_are_one(mishaps):
    assert mishaps.report["well"] == {"error": "", "results": ["photo relit"]}


def test_a_full_disk_keeps_no_half_files(mishaps):
    assert all(name.endswith(".png") and not name.startswith(".") for name in mishaps.report["left_on_disk"])
