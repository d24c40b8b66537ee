"""Laws of light maps: light is kept, frames turn back, patches tile the sphere."""

import itertools

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from relight_stage.errors import SceneError
from relight_stage.scenes import light_map as lm
from relight_stage.scenes.lights import olat_bands, olat_directions, olat_half_angle


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
    assert lm.flux(lm.resize(light, height)) == pytest.approx(lm.flux(light), rel=1e-6)


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


def patch_of(toward, count):
    """Which patch of a rig holds each direction (..., 3), found by its edges alone."""
    bands = olat_bands(count)
    low = np.array([band.low for band in bands])
    band = np.clip(np.searchsorted(low, -toward[..., 1], side="right") - 1, 0, len(bands) - 1)
    counts, starts = np.array([b.sectors for b in bands]), np.array([b.start for b in bands])
    turn = np.mod(np.arctan2(toward[..., 0], toward[..., 2]) - starts[band], 2 * np.pi) / (2 * np.pi)
    return (np.cumsum(counts) - counts)[band] + np.minimum((turn * counts[band]).astype(int), counts[band] - 1)


@pytest.mark.parametrize("count", [4, 5, 13, 32, 64, 128, 331, 512])
def test_the_patches_of_a_rig_are_equal_and_tile_the_sphere(count):
    bands = olat_bands(count)
    assert (bands[0].low, bands[-1].high) == (-1, 1)
    assert all(one.high == other.low for one, other in itertools.pairwise(bands))
    assert sum(band.sectors for band in bands) == count
    # Equal lengths of the sine of the elevation are equal solid angles.
    areas = [(band.high - band.low) * 2 * np.pi / band.sectors for band in bands]
    assert areas == pytest.approx([4 * np.pi / count] * len(bands), rel=1e-12)


