"""Laws of painting a face: what lies where, on any layout."""

from dataclasses import replace

import numpy as np
import pytest

from relight_stage.scenes.canvas import canvas_of
from relight_stage.scenes.colour import srgb_to_linear
from relight_stage.scenes.complexion import face_of, mean_face, paint_face
from relight_stage.scenes.grain import grain, quick_grain
from relight_stage.scenes.makeup import Makeup, makeup_rand
from relight_stage.scenes.skin import skin_colour, skin_rand

SIZE = 160
BARE = Makeup()


@pytest.fixture(scope="module")
def face():
    """A flat face, 160 mm wide and high: u runs to the subject's left, lips drawn as an ellipse."""
    axis = np.linspace(0, 1, 81)
    u, v = (a.ravel() for a in np.meshgrid(axis, axis))
    at = np.stack([160 * u - 80, 10 + 0 * u, 160 * v - 115], -1)
    lips = ((at[:, 0] / 24) ** 2 + ((at[:, 2] + 66) / 9) ** 2 < 1) * 1.0
    values = np.concatenate([at, lips[:, None], 0 * lips[:, None]], 1)
    first = (np.arange(80)[:, None] * 81 + np.arange(80)).ravel()
    faces = np.stack([first, first + 1, first + 82, first + 81], -1)
    return face_of(canvas_of(np.stack([u, v], -1)[faces], faces, values, SIZE, SIZE))


@pytest.fixture(scope="module")
def skin():
    return replace(skin_rand(np.random.default_rng(4), 0.0, 0.0), melanin=0.02, freckles=0.0, moles=0, stubble=0.0)


def at(face, x, z):
    """Rows of the texels within 4 mm of a place."""
    values = face.canvas.values
    return np.flatnonzero(np.hypot(values[:, 0] - x, values[:, 2] - z) < 4)


def albedo(face, skin, makeup=BARE):
    painted = paint_face(skin, makeup, face, 1.0)
    texture = srgb_to_linear(painted.paint / 255) * painted.scale
    rows, columns = face.canvas.texels.T
    return texture[rows, columns]


def relief(face, skin, makeup=BARE):
    rows, columns = face.canvas.texels.T
    return paint_face(skin, makeup, face, 1.0).relief[rows, columns] / 255


def test_a_canvas_holds_the_vertex_values_where_the_layout_puts_them(face):
    rows, columns = face.canvas.texels.T
    expected = np.stack([160 * (columns + 0.5) / SIZE - 80, 160 * (SIZE - rows - 0.5) / SIZE - 115], -1)
    # Samples fall anywhere within a texel, which is a millimetre here.
    assert np.abs(face.canvas.values[:, [0, 2]] - expected).max() < 1.0
    assert len(rows) == SIZE * SIZE


def test_grain_has_no_mean_unit_variance_and_its_own_size():
    points = np.random.default_rng(0).uniform(0, 500, (200_000, 3))
    for noise in (grain, quick_grain):
        values = noise(points, 2.0, 7)
        assert abs(values.mean()) < 0.05
        assert 0.8 < values.std() < 1.2
        near, far = (np.corrcoef(values, noise(points + np.array([step, 0, 0]), 2.0, 7))[0, 1] for step in (0.5, 6.0))
        assert near > 0.8 and abs(far) < 0.1


def test_the_same_skin_is_painted_the_same_twice_and_another_differently(face, skin):
    one, again, other = (paint_face(s, BARE, face, 1.0) for s in (skin, skin, replace(skin, pattern=skin.pattern + 1)))
    assert np.array_equal(one.paint, again.paint) and np.array_equal(one.relief, again.relief)
    assert not np.array_equal(one.paint, other.paint)


@pytest.mark.parametrize("melanin", [0.004, 0.05, 0.4])
def test_a_painted_face_keeps_the_colour_of_its_skin(face, skin, melanin):
    dark = replace(skin, melanin=melanin, mottling=0.1)
    # The cheek's side: neither flushed nor shaded.
    mean = albedo(face, dark)[at(face, 60, -60)].mean(0)
    assert mean == pytest.approx(skin_colour(melanin, dark.haemoglobin), rel=0.25)


def test_cheeks_are_redder_than_the_forehead_and_the_eyes_surroundings_darker(face, skin):
    colour = albedo(face, replace(skin, flush=0.8))
    cheek, forehead, socket = (colour[at(face, *place)].mean(0) for place in ((36, -36), (0, 42), (30, -11)))
    assert cheek[0] / cheek[1] > 1.05 * forehead[0] / forehead[1]
    assert socket.mean() < forehead.mean()


