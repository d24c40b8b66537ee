"""Which files are the frames of a sequence, and how progress over them is told."""

import pytest

from relight_stage.addon.frames import describe_time, find_sequence, list_numbers, number_of, result_path, stem_of


def test_a_sequence_is_what_is_called_alike_in_the_order_of_its_numbers(tmp_path):
    for name in ("shot_0002.png", "shot_0010.png", "shot_0001.png", "shot_0003.jpg", "take_0001.png", "notes.txt"):
        (tmp_path / name).touch()
    frames = find_sequence(tmp_path / "shot_0002.png")
    assert [(frame.number, frame.path.name) for frame in frames] == [
        (1, "shot_0001.png"),
        (2, "shot_0002.png"),
        (10, "shot_0010.png"),
    ]


def test_a_picture_without_a_number_is_a_sequence_of_one(tmp_path):
    (tmp_path / "portrait.png").touch()
    assert [frame.path.name for frame in find_sequence(tmp_path / "portrait.png")] == ["portrait.png"]


@pytest.mark.parametrize(("name", "stem"), [("shot_0002.png", "shot"), ("0001.png", "frame"), ("clip.mp4", "clip")])
def test_a_result_is_called_after_its_source_and_number(tmp_path, name, stem):
    path = result_path(tmp_path, stem_of(tmp_path / name), 7, ".exr")
    assert path == tmp_path / f"{stem}_relit_0007.exr" and number_of(path) == 7


def test_time_and_numbers_read_like_words():
    assert [describe_time(s) for s in (0.2, 40, 300, 4800)] == ["1 s", "40 s", "5 min", "1 h 20 min"]
    assert list_numbers([3, 5, 6, 7, 9]) == "3, 5–7, 9"
