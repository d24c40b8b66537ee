"""Laws of the colour of skin."""

import numpy as np
import pytest
from skimage.color import rgb2lab

from relight_stage.scenes.skin import lip_colour, pigment_colour, scattering_mm, skin_colour, skin_rand

# Del Bino & Bernerd 2013: very light, light, intermediate, tan, brown, dark.
ITA_EDGES_DEG = (-90, -30, 10, 28, 41, 55, 90)


def lab(linear):
    encoded = np.where(linear < 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return rgb2lab(encoded[None])[0]


@pytest.fixture(scope="module")
def skins():
    rng = np.random.default_rng(0)
    return [skin_rand(rng, rng.uniform(), rng.uniform()) for _ in range(300)]


def test_drawn_skins_fill_every_class_of_the_individual_typology_angle_evenly(skins):
    lightness, _, yellow = lab(np.array([skin_colour(s.melanin, s.haemoglobin) for s in skins])).T
    angle = np.degrees(np.arctan2(lightness - 50, yellow))
    counts, _ = np.histogram(angle, ITA_EDGES_DEG)
    assert counts.sum() == len(skins)
    # A sixth each; of 300, chance alone moves a count of 50 by less than 26 (four standard deviations).
    assert np.abs(counts - len(skins) / 6).max() < 26


def test_drawn_skins_have_the_hue_of_skin(skins):
    _, red, yellow = lab(np.array([skin_colour(s.melanin, s.haemoglobin) for s in skins])).T
    # Measured hue angles run from 35° to 75° (Xiao et al. 2017, four ethnic groups); the same with a margin.
    hue = np.degrees(np.arctan2(yellow, red))
    assert hue.min() > 30
    assert hue.max() < 80


def test_melanin_darkens_every_channel():
    darker = skin_colour(np.linspace(0.005, 0.4, 20), 0.015)
    assert (np.diff(darker, axis=0) < 0).all()


def test_blood_takes_green_more_than_red():
    pale, red = skin_colour(0.02, 0.005), skin_colour(0.02, 0.03)
    assert red[1] / pale[1] < red[0] / pale[0] < 1


def test_lips_are_redder_than_the_skin_around_them(skins):
    for skin in skins[:40]:
        around, lips = skin_colour(skin.melanin, skin.haemoglobin), lip_colour(skin)
        assert lips[0] / lips[1] > around[0] / around[1]


def test_the_table_of_pigments_agrees_with_the_model():
    melanin, haemoglobin = np.meshgrid(np.geomspace(0.002, 0.6, 40), np.geomspace(0.004, 0.2, 40))
    exact, looked_up = (f(melanin.ravel(), haemoglobin.ravel()) for f in (skin_colour, pigment_colour))
    # Half a step of the table is 0.7% of melanin and 1% of blood.
    assert np.abs(looked_up / exact - 1).max() < 0.02


def test_light_wanders_less_far_in_darker_skin_and_farthest_when_red(skins):
    ordered = sorted(skins, key=lambda skin: skin.melanin)
    paths = np.array([scattering_mm(skin) for skin in ordered])
    assert (np.diff(paths, axis=0) <= 0).all()
    assert (np.diff(paths, axis=1) < 0).all()


def test_only_men_have_the_shadow_of_a_beard_and_lines_come_with_age():
    rng = np.random.default_rng(3)
    women, men = ([skin_rand(rng, age, sex) for age in np.linspace(0, 1, 60)] for sex in (0.0, 1.0))
    assert max(skin.stubble for skin in women) == 0
    assert min(skin.stubble for skin in men) > 0
    assert np.mean([s.lines for s in men[40:]]) > np.mean([s.lines for s in men[:20]]) + 0.3