def test_lips_are_redder_and_smoother_than_the_skin_around_them(face, skin):
    colour, rough = albedo(face, skin), relief(face, skin)[:, 1]
    lip, chin = at(face, 10, -66), at(face, 40, -90)
    assert (colour[lip, 0] / colour[lip, 1]).mean() > 1.1 * (colour[chin, 0] / colour[chin, 1]).mean()
    assert rough[lip].mean() < rough[chin].mean()


def test_oil_shines_on_the_nose_more_than_on_the_cheeks(face, skin):
    dry, oily = (relief(face, replace(skin, oil=oil))[:, 1] for oil in (0.0, 1.0))
    nose, cheek = at(face, 0, -34), at(face, 60, -60)
    # The flat face's nose is 20 mm too low, so its zone is weaker here than on a head.
    assert dry[nose].mean() - oily[nose].mean() > 0.04
    assert abs(dry[cheek].mean() - oily[cheek].mean()) < 0.02


def test_age_draws_lines_on_the_forehead(face, skin):
    forehead = np.concatenate([at(face, x, z) for x in (-15, 0, 15) for z in (30, 38, 46, 54)])
    young, old = (relief(face, replace(skin, lines=lines))[forehead, 0] for lines in (0.0, 1.0))
    assert old.std() > 1.5 * young.std()
    assert old.min() < young.min() - 0.1


def test_stubble_darkens_the_jaw_and_not_the_forehead(face, skin):
    plain, shaved = albedo(face, skin), albedo(face, replace(skin, stubble=1.0))
    jaw, forehead = at(face, 20, -95), at(face, 0, 42)
    assert shaved[jaw].mean() < 0.8 * plain[jaw].mean()
    assert np.allclose(shaved[forehead], plain[forehead], atol=0.01)


def test_freckles_gather_on_the_nose_and_the_cheeks(face, skin):
    light = replace(skin, melanin=0.008)
    darker = albedo(face, light).mean(1) - albedo(face, replace(light, freckles=1.0)).mean(1)
    z = face.canvas.values[:, 2]
    assert (darker[np.abs(z + 24) < 25] > 0.03).mean() > 3 * (darker[z < -85] > 0.03).mean()


def test_lipstick_colours_the_lips_alone(face, skin):
    red = Makeup(lips=1.0, lip_colour=(0.4, 0.02, 0.03), gloss=1.0)
    bare, worn = albedo(face, skin), albedo(face, skin, red)
    lip, cheek = at(face, 8, -66), at(face, 50, -30)
    assert worn[lip].mean(0) == pytest.approx((0.4, 0.02, 0.03), abs=0.03)
    assert np.abs(worn[cheek] - bare[cheek]).max() < 0.01
    assert relief(face, skin, red)[lip, 1].mean() < relief(face, skin)[lip, 1].mean() - 0.1


def test_over_a_photograph_only_what_differs_is_painted(face, skin):
    painted = paint_face(skin, BARE, face, 0.5)
    rows, columns = face.canvas.texels.T
    factor = (srgb_to_linear(painted.paint / 255) * painted.scale)[rows, columns]
    assert factor[at(face, 60, -60)].mean(0) == pytest.approx(np.ones(3), abs=0.15)


def test_half_of_the_women_and_hardly_a_man_wear_makeup():
    rng = np.random.default_rng(0)
    women, men = (sum(makeup_rand(rng, sex) != BARE for _ in range(400)) / 400 for sex in (0.1, 0.9))
    assert 0.45 < women < 0.65
    assert men < 0.04


def test_the_mean_face_has_its_features_at_its_heights():
    rng = np.random.default_rng(1)
    marks = rng.normal(0, 0.02, (68, 3))
    marks[8, 2], marks[[60, 64], 2], marks[33, 2] = -0.13, -0.08, -0.055
    marks[36:48, 2], marks[[19, 24], 2] = 0.002, 0.024
    marks[36, 0], marks[45, 0] = -0.05, 0.05
    found = mean_face(marks, marks)
    assert found[[8, 60, 33, 40, 19], 2] == pytest.approx([-110, -66, -49, 0, 19], abs=1e-3)
    assert found[[36, 45], 0] == pytest.approx([-45.7, 45.7], abs=1e-3)
