"""Laws of what is worn: it fits every head, hides what it should, and says nothing of who wears it."""

from dataclasses import replace

import numpy as np
import pytest

from relight_stage.scenes.accessories import Worn, wear, worn_rand
from relight_stage.scenes.bust import LABELS
from relight_stage.scenes.colour import luminance
from relight_stage.scenes.fit import fit_of
from relight_stage.scenes.garment import dye_rand
from relight_stage.scenes.glasses import OUTLINES, RIMS, glasses_rand
from relight_stage.scenes.hands import rest_hand
from relight_stage.scenes.heads import bust_of, head_rand, identity, parameters
from relight_stage.scenes.headwear import KINDS, headwear_rand
from relight_stage.scenes.hull import hull_of
from relight_stage.scenes.jewellery import earrings_rand, scarf_rand
from relight_stage.scenes.packs import Packs, find_packs
from relight_stage.scenes.props import KINDS as PROPS
from relight_stage.scenes.props import prop_rand

ACCESSORIES = LABELS.index("accessories")


def test_cloth_of_a_pure_colour_is_darker_than_light_grey():
    rng = np.random.default_rng(0)
    dyes = np.array([dye_rand(rng) for _ in range(2000)])
    pure = dyes.max(axis=1) > 4 * dyes.min(axis=1)
    # Safety vests, which nobody wears here, reflect more: 0.4 in orange, 0.7 in yellow (EN ISO 20471).
    assert pure.sum() > 100 and luminance(dyes[pure]).max() < 0.3


@pytest.fixture(scope="module")
def head():
    heads = (head_rand(np.random.default_rng(seed), Packs()) for seed in range(100))
    return replace(next(h for h in heads if h.hair.style in ("medium", "long")), worn=Worn())


@pytest.fixture(scope="module")
def bare(head):
    return bust_of(head, Packs())


@pytest.fixture(scope="module")
def hull(bare):
    return hull_of(np.concatenate([bare.parts[0].vertices, bare.parts[-1].vertices]), np.array([0.0, 0.085, 0.015]))


def with_glasses(bare, hull, outline="rectangle", rim="acetate", power=-2.0):
    glasses = replace(glasses_rand(np.random.default_rng(0)), outline=outline, rim=rim, slide_mm=0.0, power=power)
    worn = wear(bare, Worn(glasses=glasses), hull)
    return {part.name: part for part in worn.parts[len(bare.parts) :]}


@pytest.mark.parametrize("rim", RIMS)
@pytest.mark.parametrize("outline", OUTLINES)
def test_glasses_stand_before_both_eyes_and_clear_the_face(bare, hull, outline, rim):
    parts = with_glasses(bare, hull, outline, rim)
    lenses = parts["lenses"].vertices
    for eye in (bare.landmarks[36:42].mean(0), bare.landmarks[42:48].mean(0)):
        before = lenses[np.abs(lenses[:, (0, 2)] - eye[[0, 2]]).max(1) < 0.012]
        # A lens stands 8 to 25 mm before the lids.
        assert len(before) > 5
        assert (eye[1] - before[:, 1]).min() > 0.008 and (eye[1] - before[:, 1]).max() < 0.03
    # No skin that is not nose stands before a lens.
    skin = bare.parts[0].vertices[np.abs(bare.parts[0].vertices[:, 0]) > 0.014]
    for x, y, z in lenses[::7]:
        near = skin[(np.hypot(skin[:, 0] - x, skin[:, 2] - z) < 0.003) & (skin[:, 1] < 0.02)]
        assert len(near) == 0 or near[:, 1].min() > y - 0.0005


