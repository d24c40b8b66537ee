"""``relight-stage compose`` on a sphere whose lights are known: sums, files, and what it refuses."""

import numpy as np
import pytest

from relight_stage.cli import main
from relight_stage.errors import ConfigError, SampleError, SceneError
from relight_stage.scenes import light_map as lm
from relight_stage.scenes.cameras import Camera
from relight_stage.scenes.lights import olat_directions, olat_half_angle
from relight_stage.synth.compose import compose, compose_sample, find_light
from relight_stage.synth.exr import read_planes
from relight_stage.synth.sample import FORMAT, Olat, Sample, write_sample

SIDE, COUNT = 24, 64
CAMERA = Camera(yaw_deg=25, pitch_deg=8)


@pytest.fixture(scope="module")
def sphere():
    """Normals (H, W, 3) and coverage (H, W, 1)."""
    axis = (np.arange(SIDE) + 0.5) / SIDE * 2.2 - 1.1
    x, y = np.meshgrid(axis, -axis)
    inside = x * x + y * y < 0.95
    z = np.sqrt(np.clip(1 - x * x - y * y, 0, None))
    return np.stack([x, y, z], axis=-1), inside[:, :, None].astype(np.float32)


def disc_irradiance(normals, lights):
    """Irradiance (H, W, N) by discs of solid angle 4π/N and unit normal irradiance: 60 points spread over each."""
    k = np.arange(60) + 0.5
    z, azimuth = 1 - (1 - np.cos(olat_half_angle(COUNT))) * k / 60, k * np.pi * (3 - np.sqrt(5))
    ring = np.sqrt(1 - z * z)[:, None] * np.stack([np.cos(azimuth), np.sin(azimuth)], axis=-1)
    out = []
    for light in lights:
        side = np.cross(light, [0.6, 0.0, 0.8])
        side /= np.linalg.norm(side)
        points = ring @ np.stack([side, np.cross(light, side)]) + z[:, None] * light
        out.append(np.maximum(normals @ points.T, 0).mean(axis=-1) / z.mean())
    return np.stack(out, axis=-1)


@pytest.fixture(scope="module")
def folder(sphere, tmp_path_factory):
    normals, matte = sphere
    lights = olat_directions(COUNT)
    lit = disc_irradiance(normals, lights).transpose(2, 0, 1)[..., None] / np.pi * matte * [0.6, 0.4, 0.3]
    glint = np.maximum(normals @ lights.T, 0).transpose(2, 0, 1)[..., None] ** 20 * matte * [0.05, 0.05, 0.05]
    olat = Olat(lit.astype(np.float16), glint.astype(np.float16), lights)
    meta = {
        "format": FORMAT,
        "camera": {"matrix_world": CAMERA.matrix_world().tolist()},
        "olat": {"count": COUNT, "directions": lights.tolist()},
    }
    out = tmp_path_factory.mktemp("set") / "000007"
    write_sample(out, Sample(meta, {"matte": matte}, np.ones((64, 128, 3), np.float32)), olat)
    return out


@pytest.fixture
def panorama(tmp_path):
    """A bump of light some 40° wide on a dim sky, as a file."""
    import cv2

    toward = np.array([0.48, 0.6, 0.64])
    pixels = 0.05 + 4 * np.exp(8 * (lm.directions(64) @ toward - 1))[:, :, None] * [1.0, 0.8, 0.6]
    path = tmp_path / "bump.hdr"
    cv2.imwrite(str(path), pixels.astype(np.float32)[:, :, ::-1])
    return path


def lambert(sphere, path, turn_deg):
    light = lm.panorama_in_camera(lm.read_light_map(path), CAMERA.matrix_world()[:3, :3], np.radians(turn_deg))
    power = (light * lm.solid_angles(64)[:, :, None]).reshape(-1, 3)
    return np.maximum(sphere[0] @ lm.directions(64).reshape(-1, 3).T, 0) @ power / np.pi * [0.6, 0.4, 0.3]


