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
