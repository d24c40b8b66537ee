"""Loss terms obey the laws that they are named after."""

import numpy as np
import pytest
import scipy.spatial.distance
import torch
from torch.nn import functional as F

from relight_stage.nets import losses
from relight_stage.nets.faces import FEATURES, cut_faces, face_boxes
from relight_stage.nets.losses import (
    binary_cross_entropy,
    coarse_l1,
    dice,
    harmonics,
    laplacian_l1,
    log_light,
    scale_invariant_mse,
)
from relight_stage.scenes.light_map import directions

ONES = torch.ones(2, 1, 32, 32)


def picture(seed, channels=3):
    return torch.rand(2, channels, 32, 32, generator=torch.Generator().manual_seed(seed))


def test_dice_of_masks_is_that_of_sets():
    pred, true = (picture(seed, 1).round() for seed in (0, 1))
    wanted = [
        scipy.spatial.distance.dice(p.flatten().bool(), t.flatten().bool()) for p, t in zip(pred, true, strict=True)
    ]
    # One pixel is added on both sides of the fraction.
    assert float(dice(pred, true)) == pytest.approx(np.mean(wanted), abs=2e-3)
    assert float(dice(true, true)) == pytest.approx(0, abs=1e-6)
    assert float(dice(torch.zeros_like(true), torch.zeros_like(true))) == 0


def test_cross_entropy_of_a_matte_is_torchs_less_the_mattes_own_entropy():
    pred, true = picture(0, 1) * 0.98 + 0.01, picture(1, 1) * 0.98 + 0.01
    wanted = F.binary_cross_entropy(pred, true) - F.binary_cross_entropy(true, true)
    assert float(binary_cross_entropy(pred, true).mean()) == pytest.approx(float(wanted), rel=1e-4)


def test_scale_invariant_mse_does_not_see_scale_and_is_the_least_over_all():
    pred, true, matte = picture(0), picture(1), (picture(2, 1) > 0.3).float()
    found = float(scale_invariant_mse(pred, true, matte))
    # Each picture by a factor of its own.
    factors = torch.tensor([3.0, 0.2])[:, None, None, None]
    assert float(scale_invariant_mse(pred * factors, true, matte)) == pytest.approx(found, rel=1e-5)
    wanted = []
    for p, t, m in zip(pred, true, matte, strict=True):
        errors = [float((((s * p - t) ** 2) * m).sum() / ((t * t) * m).sum()) for s in np.linspace(0, 3, 3001)]
        wanted.append(min(errors))
    assert found == pytest.approx(np.mean(wanted), rel=1e-4)
    assert float(scale_invariant_mse(2 * true, true, matte)) == pytest.approx(0, abs=1e-6)