@pytest.mark.parametrize("turn_deg", [0.0, 110.0, -75.0])
def test_the_sum_is_lamberts_image_under_the_turned_panorama(sphere, folder, panorama, tmp_path, turn_deg):
    compose_sample(folder, str(panorama), turn_deg, tmp_path / "out.exr", report=lambda _: None)
    planes = read_planes(tmp_path / "out.exr")
    found = np.stack([planes[f"diffuse.{c}"] for c in "RGB"], axis=-1)
    true, inside = lambert(sphere, panorama, turn_deg), sphere[1][:, :, 0] > 0
    error = np.sqrt(((found - true)[inside] ** 2).mean()) / np.sqrt((true[inside] ** 2).mean())
    assert error < 0.03
    full = np.stack([planes[c] for c in "RGB"], axis=-1)
    specular = np.stack([planes[f"specular.{c}"] for c in "RGB"], axis=-1)
    assert full == pytest.approx(found + specular, abs=1e-6)
    assert np.array_equal(planes["A"], sphere[1][:, :, 0])


def test_a_whole_turn_changes_nothing(folder, panorama, tmp_path):
    for name, turn in (("a.exr", 30.0), ("b.exr", 390.0)):
        compose_sample(folder, str(panorama), turn, tmp_path / name, report=lambda _: None)
    one, other = (read_planes(tmp_path / name)["R"] for name in ("a.exr", "b.exr"))
    assert one == pytest.approx(other, abs=1e-5)


def test_the_command_writes_a_picture_to_look_at(folder, panorama, tmp_path, monkeypatch, capsys):
    import cv2

    monkeypatch.chdir(tmp_path)
    assert main(["compose", str(folder), "--light", str(panorama), "--rotate-deg", "40"]) == 0
    assert "000007_bump.png" in capsys.readouterr().out
    picture = cv2.imread(str(tmp_path / "000007_bump.png"), cv2.IMREAD_UNCHANGED)
    assert picture.shape == (SIDE, SIDE, 4) and picture.dtype == np.uint16
    assert picture[..., 3].max() == 65535 and picture[0, 0, 3] == 0
    assert 0.6 < np.percentile(picture[..., :3].max(axis=-1)[picture[..., 3] > 0], 95) / 65535 <= 1


def test_a_panorama_that_is_cut_off_at_white_is_used_with_a_warning(folder, tmp_path):
    import cv2

    pixels = np.full((32, 64, 3), 0.5, np.float32)
    pixels[4:8, 10:20] = 1.0
    cv2.imwrite(str(tmp_path / "window.hdr"), pixels)
    lines = []
    compose_sample(folder, str(tmp_path / "window.hdr"), out=tmp_path / "out.exr", report=lines.append)
    assert lines[0].startswith("window.hdr is an ordinary picture saved as an HDRI") and (tmp_path / "out.exr").exists()


def test_light_of_single_lamps_adds_up_to_their_images(folder, sphere):
    from relight_stage.synth.sample import read_olat

    olat = read_olat(folder)
    even = compose(olat, np.ones((64, 128, 3), np.float32))
    inside = sphere[1][:, :, 0] > 0
    # Radiance 1 from everywhere gives irradiance π: the image is the albedo.
    assert even.diffuse[inside] == pytest.approx(np.broadcast_to([0.6, 0.4, 0.3], (inside.sum(), 3)), rel=0.03)


def test_what_cannot_be_composed_is_named(folder, panorama, tmp_path):
    import cv2

    cv2.imwrite(str(tmp_path / "eight.png"), np.zeros((8, 16, 3), np.uint8))
    with pytest.raises(SceneError, match=r"eight\.png is not an HDRI"):
        compose_sample(folder, str(tmp_path / "eight.png"))
    with pytest.raises(SceneError, match="There is no light moonbeam"):
        find_light("moonbeam")
    with pytest.raises(SceneError, match=r"none\.hdr does not exist"):
        compose_sample(folder, str(tmp_path / "none.hdr"))
    with pytest.raises(ConfigError, match=r"out\.jpg: write \.exr"):
        compose_sample(folder, str(panorama), out=tmp_path / "out.jpg")
    with pytest.raises(SampleError, match="not a complete sample"):
        compose_sample(tmp_path, str(panorama))
    bare = Sample({"format": FORMAT, "olat": None}, {"matte": np.ones((8, 8, 1))}, np.ones((64, 128, 3)))
    write_sample(tmp_path / "000000", bare)
    with pytest.raises(SampleError, match="--lights olat:32"):
        compose_sample(tmp_path / "000000", str(panorama))
    with pytest.raises(SampleError, match="Choose another place"):
        compose_sample(folder, str(panorama), out=tmp_path / "nowhere" / "out.png")
