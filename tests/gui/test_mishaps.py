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


def test_in_german_it_is_german_with_the_same_path(mishaps):
    path, _, rest = mishaps.report["in_german"].partition(" ")
    assert mishaps.report["refused"]["disk_full"].startswith(path)
    assert rest == (
        "lässt sich nicht schreiben: Der Datenträger ist voll. Wähle einen anderen Ordner, oder schaffe Platz."
    )


def test_the_panel_says_it_though_the_key_was_pressed_beside_it(mishaps):
    before, after = (mishaps.shots[f"mishap_{name}"][60:900, 1030:1280].astype(float) for name in ("none", "no_photo"))
    assert (np.abs(after - before).max(axis=2) > 60).mean() > 0.005


def test_put_right_it_relights_and_two_presses_are_one(mishaps):
    assert mishaps.report["well"] == {"error": "", "results": ["photo relit"]}


def test_a_full_disk_keeps_no_half_files(mishaps):
    assert all(name.endswith(".png") and not name.startswith(".") for name in mishaps.report["left_on_disk"])
