"""Colour laws, judged by scikit-image and the standard's own numbers."""

import numpy as np
import pytest
from skimage.color import rgb2gray, rgb2xyz

from relight_stage.scenes.colour import linear_to_srgb, luminance, srgb_to_linear


def test_every_8_bit_value_survives_the_round_trip():
    encoded = np.arange(256, dtype=np.float32) / 255
    back = linear_to_srgb(srgb_to_linear(encoded))
    assert np.array_equal(np.round(back * 255), np.arange(256))
    assert back == pytest.approx(encoded, abs=2e-6)  # float32 through a power of 2.4 and back


def test_decoding_agrees_with_scikit_image():
    colours = np.random.default_rng(1).random((50, 40, 3))
    # rgb2xyz decodes sRGB and multiplies by the matrix whose Y row is luminance; it prints that row to 6 digits.
    assert luminance(srgb_to_linear(colours)) == pytest.approx(rgb2xyz(colours)[..., 1], abs=1e-4)


def test_luminance_weighs_as_rec_709():
    colours = np.random.default_rng(2).random((9, 3)).astype(np.float32)
    # scikit-image rounds the weights to four digits of another white: 0.2125, 0.7154, 0.0721.
    assert luminance(colours) == pytest.approx(rgb2gray(colours), abs=5e-4)
    assert luminance(np.ones(3)) == pytest.approx(1)


def test_the_two_branches_meet():
    assert srgb_to_linear(np.array([0.04045]))[0] == pytest.approx(0.0031308, rel=1e-4)
    assert srgb_to_linear(np.array([0.5]))[0] == pytest.approx(0.21404, abs=1e-5)  # IEC 61966-2-1


def test_values_beyond_the_range_keep_their_order():
    wide = np.array([-2.0, -0.1, 0.0, 0.5, 1.0, 4.0], np.float32)
    assert (np.diff(linear_to_srgb(wide)) > 0).all()
    assert srgb_to_linear(linear_to_srgb(wide)) == pytest.approx(wide, rel=1e-5)