@pytest.mark.parametrize("power", [-6.0, 0.0, 4.0])
def test_a_lens_is_a_solid_as_thick_as_its_power_asks(bare, hull, power):
    lenses = with_glasses(bare, hull, power=power)["lenses"]
    corners = lenses.vertices.astype(np.float64)[lenses.faces]  # (F, 4, 3)
    normals = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]) / 2
    volume = (corners.mean(1) * normals).sum() / 3
    # Closed: what looks one way is looked at from the other side; and it looks outwards.
    assert np.abs(normals.sum(0)).max() < 1e-4 * np.abs(normals).sum()
    assert 0 < volume < 2 * 0.06 * 0.04 * 0.01
    front, back = (corners[(normals[:, 1] * side > 0.9 * np.linalg.norm(normals, axis=1))] for side in (-1, 1))
    pupil = np.abs(fit_of(bare, hull, hull).pupil)

    def thickness(aside):
        """At a place of the left lens that is this far from its optical centre, towards the temple."""
        at = pupil + np.array([aside, 0.0])
        y = [face[np.hypot(*(face[:, :, [0, 2]].mean(1) - at).T).argmin(), :, 1].mean() for face in (front, back)]
        return y[1] - y[0]

    # Thin lenses: 1/f = (n − 1)(1/R₁ − 1/R₂), and a sphere's sag is r²/2R.
    assert thickness(0.018) - thickness(0.0) == pytest.approx(-power * 0.018**2 / (2 * 0.498), abs=4e-4)
    assert min(thickness(0.0), thickness(0.018)) > 0.001


def test_the_temples_reach_over_the_ears(bare, hull):
    frame = with_glasses(bare, hull)["glasses"].vertices
    ear = fit_of(bare, hull, hull).concha
    behind = frame[frame[:, 1] > ear[1]]
    assert {1.0, -1.0} <= set(np.sign(behind[:, 0]))
    assert np.abs(behind[:, 0]).max() < ear[0] + 0.004


@pytest.mark.parametrize("kind", KINDS)
def test_headwear_is_outside_the_head_and_leaves_the_eyes_free(bare, hull, kind):
    headwear = replace(headwear_rand(np.random.default_rng(1), 0.5), kind=kind)
    worn = wear(bare, Worn(headwear=headwear), hull)
    new = worn.parts[len(bare.parts) :]
    assert new
    assert all((part.labels == ACCESSORIES).all() for part in new)
    vertices = np.concatenate([part.vertices for part in new])
    assert np.isfinite(vertices).all()
    eyes = bare.landmarks[36:48]
    for eye in eyes:
        # Seen from the front nothing lies over an eye.
        assert not ((np.hypot(vertices[:, 0] - eye[0], vertices[:, 2] - eye[2]) < 0.006) & (vertices[:, 1] < 0)).any()
    if headwear.hides_scalp:
        crown = bare.parts[0].vertices[:, 2].max()
        assert vertices[:, 2].max() > crown


@pytest.mark.parametrize("kind", ["beanie", "cap", "hat", "sun hat"])
def test_no_hair_stands_out_of_a_hat(bare, hull, kind):
    headwear = replace(headwear_rand(np.random.default_rng(1), 0.5), kind=kind, tilt_deg=0.0)
    worn = wear(bare, Worn(headwear=headwear), hull)
    hat = np.concatenate([part.vertices for part in worn.parts[len(bare.parts) :]])
    hair = next(strands for strands in worn.strands if strands.name == "hair").points.reshape(-1, 3)
    assert hair[:, 2].max() < hat[:, 2].max()
    covered = hair[hair[:, 2] > 0.085]
    radius = np.linalg.norm(covered - hull.centre, axis=1)
    outside = hull_of(np.concatenate([hat, bare.parts[0].vertices]), hull.centre)
    # One point in a hundred may peep out at the rim. Cells of 2.5° of the measured hat are a few millimetres wide.
    row, column = (0.5 - np.arcsin((covered - hull.centre)[:, 2] / radius) / np.pi) * 72, None
    azimuth = np.arctan2((covered - hull.centre)[:, 1], (covered - hull.centre)[:, 0])
    column = (azimuth / (2 * np.pi) + 0.5) * 144
    assert (radius < outside.radii[row.astype(int), column.astype(int) % 144] + 0.002).mean() > 0.99


def test_a_headscarf_hides_all_hair_of_the_head(head):
    hijab = replace(headwear_rand(np.random.default_rng(1), 0.0), kind="hijab")
    bust = bust_of(replace(head, worn=Worn(headwear=hijab), hair=replace(head.hair, beard=0.6)), Packs())
    assert {strands.name for strands in bust.strands} == {"brows", "lashes"}


