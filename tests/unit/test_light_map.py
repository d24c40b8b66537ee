"""Laws of light maps: light is kept, frames turn back, discs tile the sphere."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from relight_stage.errors import SceneError
from relight_stage.scenes import light_map as lm
from relight_stage.scenes.lights import olat_directions, olat_half_angle


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def one_texel(height, row, column, radiance=1e5):
    out = np.full((height, 2 * height, 3), 0.1, np.float32)
    out[row, column] = radiance
    return out


def brightest(light_map):
    height = light_map.shape[0]
    index = np.argmax(light_map.sum(axis=-1))
    return lm.directions(height).reshape(-1, 3)[index]


def centroid(light_map):
    """Direction of the mean of light far above the rest, finer than a texel."""
    weight = (light_map.sum(axis=-1) * lm.solid_angles(light_map.shape[0])).ravel()
    mean = (weight[:, None] * lm.directions(light_map.shape[0]).reshape(-1, 3)).sum(axis=0)
    return mean / np.linalg.norm(mean)


def test_texels_cover_the_sphere_once():
    assert lm.solid_angles(32).sum() * 64 == pytest.approx(4 * np.pi)
    assert np.allclose(np.linalg.norm(lm.directions(16), axis=-1), 1)


def test_the_convention_is_the_documented_one():
    d = lm.directions(64)
    # The two columns around the centre straddle azimuth 0; half a texel is 1.4°.
    assert d[32, 64] @ [0, 0, 1] > 0.999  # centre: from the camera
    assert d[32, 96] @ [1, 0, 0] > 0.999  # right of it: from image right
    assert d[0, 10] @ [0, 1, 0] > 0.999  # top: from above


@pytest.mark.parametrize("height", [8, 30, 64, 100])
def test_resizing_keeps_all_light(rng, height):
    light = rng.gamma(0.3, 5.0, (64, 128, 3)).astype(np.float32)
    assert lm.flux(lm.resize(light, height)) == pytest.approx(lm.flux(light), rel=2e-3)  # midpoint row weights


@pytest.mark.parametrize("seed", range(6))
def test_a_sun_keeps_its_light_and_direction_in_another_frame(seed):
    rotation = Rotation.random(random_state=seed).as_matrix()
    sun = one_texel(256, 100 + 5 * seed, 37 * seed)
    turned = lm.change_frame(sun, rotation, 64)
    assert lm.flux(turned) == pytest.approx(lm.flux(sun), rel=1e-4)
    # target = rotationᵀ · source; half a texel of the target map is 1.4°.
    assert centroid(turned) @ (rotation.T @ centroid(sun)) > np.cos(np.radians(1.4))


def test_a_frame_and_back_is_the_same_light(rng):
    rotation = Rotation.random(random_state=3).as_matrix()
    smooth = lm.directions(64) @ rng.normal(size=(3, 3)) + 3
    there = lm.change_frame(smooth.astype(np.float32), rotation, 64)
    back = lm.change_frame(there, rotation.T, 64)
    assert np.abs(back - smooth).max() < 0.02 * np.abs(smooth).max()  # two bilinear lookups at 2.8° a texel


def test_turning_by_360_degrees_changes_nothing(rng):
    light = rng.random((16, 32, 3)).astype(np.float32)
    assert np.allclose(lm.rotate(light, 2 * np.pi), light, atol=1e-5)


def test_turning_moves_frontal_light_to_image_right():
    assert brightest(lm.rotate(one_texel(16, 8, 16), np.pi / 2)) @ [1, 0, 0] > 0.97


def test_blenders_panorama_centre_is_world_x():
    # A camera whose axes are the world's: its light map's +x is the world's +X.
    turned = lm.panorama_in_camera(one_texel(64, 32, 64), np.eye(3))
    assert brightest(turned) @ [1, 0, 0] > 0.999
    # Turned a quarter counter-clockwise from above, +X becomes +Y.
    quarter = lm.panorama_in_camera(one_texel(64, 32, 64), np.eye(3), np.pi / 2)
    assert brightest(quarter) @ [0, 1, 0] > 0.999


@pytest.mark.parametrize("count", [16, 32, 64])
def test_olat_weights_give_the_irradiance_of_a_constant_light(count):
    # Under radiance 1 the irradiance on any plane is π; discs of weight w at angle θ add w·cos θ.
    directions = olat_directions(count)
    weights = lm.olat_weights(np.ones((64, 128, 3), np.float32), directions)
    normals = np.random.default_rng(1).normal(size=(50, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    irradiance = np.maximum(normals @ directions.T, 0) @ weights
    # The half disc on the horizon still lights the plane; N = 16 leaves 9%, which falls as 1/N.
    assert irradiance == pytest.approx(np.full((50, 3), np.pi), rel=1.6 / count + 0.02)


def test_olat_discs_tile_the_sphere():
    assert 32 * 2 * np.pi * (1 - np.cos(olat_half_angle(32))) == pytest.approx(4 * np.pi)


def test_the_view_behind_the_subject_shows_what_lies_behind():
    light = one_texel(64, 32, 0)  # column 0: azimuth −π, behind the subject
    picture = lm.view(light, 33, 33, 40)
    row, column = np.unravel_index(picture.sum(axis=-1).argmax(), (33, 33))
    assert abs(row - 16) <= 2 and abs(column - 16) <= 2


def test_unreadable_panoramas_are_named(tmp_path):
    import cv2

    with pytest.raises(SceneError, match="does not exist"):
        lm.read_light_map(tmp_path / "none.hdr")
    (tmp_path / "text.hdr").write_text("not a picture")
    with pytest.raises(SceneError, match="damaged"):
        lm.read_light_map(tmp_path / "text.hdr")
    (tmp_path / "text.exr").write_text("not a picture")
    with pytest.raises(SceneError, match="damaged"):
        lm.read_light_map(tmp_path / "text.exr")
    cv2.imwrite(str(tmp_path / "eight.png"), np.zeros((8, 16, 3), np.uint8))
    with pytest.raises(SceneError, match="not an HDRI"):
        lm.read_light_map(tmp_path / "eight.png")


def test_a_panorama_with_nan_is_refused(tmp_path):
    import OpenEXR

    pixels = np.ones((8, 16, 3), np.float32)
    pixels[2, 3] = np.nan
    with OpenEXR.File({"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}, {"RGB": pixels}) as file:
        file.write(str(tmp_path / "nan.exr"))
    with pytest.raises(SceneError, match="1 texels that are NaN"):
        lm.read_light_map(tmp_path / "nan.exr")


def test_radiance_files_round_trip_unclipped(tmp_path):
    import cv2

    pixels = one_texel(32, 3, 5, 1e5)
    cv2.imwrite(str(tmp_path / "sun.hdr"), pixels[:, :, ::-1])
    # RGBE holds eight bits of mantissa.
    assert lm.read_light_map(tmp_path / "sun.hdr") == pytest.approx(pixels, rel=1 / 128)
