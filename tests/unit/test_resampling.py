"""Laws of windows and filters; SciPy and OpenCV are the judges."""

import cv2
import numpy as np
import pytest
from scipy import ndimage

from relight_stage.nets.resampling import (
    Enlarged,
    Window,
    box_mean,
    extrapolate,
    guided_coefficients,
    neighbourhood_range,
    resize,
)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).random(shape).astype(np.float32)


def guided(guide: np.ndarray, target: np.ndarray, radius: int, epsilon: float) -> np.ndarray:
    coefficients = guided_coefficients(guide, target, radius, epsilon)
    return (guide * coefficients[..., :3]).sum(axis=-1) + coefficients[..., 3]


def test_same_size_changes_nothing():
    picture = noise(37, 53, 3)
    assert resize(picture, (37, 53)) == pytest.approx(picture, abs=1e-6)


def test_halving_and_doubling_agree_with_opencv_on_smooth_pictures():
    smooth = ndimage.gaussian_filter(noise(64, 96), 6)
    inside = (slice(8, -8), slice(8, -8))
    doubled = cv2.resize(smooth, (192, 128), interpolation=cv2.INTER_LINEAR)
    assert resize(smooth, (128, 192))[inside] == pytest.approx(doubled[inside], abs=1e-6)
    halved = cv2.resize(smooth, (48, 32), interpolation=cv2.INTER_AREA)
    # A triangle twice as wide as OpenCV's box: on a blur of 6 px they differ by a thousandth.
    assert resize(smooth, (32, 48))[4:-4, 4:-4] == pytest.approx(halved[4:-4, 4:-4], abs=2e-3)


def test_a_window_is_where_it_says():
    y, x = np.mgrid[:60, :80] + 0.5
    ramp = np.stack([y, x], axis=-1).astype(np.float32)
    window = Window(10.5, 20.25, 50.5, 70.25)
    cut = resize(ramp, (16, 25), window)
    assert cut[..., 0].mean() == pytest.approx(30.5, abs=1e-3) and cut[..., 1].mean() == pytest.approx(45.25, abs=1e-3)
    back = Enlarged(cut, window, (60, 80)).rows(0, 60)
    # A B-spline keeps straight ramps; the triangle's few samples at 2.5 px a step place them to some thousandths.
    assert back[16:44, 26:64] == pytest.approx(ramp[16:44, 26:64], abs=0.01)


def test_strips_make_the_whole():
    small = noise(12, 16, 3)
    enlarged = Enlarged(small, Window(-5, 3, 90, 70), (101, 67))
    strips = [enlarged.rows(i, min(i + 13, 101)) for i in range(0, 101, 13)]
    assert np.concatenate(strips) == pytest.approx(enlarged.rows(0, 101), abs=1e-5)


def test_beyond_the_edge_the_edge_goes_on():
    picture = noise(8, 8)
    padded = resize(picture, (16, 16), Window(-4, -4, 12, 12))
    assert padded == pytest.approx(np.pad(picture, 4, mode="edge"), abs=1e-6)


def test_box_mean_is_scipys_inside():
    picture = noise(30, 40)
    assert box_mean(picture, 3)[3:-3, 3:-3] == pytest.approx(ndimage.uniform_filter(picture, 7)[3:-3, 3:-3], abs=1e-6)
    assert box_mean(np.full((9, 7), 2.5), 4) == pytest.approx(2.5)


def test_neighbourhood_range_is_scipys():
    picture = noise(20, 31)
    lowest, highest = neighbourhood_range(picture, 2).transpose(2, 0, 1)
    assert np.array_equal(lowest, ndimage.minimum_filter(picture, 5))
    assert np.array_equal(highest, ndimage.maximum_filter(picture, 5))


def test_guided_filter_of_a_constant_is_the_constant():
    assert guided(noise(40, 30, 3), np.full((40, 30), 0.7), 4, 1e-3) == pytest.approx(0.7, abs=1e-5)


def test_guided_filter_follows_the_guide_where_the_target_is_a_function_of_it():
    guide = noise(50, 50, 3)
    target = guide @ np.array([0.2, 0.5, 0.1], np.float32) + 0.1
    assert guided(guide, target, 5, 1e-8) == pytest.approx(target, abs=1e-3)


def test_guided_filter_pulls_a_misplaced_edge_to_the_guides():
    guide = np.zeros((40, 40, 3), np.float32)
    guide[:, 20:] = 0.8
    blurred = ndimage.gaussian_filter1d((np.arange(40) >= 20).astype(np.float32), 2)
    out = guided(guide, np.tile(blurred, (40, 1)), 4, 1e-4)
    jump = out[20, 20] - out[20, 19]
    assert jump > 3 * (blurred[20] - blurred[19])


def test_extrapolation_keeps_what_is_certain_and_continues_it():
    values, weight = noise(40, 40, 3), np.zeros((40, 40), np.float32)
    weight[10:30, 10:30] = 1
    values[weight == 0] = 100  # what must not leak in
    out = extrapolate(values, weight)
    assert np.array_equal(out[10:30, 10:30], values[10:30, 10:30])
    assert out.min() >= 0 and out.max() <= 1
    assert extrapolate(np.full((20, 20, 1), 3.0), np.eye(20)) == pytest.approx(3.0)