@pytest.mark.parametrize("count", [32, 64, 128, 331])
def test_a_light_stands_in_the_middle_of_its_patch(rng, count):
    points = rng.normal(size=(400_000, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    patch = patch_of(points, count)
    means = np.stack([np.bincount(patch, points[:, k], minlength=count) for k in range(3)], axis=-1)
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    lights = olat_directions(count)
    # A patch of √(4π/N) holds 400,000/N points: four standard errors of their mean.
    assert np.linalg.norm(means - lights, axis=1).max() < 4 * np.sqrt(4 * np.pi / count) * np.sqrt(count / 400_000)


@pytest.mark.parametrize("count", [4, 32, 64, 128, 331])
def test_every_texels_light_lands_once(rng, count):
    light = rng.gamma(0.2, 5.0, (48, 96, 3)).astype(np.float32)
    fluxes = lm.olat_fluxes(light, olat_directions(count))
    assert fluxes.sum(axis=0) == pytest.approx(lm.flux(light), rel=1e-9)
    even = lm.olat_fluxes(np.ones((48, 96, 3)), olat_directions(count))
    assert even == pytest.approx(np.full((count, 3), 4 * np.pi / count), rel=1e-9)


def test_a_texel_across_a_border_is_shared_by_area(rng):
    count, row, column = 64, 5, 20
    light = np.zeros((16, 32, 3))
    light[row, column] = 1
    # Points spread evenly over the texel, by solid angle.
    x = rng.uniform(*lm.row_edges(16)[row : row + 2], 100_000)
    azimuth = (rng.uniform(column, column + 1, 100_000) / 32 - 0.5) * 2 * np.pi
    level = np.sqrt(1 - x * x)
    points = np.stack([np.sin(azimuth) * level, -x, np.cos(azimuth) * level], axis=-1)
    shares = np.bincount(patch_of(points, count), minlength=count) / 100_000
    found = lm.olat_fluxes(light, olat_directions(count))[:, 0] / lm.flux(light)[0]
    assert (shares > 0.05).sum() >= 2  # a border runs through this texel
    assert found == pytest.approx(shares, abs=0.01)  # six standard errors of 100,000 points


def test_lights_that_are_no_rig_share_the_light_too(rng):
    lights = rng.normal(size=(24, 3))
    lights /= np.linalg.norm(lights, axis=1, keepdims=True)
    light = rng.gamma(0.2, 5.0, (64, 128, 3)).astype(np.float32)
    assert lm.olat_fluxes(light, lights).sum(axis=0) == pytest.approx(lm.flux(light), rel=1e-9)


@pytest.mark.parametrize("count", [16, 32, 64, 128])
def test_olat_weights_give_the_irradiance_of_a_constant_light(count):
    # Under radiance 1 the irradiance on any plane is π; discs of weight w at angle θ add w·cos θ.
    directions = olat_directions(count)
    weights = lm.olat_weights(np.ones((64, 128, 3), np.float32), directions)
    normals = np.random.default_rng(1).normal(size=(50, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    irradiance = np.maximum(normals @ directions.T, 0) @ weights
    # The half disc on the horizon still lights the plane; N = 16 leaves 9%, which falls as 1/N.
    assert irradiance == pytest.approx(np.full((50, 3), np.pi), rel=1.6 / count + 0.02)


def test_olat_weights_keep_all_light_and_are_never_negative(rng):
    light = rng.gamma(0.05, 5.0, (64, 128, 3)).astype(np.float32)
    for count in (32, 64):
        weights = lm.olat_weights(light, olat_directions(count))
        cos_half = np.cos(olat_half_angle(count))
        assert weights.min() >= 0
        assert weights.sum(axis=0) * 2 / (1 + cos_half) == pytest.approx(lm.flux(light), rel=1e-5)


def test_olat_weights_grow_with_the_light(rng):
    light = rng.gamma(0.2, 5.0, (64, 128, 3)).astype(np.float32)
    directions = olat_directions(32)
    assert lm.olat_weights(1e4 * light, directions) == pytest.approx(1e4 * lm.olat_weights(light, directions), rel=1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_olat_weights_light_a_sphere_better_than_patches_do(seed):
    # A bump of light about 30° wide anywhere; the irradiance of discs and of texels is exact and independent.
    rng = np.random.default_rng(seed)
    toward = rng.normal(size=3)
    toward /= np.linalg.norm(toward)
    light = np.exp(12 * (lm.directions(64) @ toward - 1))[:, :, None] * np.ones(3)
    normals = rng.normal(size=(400, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    power = (light * lm.solid_angles(64)[:, :, None]).reshape(-1, 3)[:, 0]
    true = np.maximum(normals @ lm.directions(64).reshape(-1, 3).T, 0) @ power
    lights, half = olat_directions(64), olat_half_angle(64)
    discs = disc_irradiance(normals, lights, half)

    def error(weights):
        return np.sqrt(np.mean((discs @ weights - true) ** 2) / np.mean(true**2))

    by_patches = lm.olat_fluxes(light, lights)[:, 0] * (1 + np.cos(half)) / 2
    assert error(lm.olat_weights(light, lights)[:, 0]) < 0.8 * error(by_patches)


def disc_irradiance(normals, lights, half):
    """Irradiance (M, N) by discs of unit normal irradiance, each as 300 points spread evenly over it."""
    k = np.arange(300) + 0.5
    z, azimuth = 1 - (1 - np.cos(half)) * k / 300, k * np.pi * (3 - np.sqrt(5))
    r = np.sqrt(1 - z * z)
    out = np.zeros((len(normals), len(lights)))
    for i, light in enumerate(lights):
        side = np.cross(light, [0.6, 0.0, 0.8])
        side /= np.linalg.norm(side)
        points = r[:, None] * (np.cos(azimuth)[:, None] * side + np.sin(azimuth)[:, None] * np.cross(light, side))
        points += z[:, None] * light
        out[:, i] = np.maximum(normals @ points.T, 0).mean(axis=1) / z.mean()
    return out


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