def test_earrings_hang_at_both_ears_and_a_scarf_lies_below_the_chin(bare, hull):
    rng = np.random.default_rng(0)
    worn = wear(bare, Worn(earrings=earrings_rand(rng), scarf=scarf_rand(rng)), hull)
    earrings, scarf = (next(p for p in worn.parts if p.name == name).vertices for name in ("earrings", "scarf"))
    assert earrings[:, 0].min() < -0.06 and earrings[:, 0].max() > 0.06
    assert scarf[:, 2].max() < bare.landmarks[57, 2]
    assert scarf[:, 1].min() < bare.parts[0].vertices[bare.parts[0].vertices[:, 2] < -0.16, 1].min() + 0.03


@pytest.mark.parametrize("left", [True, False])
def test_a_microphone_stands_before_the_mouth_on_either_side(bare, hull, left):
    prop = replace(prop_rand(np.random.default_rng(0), hands=False), left=left, reach=(0.0, 0.0, 0.0))
    assert prop.kind == "microphone stand"
    new = wear(bare, Worn(prop=prop), hull).parts[len(bare.parts) :]
    assert {LABELS[k] for part in new for k in part.labels} == {"props"}
    mouth = bare.landmarks[[48, 54]].mean(0)
    points = new[0].vertices
    assert points[:, 1].min() < mouth[1] - 0.03
    assert np.linalg.norm(points - mouth, axis=1).min() > 0.02
    # The handle leans to the side of the hand.
    assert np.sign(points[points[:, 2].argmin(), 0]) == (1 if left else -1)


@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("kind", PROPS[1:])
def test_a_hand_is_on_its_own_side_and_closes_without_tearing(bare, hull, kind, left):
    pack = find_packs(None).makehuman
    if pack is None:
        pytest.skip("needs the makehuman pack")
    prop = replace(prop_rand(np.random.default_rng(0), hands=True), kind=kind, left=left, reach=(0.0, 0.0, 0.0))
    hand = next(p for p in wear(bare, Worn(prop=prop), hull, pack=pack).parts if p.name == "hand")
    assert np.sign(hand.vertices[:, 0].mean()) == (1 if left else -1)
    assert {LABELS[k] for k in hand.labels} == {"skin"}
    # Bending stretches the skin over knuckles, to no more than four times the longest edge at rest.
    rest = rest_hand(pack).mesh
    length = [
        np.linalg.norm(np.diff(v[rest.faces[:, :2]], axis=1), axis=-1).max() for v in (rest.vertices, hand.vertices)
    ]
    assert length[1] < 4 * length[0]
    # Outside: enclosed volume is positive for a surface whose faces look outwards.
    a, b, c = (hand.vertices[hand.faces[:, k]] - hand.vertices.mean(0) for k in range(3))
    assert (np.cross(a, b) * c).sum() > 0


def test_identity_does_not_change_with_what_is_worn(head):
    for seed in range(20):
        dressed = replace(head, worn=worn_rand(np.random.default_rng(seed), 0.5))
        assert identity(dressed) == identity(head)


def test_parameters_list_what_is_worn(head):
    glasses = glasses_rand(np.random.default_rng(0))
    described = parameters(replace(head, worn=Worn(glasses=glasses)))
    assert described["worn"]["glasses"]["outline"] == glasses.outline
    assert described["worn"]["headwear"] is None


def test_things_are_worn_about_as_often_as_people_wear_them():
    rng = np.random.default_rng(0)
    drawn = [worn_rand(rng, 0.5) for _ in range(1500)]
    # Three standard errors.
    assert np.mean([w.glasses is not None for w in drawn]) == pytest.approx(0.28, abs=0.035)
    assert np.mean([w.headwear is not None for w in drawn]) == pytest.approx(0.15, abs=0.028)
    assert {w.headwear.kind for w in drawn if w.headwear} == set(KINDS)
    dark = [max(w.glasses.transmission) < 0.7 for w in drawn if w.glasses]
    powers = np.array([w.glasses.power for w in drawn if w.glasses])
    assert powers.min() >= -6 and powers.max() <= 4 and (powers < 0).mean() > 0.4 < 0.5 < (powers != 0).mean()
    assert 0.08 < np.mean(dark) < 0.26
