"""Files dropped by the mouse onto a real Blender with a window."""

import pytest

pytestmark = pytest.mark.gui


@pytest.fixture(scope="module")
def drop(visit):
    return visit("drop")


def test_nothing_complains(drop):
    assert "Traceback" not in drop.log and "Error" not in drop.log


def test_a_picture_let_go_over_the_tab_is_the_photo(drop):
    assert drop.report["image_editor"] == "photo.png"


def test_several_pictures_are_the_movie(drop):
    assert drop.report["several"] == "photo.png"


def test_in_the_viewport_blender_asks_first_and_return_chooses_the_photo(drop):
    assert drop.report["asked"] == "photo.png"
    assert drop.report["chosen"] == "large.png"
