"""Laws of the maps: how they recombine, and what is derived from them."""

import numpy as np
import pytest

from relight_stage.synth.passes import (
    COVERAGE_MIN,
    FULL_FLOAT,
    MAPS,
    cryptomatte_coverage,
    factors,
    foreground_of,
    straighten,
    trimap_of,
)


def disc(size=96, radius=30.0, soft=4.0):
    """Coverage (size, size, 1) of a disc whose edge is ``soft`` pixels wide, amid the picture."""
    axis = np.arange(size) + 0.5 - size / 2
    distance = np.hypot(*np.meshgrid(axis, axis))
    return np.clip((radius - distance) / soft + 0.5, 0, 1)[:, :, None].astype(np.float32)


def test_albedo_times_shading_times_shadow_is_the_diffuse_picture():
    rng = np.random.default_rng(0)
    diffuse, unshadowed = rng.gamma(1, 2, (2, 20, 20, 3))
    albedo = rng.uniform(0.004, 0.9, (20, 20, 3))
    shading, shadow = factors(diffuse, unshadowed, albedo)
    assert albedo * shading * shadow == pytest.approx(diffuse, rel=1e-5)
    assert shadow.min() >= 0 and shadow.max() <= 1
    assert (shadow[diffuse >= unshadowed] == 1).all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_where_no_surface_is_there_is_no_shading_and_no_shadow(dtype):
    nothing = np.zeros((2, 2, 3), dtype)
    with np.errstate(all="raise"):
        shading, shadow = factors(nothing, nothing, nothing.astype(np.float32))
    assert not shading.any() and (shadow == 1).all()
    assert not straighten(nothing, nothing).any()


def test_the_trimap_is_sure_only_where_the_matte_is():
    matte = disc()
    trimap = trimap_of(matte)
    assert set(np.unique(trimap)) == {0, 0.5, 1}
    assert (matte[trimap == 1] == 1).all() and (matte[trimap == 0] == 0).all()
    assert (trimap[(matte > 0) & (matte < 1)] == 0.5).all()


@pytest.mark.parametrize("size", [64, 256])
def test_the_unknown_band_of_a_hard_edge_is_one_in_128_on_each_side(size):
    matte = np.zeros((size, size, 1), np.float32)
    matte[:, size // 2 :] = 1
    width = int((trimap_of(matte)[size // 2] == 0.5).sum())
    assert width == 2 * max(1, size // 128)


def test_a_person_cut_by_the_border_is_known_up_to_it():
    assert (trimap_of(np.ones((16, 16, 1), np.float32)) == 1).all()


def test_the_foreground_times_the_matte_is_the_picture():
    matte = disc()
    full = np.random.default_rng(1).uniform(0, 5, (96, 96, 3)).astype(np.float32) * matte
    seen = matte[:, :, 0] >= COVERAGE_MIN
    assert (foreground_of(full, matte) * matte)[seen] == pytest.approx(full[seen], rel=1e-5)


def test_a_foreground_of_one_colour_is_that_colour_everywhere():
    matte = disc(size=75)
    colour = np.array([0.1, 2.0, 30.0], np.float32)
    assert foreground_of(colour * matte, matte) == pytest.approx(np.broadcast_to(colour, (75, 75, 3)), rel=1e-5)


def test_outside_the_person_the_foreground_is_like_what_is_near():
    matte = disc()
    left_red = np.where(np.arange(96)[None, :, None] < 48, [1.0, 0, 0], [0, 0, 1.0]) * np.ones((96, 1, 1))
    out = foreground_of(left_red * matte, matte)
    assert out[48, 2, 0] > 0.8 and out[48, 93, 2] > 0.8
    assert np.abs(np.diff(out[:, 2], axis=0)).max() < 0.1  # no steps


def test_nobody_has_no_foreground():
    nothing = np.zeros((9, 7, 1), np.float32)
    assert not foreground_of(nothing.repeat(3, axis=-1), nothing).any()


def test_the_shares_of_a_cryptomatte_add_up():
    maps = {f"CryptoObject{k:02d}": np.zeros((2, 2, 4), np.float32) for k in range(3)}
    maps["CryptoObject00"][..., 1], maps["CryptoObject00"][..., 3] = 0.5, 0.25
    maps["CryptoObject02"][..., 3] = 0.125
    maps["CryptoObject01"][..., 0] = 1e9  # an id, not a share
    assert (cryptomatte_coverage(maps, "CryptoObject") == 0.875).all()


def test_every_channel_has_a_name_of_its_own_and_its_layer_at_most_four():
    names = [channel for channels in MAPS.values() for channel in channels]
    assert len(set(names)) == len(names)
    layers = [name.rpartition(".")[0] for name in names]
    assert max(layers.count(layer) for layer in set(layers)) == 4
    assert set(MAPS) >= FULL_FLOAT
