"""Two windows of a real Blender, each with a scene and a photo of its own."""

import pytest

pytestmark = pytest.mark.gui


@pytest.fixture(scope="module")
def windows(visit):
    return visit("windows", timeout_s=600)


def test_nothing_complains(windows):
    assert "Traceback" not in windows.log and "Error" not in windows.log


def test_each_scene_has_a_photo_of_its_own(windows):
    assert windows.report["photos"] == ["photo.png", "large.png"]


def test_live_follows_its_own_scene_alone(windows):
    assert windows.report["other_worlds_turn"] < 1e-4
    assert windows.report["own_worlds_turn"] > 0.01


def test_live_outlives_the_window_in_which_it_began_and_ends_from_another(windows):
    assert windows.report["after_closing"]["windows"] == 1
    assert windows.report["after_closing"]["change"] > 0.01
    assert not windows.report["is_live"]


def test_the_other_scene_is_relit_by_itself(windows):
    assert windows.report["relight"]["error"] == ""
    assert windows.report["relight"]["name"] == "large relit"
    assert windows.report["first_picture"] == 0
