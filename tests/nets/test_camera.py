"""What a camera does to a photo is done to the truth that the photo is judged by, and each fault is the one it is
called."""

from dataclasses import fields, replace

import cv2
import numpy as np
import pytest

from relight_stage.nets.camera import Camera, Response, Vignette, camera_rand, grade, photograph
from relight_stage.nets.config import PhotographyConfig
from relight_stage.scenes.colour import linear_to_srgb, srgb_to_linear

PICTURE = np.random.default_rng(0).uniform(0, 1.5, (8, 8, 3)).astype(np.float32).repeat(8, axis=0).repeat(8, axis=1)
POINTWISE = {
    "vignette": Vignette((0.2, -0.1), 0.8, 2.0),
    "gains": (1.5, 1.0, 0.8),
    "knee": 0.5,
    "response": Response(0.05, (1.1, 1.0, 0.9), 0.5),
    "contrast": 1.2,
    "saturation": 0.6,
    "grey": True,
}


def taken(camera, picture=PICTURE, seed=0):
    return photograph(camera, np.random.default_rng(seed), picture)


def test_a_camera_without_faults_encodes_as_srgb_says():
    # Half a step of 8 bits.
    assert taken(Camera()) == pytest.approx(linear_to_srgb(np.clip(PICTURE, 0, 1)), abs=0.5 / 255 + 1e-6)


@pytest.mark.parametrize("name", POINTWISE)
def test_the_truth_is_graded_like_the_photo(name):
    camera = Camera(**{name: POINTWISE[name]})
    assert taken(camera) == pytest.approx(grade(camera, PICTURE), abs=0.5 / 255 + 1e-6)
    assert np.abs(grade(camera, PICTURE) - grade(Camera(), PICTURE)).mean() > 0.005


def test_what_lies_in_the_photo_of_two_layers_is_what_each_was_graded_to():
    camera = Camera(vignette=Vignette((0, 0), 0.9, 2), gains=(1.2, 1, 0.9), knee=0.6, response=Response(s=0.5))
    left = np.zeros((64, 64, 1), np.float32)
    left[:, :32] = 1
    front, back = PICTURE, PICTURE[::-1, ::-1] * 0.3
    both = taken(camera, left * front + (1 - left) * back)
    wanted = left * grade(camera, front) + (1 - left) * grade(camera, back)
    assert both == pytest.approx(wanted, abs=0.5 / 255 + 1e-6)


@pytest.mark.parametrize("s", [-0.4, 0.9])
@pytest.mark.parametrize("knee", [0.25, 0.8, 1.0])
def test_tone_curves_never_turn_round(s, knee):
    ramp = np.linspace(0, 3, 999, dtype=np.float32)[None, :, None].repeat(3, axis=2)
    camera = Camera(knee=knee, response=Response(0.1, (0.7, 1.0, 1.4), s), contrast=0.8)
    assert np.diff(grade(camera, ramp), axis=1).min() >= -1e-6


def test_a_shoulder_keeps_what_clipping_loses():
    bright = np.full((8, 8, 3), 1.5, np.float32)
    bright[:, 4:] = 2.5
    assert np.ptp(grade(Camera(), bright)) == 0
    assert np.ptp(grade(Camera(knee=0.5), bright)) > 0.02


def test_blur_spreads_an_edge_evenly_and_a_disc_as_far_as_a_gaussian():
    edge = np.full((64, 64, 3), 0.05, np.float32)
    edge[:, 32:] = 0.9
    at, widths = np.arange(63) - 31, []
    for is_round in (False, True):
        seen = srgb_to_linear(taken(Camera(blur=3 / 64, round=is_round), edge))[32, :, 0]
        spread = np.diff(seen) / (seen[-1] - seen[0])
        assert spread @ at == pytest.approx(0, abs=0.1)
        widths.append(np.sqrt(spread @ at**2))
    # 8 bits lose the Gaussian's foot.
    assert widths == pytest.approx([3, 3], rel=0.05)


