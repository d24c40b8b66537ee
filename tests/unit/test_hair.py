"""Laws of hair, on an egg whose surface is known."""

from dataclasses import replace

import numpy as np
import pytest

from relight_stage.scenes.beard import beard_strands
from relight_stage.scenes.hair import STYLES, hair_cover, hair_material, hair_rand
from relight_stage.scenes.hull import hull_of, push_out
from relight_stage.scenes.strands import hair_strands, scatter_roots

RADII = np.array([0.075, 0.095, 0.115])
CENTRE = np.array([0.0, 0.085, 0.015])
GROWN = [style for style in STYLES if style != "bald"]


@pytest.fixture(scope="module")
def egg():
    """Points spread over an ellipsoid and their unit normals, (N, 3) each."""
    k = np.arange(40000) + 0.5
    z, azimuth = 1 - 2 * k / 40000, np.pi * (1 + 5**0.5) * k
    sphere = np.stack([np.sqrt(1 - z * z) * np.cos(azimuth), np.sqrt(1 - z * z) * np.sin(azimuth), z], -1)
    normals = sphere / RADII
    return CENTRE + sphere * RADII, normals / np.linalg.norm(normals, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def hull(egg):
    return hull_of(egg[0], CENTRE)


def grown(style, egg, hull, seed=0, part=None):
    rng = np.random.default_rng(seed)
    drawn = (hair_rand(rng, (0.1, 0.05, 0.02), k % 2) for k in range(2000))
    hair = next(h for h in drawn if h.style == style)
    points, normals = egg
    scalp = np.flatnonzero((points[:, 2] > 0.07) | ((points[:, 1] > 0.1) & (points[:, 2] > 0.0)))
    picked = rng.choice(scalp, 400)
    return hair, points[picked], hair_strands(hair, points[picked], normals[picked], np.ones(400), hull, rng)


def depth(points):
    """How deep points are under the egg's surface, metres, (N,): exact along the ray from its centre."""
    away = points - CENTRE
    scaled = np.linalg.norm(away / RADII, axis=-1)
    return np.linalg.norm(away, axis=-1) * (1 / np.maximum(scaled, 1e-9) - 1)


@pytest.mark.parametrize("style", GROWN)
def test_hair_starts_on_the_scalp_and_never_enters_the_head(style, egg, hull):
    _, roots, strands = grown(style, egg, hull)
    start = strands.points[: len(roots), 0]
    nearest = np.linalg.norm(start[:, None] - roots[None], axis=-1).min(1)
    # Curls begin at a millimetre around the root at most.
    assert nearest.max() < 0.0015
    assert depth(strands.points).max() < 0.002


@pytest.mark.parametrize("style", GROWN)
def test_strands_are_as_long_as_they_were_drawn(style, egg, hull):
    hair, _, strands = grown(style, egg, hull)
    length = np.linalg.norm(np.diff(strands.points, axis=1), axis=-1).sum(1)
    assert np.isfinite(strands.points).all()
    if STYLES[style].combing != "knot":
        # Individual lengths spread by 12 %, curls and locks add to the arc or take from it.
        assert np.median(length) < (1.6 + 2 * hair.curl) * hair.length_m
        assert np.median(length) > 0.2 * STYLES[style].sides * hair.length_m


@pytest.mark.parametrize("style", GROWN)
def test_no_strand_hangs_in_the_face(style, egg, hull):
    _, _, strands = grown(style, egg, hull)
    x, y, z = np.moveaxis(strands.points, -1, 0)
    assert not ((np.abs(x) < 0.04) & (y < CENTRE[1] - 0.06) & (z < 0.018)).any()


@pytest.mark.parametrize("style", GROWN)
def test_locks_gather_and_yet_no_two_strands_are_one(style, egg, hull):
    _, _, strands = grown(style, egg, hull)
    tips = strands.points[:400, -1]
    apart = np.linalg.norm(tips[:, None] - tips[None], axis=-1) + np.eye(400)
    assert apart.min() > 1e-6


def test_the_same_rng_grows_the_same_hair(egg, hull):
    one, two = (grown("medium", egg, hull, seed=3)[2].points for _ in range(2))
    assert np.array_equal(one, two)


def test_long_hair_hangs_below_short_hair(egg, hull):
    lowest = {style: grown(style, egg, hull)[2].points[..., 2].min() for style in ("short", "long")}
    assert lowest["long"] < lowest["short"] - 0.05


def test_pushing_out_leaves_what_is_outside_alone(hull):
    rng = np.random.default_rng(0)
    direction = rng.normal(size=(500, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    # Above the height of the shoulders nothing but the head pushes.
    outside = CENTRE + direction * 0.13
    assert push_out(hull, outside, 0.001) == pytest.approx(outside)
    inside = CENTRE + direction * 0.03
    assert depth(push_out(hull, inside, 0.0)).max() < 0.002


def test_roots_are_spread_by_area_and_weight():
    # Two squares side by side, the second four times as large and half as likely a place.
    vertices = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [5, 0, 0], [7, 0, 0], [7, 2, 0], [5, 2, 0]], float)
    faces = np.array([[0, 1, 2, 3], [4, 5, 6, 7]])
    weights = np.array([1.0] * 4 + [0.5] * 4)
    roots, normals, found = scatter_roots(vertices, faces, weights, 6000, np.random.default_rng(0))
    # Four standard errors of a share of two thirds.
    assert (roots[:, 0] > 3).mean() == pytest.approx(2 / 3, abs=4 * (2 / 9 / 6000) ** 0.5)
    assert normals == pytest.approx(np.broadcast_to([0.0, 0, 1], normals.shape))
    assert found == pytest.approx(np.where(roots[:, 0] > 3, 0.5, 1.0))


def test_receding_hair_leaves_the_temples_first_and_the_nape_last(egg):
    points, _ = egg
    hair = replace(hair_rand(np.random.default_rng(0), (0.1, 0.05, 0.02), 1.0), receding=0.0, thinning=0.0)
    at = points - CENTRE
    scalp = ((at[:, 2] > 0.05) | ((at[:, 1] > 0.02) & (at[:, 2] > 0.0))).astype(float)
    front = at[:, 1] < at[scalp > 0, 1].min() + 0.03
    temple, middle, nape = front & (np.abs(at[:, 0]) > 0.035), front & (np.abs(at[:, 0]) < 0.01), at[:, 1] > 0.05
    left = []
    for receding in (0.0, 0.5, 1.0):
        cover = hair_cover(replace(hair, receding=receding), points, scalp, CENTRE)
        left.append([cover[place & (scalp > 0)].mean() for place in (temple, middle, nape)])
    left = np.array(left)
    assert (np.diff(left, axis=0)[:, :2] <= 0).all()
    assert left[2, 0] < 0.5 * left[2, 1] + 0.2
    assert left[:, 2] == pytest.approx(1, abs=0.02)


def test_strands_are_darker_at_the_root_and_never_brighter_than_white():
    for seed in range(50):
        hair = hair_rand(np.random.default_rng(seed), (0.55, 0.54, 0.51), 0.5)
        material = hair_material(hair)
        assert material.root < 1
        # The shader's strands spread by a uniform number: √3 standard deviations at most.
        assert max(hair.colour) * (1 + 3**0.5 * material.strand_spread) < 1.05


def test_the_old_lose_more_hair_than_the_young():
    def lost(age):
        rng = np.random.default_rng(0)
        return np.mean([hair_rand(rng, (0.1, 0.05, 0.02), 1.0, age).receding > 0.2 for _ in range(400)])

    # Three standard errors of a half are 0.075.
    assert lost(1.0) > lost(0.0) + 0.3


def test_a_beard_is_longer_the_more_of_it_there_is(egg, hull):
    points, normals = egg
    rng = np.random.default_rng(0)
    hair = hair_rand(rng, (0.1, 0.05, 0.02), 1.0)
    chin = np.flatnonzero((points[:, 1] < 0.02) & (points[:, 2] < -0.05))[:200]
    length = []
    for beard in (0.1, 0.9):
        strands = beard_strands(replace(hair, beard=beard), points[chin], normals[chin], rng)
        assert depth(strands.points).max() < 0.002
        length.append(np.linalg.norm(np.diff(strands.points, axis=1), axis=-1).sum(1).mean())
    assert length[0] < 0.004 < length[1]
