"""Scores against scikit-image and by hand."""

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from relight_stage.nets import metrics
from relight_stage.scenes.light_map import directions

RNG = np.random.default_rng(0)
WHOLE = np.ones((64, 64, 1))


@pytest.fixture
def pair():
    true = RNG.uniform(0.2, 0.8, (64, 64, 3))
    return np.clip(true + RNG.normal(0, 0.05, true.shape), 0, 1), true


def test_psnr_equals_scikit_image(pair):
    pred, true = pair
    assert metrics.psnr(pred, true, WHOLE) == pytest.approx(
        peak_signal_noise_ratio(true, pred, data_range=1.0), rel=1e-6
    )


def test_ssim_equals_scikit_image(pair):
    pred, true = pair
    judge = structural_similarity(
        true,
        pred,
        data_range=1.0,
        channel_axis=2,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )[1]
    inner = np.zeros((64, 64, 1))
    inner[8:-8, 8:-8] = 1  # borders are padded differently
    assert metrics.ssim(pred, true, inner) == pytest.approx(judge[8:-8, 8:-8].mean(), abs=1e-4)


def test_pixels_outside_the_matte_do_not_count(pair):
    pred, true = pair
    matte = WHOLE.copy()
    matte[:32] = 0
    spoilt = pred.copy()
    spoilt[:32] = 0
    for score in (metrics.psnr, metrics.scale_invariant_rmse, metrics.log_rmse):
        assert score(spoilt, true, matte) == score(pred, true, matte)


def test_albedo_error_ignores_brightness(pair):
    pred, true = pair
    assert metrics.scale_invariant_rmse(3 * true, true, WHOLE) == pytest.approx(0, abs=1e-6)
    assert metrics.scale_invariant_rmse(0.2 * pred, true, WHOLE) == pytest.approx(
        metrics.scale_invariant_rmse(pred, true, WHOLE)
    )


def test_normals_turned_by_ten_degrees_are_ten_degrees_off():
    c, s = np.cos(np.radians(10)), np.sin(np.radians(10))
    true = np.zeros((4, 4, 3))
    true[:, :, 2] = 1
    assert metrics.normal_error_deg(
        true @ [[1, 0, 0], [0, c, s], [0, -s, c]], true, np.ones((4, 4, 1))
    ) == pytest.approx(10)


def test_twice_the_light_is_a_log_error_of_log_two():
    true = np.full((4, 4, 3), 0.5)
    assert metrics.log_rmse(2 * true, true, np.ones((4, 4, 1))) == pytest.approx(np.log(2), abs=0.01)  # the floor: 1 %


def test_the_angle_of_light_is_that_between_two_lamps():
    lamps = np.zeros((2, 16, 32, 3), np.float32)
    lamps[0, 5, 20], lamps[1, 9, 12] = 7.0, [3.0, 2.0, 1.0]
    towards = [directions(16)[5, 20], directions(16)[9, 12]]
    wanted = np.degrees(np.arccos(towards[0] @ towards[1]))
    # Even light on top comes from everywhere, and from nowhere most of all.
    assert metrics.light_angle_deg(lamps[0] + 0.5, lamps[1]) == pytest.approx(wanted, abs=0.5)
