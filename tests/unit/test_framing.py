"""Which windows of a photo the networks look at, and what belongs to the people in it."""

import numpy as np
import pytest

from relight_stage.nets import framing
from relight_stage.nets.resampling import Window


def test_a_fitted_window_has_square_pixels_in_whole_strides():
    for window in (Window(0, 0, 600, 480), Window(10, 20, 74, 8000), Window(5, 5, 70, 70)):
        fitted, (h, w) = framing.fit(window, 384)
        assert h % 32 == 0 and w % 32 == 0 and max(h, w) == 384
        assert fitted.height / h == pytest.approx(fitted.width / w)
        assert fitted.top <= window.top and fitted.right >= window.right - 1e-9


def test_closer_looks_cover_the_photo():
    for shape in ((500, 400), (900, 300), (64, 8192)):
        seen = np.zeros(shape, bool)
        for top, left, bottom, right in framing.closer_looks(shape):
            seen[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))] = True
        assert seen.all()


def test_what_does_not_hang_together_with_the_face_is_not_the_person():
    matte = np.zeros((64, 64), np.float32)
    matte[10:60, 8:30] = 1
    matte[20:50, 44:60] = 1
    window, face = Window(0, 0, 128, 128), Window(30, 26, 50, 46)
    kept = framing.attached(matte, window, [face])
    assert np.array_equal(kept[:, :36], matte[:, :36])
    assert kept[:, 44:].max() == 0


def test_a_dark_line_across_the_face_does_not_cut_the_person_in_two():
    matte = np.zeros((64, 64), np.float32)
    matte[10:60, 8:30] = 1
    matte[18:21] = 0  # the middle of the face
    kept = framing.attached(matte, Window(0, 0, 128, 128), [Window(30, 26, 50, 46)])
    assert np.array_equal(kept, matte)


def test_what_hangs_together_by_a_long_way_is_the_person():
    matte = np.ones((128, 128), np.float32)
    for k, top in enumerate(range(12, 116, 24)):  # walls with a gap at either end in turn
        matte[top : top + 12, slice(0, 116) if k % 2 else slice(12, 128)] = 0
    window, face = Window(0, 0, 128, 128), Window(2, 60, 8, 70)
    assert np.array_equal(framing.attached(matte, window, [face]), matte)
    matte[60:72] = 0  # the third gap, too
    kept = framing.attached(matte, window, [face])
    assert np.array_equal(kept[:60], matte[:60])
    assert kept[72:].max() == 0


def test_a_closer_look_says_what_of_a_coarse_one_hangs_together_with_the_face():
    coarse = np.zeros((64, 64), np.float32)
    coarse[8:, 20:44] = 1
    coarse[:8, 28:36] = 1  # a lamp over the head
    fine_window = Window(0, 24, 96, 104)  # of a photo of 128²: it reaches the top
    fine = np.zeros((64, 64), np.float32)
    fine[22:, 12:52] = 1  # the head begins lower, and there is no lamp
    merged = framing.overruled(coarse, Window(0, 0, 128, 128), fine, fine_window, (128, 128))
    assert np.array_equal(merged[50:], coarse[50:])
    assert merged[:14, 28:36].max() < 0.01
    low = Window(20, 24, 116, 104)  # the lamp reaches above what the closer look shows
    fine = np.zeros((64, 64), np.float32)
    fine[12:, 12:52] = 1
    merged = framing.overruled(coarse, Window(0, 0, 128, 128), fine, low, (128, 128))
    assert np.array_equal(merged[:10], coarse[:10])
    kept = framing.attached(merged, Window(0, 0, 128, 128), [Window(50, 50, 80, 80)])
    assert kept[:8].max() == 0 and kept[20:, 24:40].min() == 1


def test_a_window_that_ends_near_the_photos_border_is_moved_there():
    near, far = (framing.portrait_window(Window(y, 100, y + 50, 150), (512, 512)) for y in (75, 150))
    assert near.top == 0 and near.height == far.height and far.top > 0


def test_two_boxes_are_of_one_face_where_their_middles_are_near():
    face = Window(100, 100, 150, 140)
    assert framing.are_same(face, Window(100, 100, 115, 140))  # the lips are missing
    assert not framing.are_same(face, Window(190, 100, 240, 140))