def test_laplacian_pyramids_weigh_coarse_errors_more_and_take_no_notice_of_none():
    true = picture(0, 1)
    fine = (torch.arange(32) % 2 * 2.0 - 1).expand(2, 1, 32, 32) * 0.1
    coarse = (torch.arange(32) // 8 % 2 * 2.0 - 1).expand(2, 1, 32, 32) * 0.1
    assert float(laplacian_l1(true, true)) == 0
    assert float(laplacian_l1(true + coarse, true)) > 2 * float(laplacian_l1(true + fine, true)) > 0


def test_the_coarse_term_sees_means_of_blocks_and_nothing_finer():
    true = picture(0)
    checks = ((torch.arange(32)[:, None] + torch.arange(32)) % 2 * 2.0 - 1) * 0.1
    assert float(coarse_l1(true + checks, true, ONES)) == pytest.approx(0, abs=1e-6)
    assert float(coarse_l1(true + 0.1, true, ONES)) == pytest.approx(0.1, rel=1e-5)


def test_light_is_compared_in_logarithms_and_by_solid_angle():
    light = torch.rand(1, 3, 64, 128, generator=torch.Generator().manual_seed(0)) * 100
    brighter = torch.expm1(torch.log1p(light) + 0.3)
    assert float(log_light(brighter, light)) == pytest.approx(0.09, rel=1e-3)
    # The same error on a row weighs as much as the row's share of the sphere: cos of its elevation.
    errors = []
    for row in (2, 31):
        wrong = light.clone()
        wrong[:, :, row] = brighter[:, :, row]
        errors.append(float(log_light(wrong, light)))
    elevations = [np.pi * (0.5 - (row + 0.5) / 64) for row in (2, 31)]
    assert errors[0] / errors[1] == pytest.approx(np.cos(elevations[0]) / np.cos(elevations[1]), rel=1e-3)


def test_harmonics_of_even_light_are_one_and_those_of_a_lamp_point_at_it():
    even = harmonics(torch.full((1, 3, 16, 32), 2.0))
    assert even[0, :, 0].numpy() == pytest.approx(2 / np.sqrt(4 * np.pi), rel=1e-4)
    assert even[0, :, 1:].numpy() == pytest.approx(0, abs=2e-3)
    lamp = torch.zeros(1, 3, 16, 32)
    lamp[:, :, 5, 20] = 100.0
    first = harmonics(lamp)[0, 0, 1:4].numpy()
    assert first / np.linalg.norm(first) == pytest.approx(directions(16)[5, 20], abs=1e-5)
    # Parseval's law of a narrow lamp: each degree holds as much as its number of functions.
    squares = harmonics(lamp)[0, 0].square()
    assert float(squares[1:4].sum() / squares[0]) == pytest.approx(3, rel=1e-3)
    assert float(squares[4:].sum() / squares[0]) == pytest.approx(5, rel=1e-3)


def test_a_loss_that_is_shared_out_averages_to_the_loss_of_the_whole(monkeypatch):
    error, matte = picture(0), (picture(1, 1) > torch.tensor([0.2, 0.9])[:, None, None, None]).float()
    whole = float(losses.matte_mean(error, matte))
    total = matte.sum()
    # Two processes, one example each, played one after the other.
    monkeypatch.setattr(losses, "process_count", lambda: 2)
    monkeypatch.setattr(losses, "sum_over_processes", lambda x: total * error.shape[1])
    parts = [float(losses.matte_mean(error[i : i + 1], matte[i : i + 1])) for i in range(2)]
    assert np.mean(parts) == pytest.approx(whole, rel=1e-5)


def parsing_with(corners):
    """A parsing (B, 8, 64, 64) whose eyes fill boxes (top, left, bottom, right); None for nobody."""
    parsing = torch.zeros(len(corners), 8, 64, 64)
    for one, corner in zip(parsing, corners, strict=True):
        if corner:
            top, left, bottom, right = corner
            one[FEATURES[1], top:bottom, left:right] = 1
    parsing[:, 0] = 1 - parsing[:, 1:].sum(dim=1)
    return parsing


def test_faces_are_found_by_their_features_and_cut_out_around_them():
    boxes, seen = face_boxes(parsing_with([(10, 20, 26, 44), None]))
    assert seen.tolist() == [1, 0]
    assert boxes[1].tolist() == [0, 0, 1]
    # Centre (32, 18) px of 64, 24 px wide between outer pixels' centres 23 px apart, times the margin.
    assert boxes[0].tolist() == pytest.approx([0, 36 / 64 - 1, 1.9 * 23 / 64], abs=1e-6)
    ramp = torch.arange(64.0).expand(2, 1, 64, 64)
    faces = cut_faces(ramp, boxes, 16)
    columns = (np.arange(16) + 0.5) / 16 * 2 - 1
    assert faces[0, 0, 8].tolist() == pytest.approx(31.5 + 1.9 * 23 / 2 * columns, abs=1e-3)
    assert faces[1, 0, 8].tolist() == pytest.approx(31.5 + 32 * columns, abs=1e-3)


def test_what_is_cut_out_passes_gradients_to_its_place_only():
    boxes, _ = face_boxes(parsing_with([(20, 20, 30, 30)] * 2))
    picture = torch.zeros(2, 3, 64, 64, requires_grad=True)
    cut_faces(picture, boxes, 8).sum().backward()
    assert picture.grad[:, :, 24, 24].min() > 0 and picture.grad[:, :, :8].abs().max() == 0