def test_red_is_enlarged_and_blue_made_smaller_about_the_centre():
    x = (np.arange(64) - 31.5).astype(np.float32)
    ramp = (0.4 + 0.008 * x)[None, :, None].repeat(64, axis=0).repeat(3, axis=2)
    seen = srgb_to_linear(taken(Camera(aberration=0.02), ramp))[32, 4:60]
    # What is enlarged by f shows at x what was at x / f. 8 bits are steps of 0.005 here.
    for channel, factor in enumerate((1.02, 1.0, 0.98)):
        assert seen[:, channel] == pytest.approx(0.4 + 0.008 * x[4:60] / factor, abs=0.004)
    assert seen[0, 0] - seen[0, 2] > 0.005 and seen[-1, 2] - seen[-1, 0] > 0.005


def test_noise_is_that_of_photons_and_grows_with_the_root_of_the_light():
    def deviation(level):
        return taken(Camera(noise=0.02), np.full((256, 256, 3), level, np.float32)).std()

    # Encoded as x^(1/2.4) about, the slope of sRGB at 0.2 and at 0.6 is 0.98 and 0.52.
    slopes = [(linear_to_srgb(np.float32(x + 1e-3)) - linear_to_srgb(np.float32(x - 1e-3))) / 2e-3 for x in (0.2, 0.6)]
    ratio = deviation(0.6) / deviation(0.2) / (slopes[1] / slopes[0])
    assert ratio == pytest.approx(np.sqrt(0.61 / 0.21), rel=0.03)


def test_sharpening_leaves_halos_beside_edges_alone():
    edge = np.full((64, 64, 3), 0.2, np.float32)
    edge[:, 32:] = 0.5
    change = taken(Camera(sharpening=1.0, halo=1.5 / 64), edge) - taken(Camera(), edge)
    assert np.abs(change[:, :20]).max() == 0 and np.abs(change[:, 44:]).max() == 0
    assert change[:, 31].max() < -0.03 and change[:, 32].min() > 0.03


def test_an_enlarged_picture_has_no_detail_left():
    board = ((np.indices((64, 64))).sum(axis=0) % 2).astype(np.float32)[:, :, None].repeat(3, axis=2)
    small = taken(Camera(pixels=0.25), board)
    assert small.std() < 0.02 and taken(Camera(), board).std() > 0.4


@pytest.mark.parametrize("quality, worst", [(95, 3.0), (35, 40.0)])
def test_jpeg_keeps_colours_about_as_well_as_its_quality_says(quality, worst):
    smooth = cv2.GaussianBlur(np.clip(PICTURE, 0, 1), (0, 0), 5)
    error = np.abs(taken(Camera(quality=quality), smooth) - taken(Camera(), smooth)).mean() * 255
    assert 0 < error < worst


def test_a_grey_camera_makes_grey_photos_whatever_else_it_does():
    shares = PhotographyConfig(**{f.name: 0.5 for f in fields(PhotographyConfig)} | {"grey": 1.0})
    for seed in range(12):
        camera = camera_rand(np.random.default_rng(seed), shares)
        assert np.ptp(taken(camera), axis=2).max() < 1e-6 and np.ptp(grade(camera, PICTURE), axis=2).max() < 1e-6


def test_each_share_turns_its_fault_on_and_off_and_nothing_else():
    never = PhotographyConfig(**{f.name: 0.0 for f in fields(PhotographyConfig)})
    assert camera_rand(np.random.default_rng(0), never) == Camera()
    marks = {f.name: f.name for f in fields(PhotographyConfig)}
    marks |= {"overexposure": "gains", "cast": "gains", "filmic": "knee", "low_resolution": "pixels", "jpeg": "quality"}
    for name, mark in marks.items():
        camera = camera_rand(np.random.default_rng(3), replace(never, **{name: 1.0}))
        changed = {f.name for f in fields(Camera) if getattr(camera, f.name) != getattr(Camera(), f.name)}
        assert mark in changed and changed <= {mark, "round", "halo", "enlarging"}, name


def test_every_photo_is_a_picture_and_the_same_seed_takes_the_same():
    shares = PhotographyConfig()
    for seed in range(30):
        first, second = (
            photograph(camera_rand(rng, shares), rng, PICTURE * 8) for rng in map(np.random.default_rng, [seed] * 2)
        )
        assert first.shape == PICTURE.shape and first.dtype == np.float32 and np.array_equal(first, second)
        assert np.isfinite(first).all() and first.min() >= 0 and first.max() <= 1
