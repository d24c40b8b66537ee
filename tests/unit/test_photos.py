"""Files in, files out: every kind of photo, every bad one, and the whole of ``relight-stage relight``."""

import importlib.util
import os
import re
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import OpenEXR
import pytest

from relight_stage import cli
from relight_stage.errors import ConfigError, PhotoError, SceneError
from relight_stage.nets import photos
from relight_stage.nets.photos import check_writable, read_light, read_photo, relight_photo, write_picture
from relight_stage.scenes.colour import linear_to_srgb, srgb_to_linear

spec = importlib.util.spec_from_file_location("stand_ins", Path(__file__).with_name("stand_ins.py"))
stand_ins = importlib.util.module_from_spec(spec)
spec.loader.exec_module(stand_ins)

# 8-bit RGB with a different colour in each quarter: any turn or swap of channels shows.
QUARTERS = np.zeros((80, 120, 3), np.uint8)
QUARTERS[:40, :60], QUARTERS[:40, 60:], QUARTERS[40:, :60], QUARTERS[40:][:, 60:] = (
    (250, 20, 30),
    (40, 200, 60),
    (10, 60, 220),
    (128, 128, 128),
)
LINEAR = srgb_to_linear(QUARTERS / np.float32(255))


def save(path: Path, rgb: np.ndarray, *options: int) -> Path:
    bgr = rgb if rgb.ndim == 2 else cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR if rgb.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
    assert cv2.imwrite(str(path), bgr, options)
    return path


def with_exif_orientation(jpeg: bytes, orientation: int) -> bytes:
    """Insert an EXIF segment with nothing but the orientation tag (0x0112). Source: Exif 2.32, 4.6.2."""
    tiff = b"II*\0\x08\0\0\0" + b"\x01\0" + b"\x12\x01\x03\0\x01\0\0\0" + bytes([orientation, 0, 0, 0]) + b"\0\0\0\0"
    segment = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + jpeg[2:]


# Photos


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.bmp"])
def test_8_bit_files_decode_to_scene_linear(tmp_path, name):
    photo = read_photo(save(tmp_path / name, QUARTERS))
    assert photo.alpha is None and photo.rgb.dtype == np.float32
    assert photo.rgb == pytest.approx(LINEAR, abs=1e-6)


@pytest.mark.parametrize("name", ["a.jpg", "a.webp"])
def test_lossy_files_come_close(tmp_path, name):
    photo = read_photo(save(tmp_path / name, QUARTERS))
    assert np.abs(linear_to_srgb(photo.rgb) - QUARTERS / 255)[10:30, 10:50].max() < 0.04


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_16_bits_keep_what_8_would_lose(tmp_path, name):
    fine = np.linspace(20000, 20100, 80 * 120 * 3).reshape(80, 120, 3).astype(np.uint16)
    photo = read_photo(save(tmp_path / name, fine))
    assert photo.rgb == pytest.approx(srgb_to_linear(fine / 65535), rel=1e-5)
    assert len(np.unique(photo.rgb)) > 90


def test_grey_files_have_three_equal_channels(tmp_path):
    for dtype, top in ((np.uint8, 255), (np.uint16, 65535)):
        grey = (np.linspace(0, 1, 80 * 100).reshape(80, 100) * top).astype(dtype)
        rgb = read_photo(save(tmp_path / "grey.png", grey)).rgb
        assert rgb.shape == (80, 100, 3) and (rgb[..., 0] == rgb[..., 2]).all()
        assert rgb[..., 1] == pytest.approx(srgb_to_linear(grey / top), abs=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_alpha_is_read_and_an_opaque_one_is_none(tmp_path, dtype):
    top = np.iinfo(dtype).max
    rgba = np.dstack([(QUARTERS / 255 * top).astype(dtype), np.full((80, 120), top, dtype)])
    assert read_photo(save(tmp_path / "opaque.png", rgba)).alpha is None
    rgba[:40, :, 3] = top // 5
    photo = read_photo(save(tmp_path / "cut.png", rgba))
    assert photo.alpha[:40] == pytest.approx(0.2, abs=0.001) and (photo.alpha[40:] == 1).all()
    assert photo.rgb == pytest.approx(LINEAR, abs=0.003)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_stands_photos_upright(tmp_path, orientation):
    # How the pixels must lie in the file for the viewer's turn to stand them upright: TIFF 6.0, Orientation.
    lying = {
        1: QUARTERS,
        2: QUARTERS[:, ::-1],
        3: QUARTERS[::-1, ::-1],
        4: QUARTERS[::-1],
        5: QUARTERS.transpose(1, 0, 2),
        6: np.rot90(QUARTERS, 1),
        7: QUARTERS[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(QUARTERS, -1),
    }[orientation]
    path = save(tmp_path / "a.jpg", np.ascontiguousarray(lying))
    path.write_bytes(with_exif_orientation(path.read_bytes(), orientation))
    rgb = linear_to_srgb(read_photo(path).rgb)
    assert rgb.shape == QUARTERS.shape
    assert np.abs(rgb - QUARTERS / 255)[8:-8:8, 8:-8:8].mean() < 0.02


def test_float_files_are_linear_already(tmp_path):
    values = (LINEAR * 7).astype(np.float32)
    save(tmp_path / "a.tif", values, cv2.IMWRITE_TIFF_COMPRESSION, 1)  # OpenCV's default for floats is the lossy LogLuv
    assert read_photo(tmp_path / "a.tif").rgb == pytest.approx(values, rel=1e-6)
    save(tmp_path / "a.hdr", values)
    # Radiance shares one exponent among three 8-bit mantissas.
    assert read_photo(tmp_path / "a.hdr").rgb == pytest.approx(values, abs=values.max() / 128)
    write_picture(tmp_path / "a.exr", values)
    assert read_photo(tmp_path / "a.exr").rgb == pytest.approx(values, rel=1e-6)


def test_exr_alpha_is_associated_in_the_file_and_straight_in_memory(tmp_path):
    alpha = np.tile(np.linspace(0, 1, 120, dtype=np.float32), (80, 1))
    write_picture(tmp_path / "a.exr", LINEAR, alpha)
    with OpenEXR.File(str(tmp_path / "a.exr")) as file:
        assert file.channels()["RGBA"].pixels[..., :3] == pytest.approx(LINEAR * alpha[..., None], abs=1e-6)
    photo = read_photo(tmp_path / "a.exr")
    assert photo.alpha == pytest.approx(alpha)
    assert photo.rgb[:, 2:] == pytest.approx(LINEAR[:, 2:], rel=1e-4, abs=1e-6)


def bad_photos(folder: Path) -> dict[str, str]:
    """Files that cannot be relit, and what must be said of each."""
    whole = save(folder / "whole.jpg", np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)).read_bytes()
    png = save(folder / "whole.png", QUARTERS).read_bytes()
    write_picture(folder / "whole.exr", LINEAR)
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "cut.png").write_bytes(png[: len(png) // 2])
    (folder / "cut.exr").write_bytes((folder / "whole.exr").read_bytes()[:600])
    (folder / "text.jpg").write_text("not a picture")
    (folder / "empty.png").write_bytes(b"")
    (folder / "folder.png").mkdir()
    save(folder / "dot.png", QUARTERS[:1, :1])
    save(folder / "wide.png", np.zeros((64, 9000), np.uint8))
    return {
        "missing.jpg": "does not exist",
        "folder.png": "is a folder",
        "cut.jpg": "is cut off",
        "cut.png": "is cut off",
        "cut.exr": "is not a picture that can be read",
        "text.jpg": "is not a picture that can be read",
        "empty.png": "is not a picture that can be read",
        "dot.png": "is 1x1 px; both sides must be at least 64 px",
        "wide.png": "is 9000x64 px; no side may be longer than 8192 px",
    }


def test_every_bad_photo_has_its_sentence(tmp_path):
    for name, words in bad_photos(tmp_path).items():
        with pytest.raises(PhotoError, match=words) as caught:
            read_photo(tmp_path / name)
        assert name in str(caught.value) and "\n" not in str(caught.value)


def test_a_thumbnails_end_mark_does_not_pass_for_the_photos(tmp_path):
    jpeg = save(tmp_path / "a.jpg", QUARTERS).read_bytes()
    thumbnail = b"\xff\xe1" + (len(jpeg) + 2).to_bytes(2, "big") + jpeg
    (tmp_path / "a.jpg").write_bytes(jpeg[:2] + thumbnail + jpeg[2:])
    read_photo(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").write_bytes(jpeg[:2] + thumbnail + jpeg[2:-300])
    with pytest.raises(PhotoError, match="cut off"):
        read_photo(tmp_path / "a.jpg")


# Pictures


def test_pictures_come_back_as_written(tmp_path):
    write_picture(tmp_path / "a.png", LINEAR)
    assert np.array_equal(cv2.imread(str(tmp_path / "a.png"))[:, :, ::-1], QUARTERS)
    write_picture(tmp_path / "b.png", LINEAR, np.full((80, 120), 0.5), bits=16)
    stored = cv2.imread(str(tmp_path / "b.png"), cv2.IMREAD_UNCHANGED)
    assert stored.dtype == np.uint16 and stored.shape == (80, 120, 4)
    assert read_photo(tmp_path / "b.png").rgb == pytest.approx(LINEAR, abs=2e-5)
    write_picture(tmp_path / "c.jpg", LINEAR)
    assert read_photo(tmp_path / "c.jpg").rgb.shape == (80, 120, 3)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png", "b.png", "c.jpg"]  # no half-written files


def test_a_failed_write_leaves_the_old_picture(tmp_path, monkeypatch):
    write_picture(tmp_path / "a.png", LINEAR)
    before = (tmp_path / "a.png").read_bytes()

    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ConfigError, match="No space left on device"):
        write_picture(tmp_path / "a.png", LINEAR * 0.5)
    assert (tmp_path / "a.png").read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_where_nothing_can_be_written_is_said_before_any_work(tmp_path):
    (tmp_path / "file").write_text("")
    for path, words in (
        (tmp_path / "a.gif", "has no known ending"),
        (tmp_path / "nowhere" / "a.png", "does not exist"),
        (tmp_path / "file" / "a.png", "does not exist"),
        (tmp_path, "has no known ending"),
    ):
        with pytest.raises(ConfigError, match=words):
            check_writable(path)
    with pytest.raises(ConfigError, match="JPEG has no alpha"):
        check_writable(tmp_path / "a.jpg", transparent=True)
    check_writable(tmp_path / "a.PNG")


def test_a_read_only_folder_is_said(tmp_path, monkeypatch):
    # The superuser may write everywhere, so the system's answer is replaced, not the folder's permissions.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ConfigError, match="is not writable"):
        check_writable(tmp_path / "a.png")


# Lights


def test_a_panorama_keeps_its_sun(tmp_path):
    panorama = np.full((32, 64, 3), 0.5, np.float32)
    panorama[8, 40] = 1e5
    save(tmp_path / "sun.hdr", panorama)
    assert read_light(tmp_path / "sun.hdr").max() == pytest.approx(1e5, rel=0.01)


def test_an_8_bit_light_is_taken_with_a_warning(tmp_path, capsys):
    light = read_light(save(tmp_path / "room.png", np.full((30, 50, 3), 128, np.uint8)))
    assert light.shape == (25, 50, 3) and light == pytest.approx(0.2158, abs=1e-3)  # sRGB 128
    assert "room.png is no HDRI" in capsys.readouterr().err


def test_a_panorama_that_is_cut_off_at_white_is_taken_with_a_warning(tmp_path, capsys):
    panorama = np.full((32, 64, 3), 0.5, np.float32)
    panorama[4:8, 10:20] = 1.0
    assert read_light(save(tmp_path / "window.hdr", panorama)).max() == pytest.approx(1, abs=0.01)
    assert "window.hdr is an ordinary picture saved as an HDRI" in capsys.readouterr().err


def test_an_unknown_light_is_named():
    with pytest.raises(SceneError, match="no light moonbase"):
        read_light("moonbase")
    with pytest.raises(SceneError, match="does not exist"):
        read_light("/nowhere/sky.hdr")


def test_studio_lights_go_by_name(tmp_path, monkeypatch):
    folder = tmp_path / "5.0" / "datafiles" / "studiolights" / "world"
    folder.mkdir(parents=True)
    write_picture(folder / "attic.exr", np.ones((8, 16, 3)))

    wheel = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(photos.importlib.util, "find_spec", lambda name: wheel)
    assert read_light("attic").shape == (8, 16, 3)
    with pytest.raises(SceneError, match=r"studio lights \(attic\)"):
        read_light("cellar")


# The whole way


@pytest.fixture(scope="module")
def networks(tmp_path_factory) -> Path:
    return stand_ins.write_networks(tmp_path_factory.mktemp("networks"))


@pytest.fixture
def selfie(tmp_path) -> Path:
    picture = (stand_ins.draw_portrait(192, 160, 130.0, (96.0, 80.0)) * 255).astype(np.uint8)
    return save(tmp_path / "selfie.png", picture)


@pytest.fixture
def lamp(tmp_path) -> Path:
    """A panorama whose only lamp stands in its centre column: at +X of Blender's world, image right."""
    panorama = np.full((64, 128, 3), 0.02, np.float32)
    panorama[28:32, 62:66] = 200
    return save(tmp_path / "lamp.hdr", panorama)


def halves(path: Path) -> tuple[float, float]:
    rgb = read_photo(path).rgb
    return rgb[80:110, 45:65].mean(), rgb[80:110, 95:115].mean()


def test_the_light_stands_as_in_blenders_front_view_and_turns_with_it(tmp_path, networks, selfie, lamp):
    out = tmp_path / "out.exr"
    relight_photo(selfie, lamp, out, background="none", model=networks, exposure=0.0)
    left, right = halves(out)
    assert right > 3 * left
    # Half a turn brings the lamp from +X to −X.
    relight_photo(selfie, lamp, out, rotate_deg=180, background="none", model=networks, exposure=0.0)
    left, right = halves(out)
    assert left > 3 * right
    # A quarter turn clockwise from above brings it from +X to −Y, in front of the face.
    relight_photo(selfie, lamp, out, rotate_deg=-90, background="none", model=networks, exposure=0.0)
    left, right = halves(out)
    assert left == pytest.approx(right, rel=0.1)


def test_the_brightness_of_the_face_is_kept_and_printed(tmp_path, networks, selfie, capsys):
    light = save(tmp_path / "even.hdr", np.full((16, 32, 3), 37.0, np.float32))
    relight_photo(selfie, light, tmp_path / "out.png", model=networks)
    before, after = read_photo(selfie).rgb[70:120, 60:100], read_photo(tmp_path / "out.png").rgb[70:120, 60:100]
    assert after.mean() == pytest.approx(before.mean(), rel=0.15)
    stops = float(re.search(r"exposure ([+-][\d.]+) stops", capsys.readouterr().out)[1])
    assert -8 < stops < -4  # 37 of radiance on albedo 0.6 is some 6 stops over a photo's face


def test_stops_fix_the_exposure(tmp_path, networks, selfie, lamp):
    for name, stops in (("a.exr", 0.0), ("b.exr", -2.0)):
        relight_photo(selfie, lamp, tmp_path / name, background="none", exposure=stops, model=networks)
    one, quarter = read_photo(tmp_path / "a.exr").rgb, read_photo(tmp_path / "b.exr").rgb
    assert quarter == pytest.approx(one / 4, rel=1e-3, abs=1e-5)


def test_backgrounds(tmp_path, networks, selfie, lamp):
    out = tmp_path / "out.png"
    relight_photo(selfie, lamp, out, background="none", model=networks)
    stored = cv2.imread(str(out), cv2.IMREAD_UNCHANGED)
    assert stored.shape == (192, 160, 4) and stored[2, 2, 3] == 0 and stored[96, 80, 3] == 255
    relight_photo(selfie, lamp, out, background="#3366cc", model=networks)
    assert tuple(cv2.imread(str(out))[2, 2]) == (0xCC, 0x66, 0x33)
    relight_photo(selfie, lamp, out, background="0.5,0.25,0", model=networks)
    assert tuple(cv2.imread(str(out))[2, 2, ::-1]) == tuple(np.round(linear_to_srgb([0.5, 0.25, 0]) * 255))
    # A quarter turn counter-clockwise brings the lamp from +X to +Y: into the picture, behind the person.
    high = save(tmp_path / "high.hdr", np.roll(cv2.imread(str(lamp), cv2.IMREAD_UNCHANGED)[:, :, ::-1], -4, axis=0))
    relight_photo(selfie, high, tmp_path / "lit.exr", rotate_deg=90, exposure=0.0, model=networks)
    relight_photo(selfie, high, tmp_path / "unlit.exr", rotate_deg=0, exposure=0.0, model=networks)
    # Rows 24 to 28 of 64 are 11 to 22 degrees up; the picture's top is at 20, the person starts below row 25.
    lit, unlit = (read_photo(tmp_path / name).rgb[:25] for name in ("lit.exr", "unlit.exr"))
    assert unlit == pytest.approx(0.02, rel=0.1) and lit.max() > 1


def test_maps_are_written_with_their_meaning(tmp_path, networks, selfie, lamp):
    maps = tmp_path / "new" / "maps"
    relight_photo(selfie, lamp, tmp_path / "out.png", maps=maps, model=networks)
    names = {f"{name}.{kind}" for name in ("matte", "normals", "albedo", "foreground") for kind in ("png", "exr")}
    assert {path.name for path in maps.iterdir()} == names
    normals = cv2.imread(str(maps / "normals.png"))[:, :, ::-1] / 255.0 * 2 - 1
    assert normals[96, 110, 0] > 0.2 and normals[50, 80, 1] > 0.2 and normals[96, 80, 2] > 0.95  # OpenGL: +y up
    assert read_photo(maps / "normals.exr").rgb == pytest.approx(normals, abs=0.005)
    assert read_photo(maps / "matte.exr").rgb[96, 80, 0] == 1
    inside = read_photo(maps / "matte.exr").rgb[:, :, 0] == 1
    # The photo may mend it from place to place, not as a whole.
    whole = np.exp(np.log(read_photo(maps / "albedo.exr").rgb[inside]).mean(axis=0))
    assert whole == pytest.approx(stand_ins.ALBEDO, rel=0.05)


def test_bad_wishes_are_refused_before_the_work(tmp_path, networks, selfie, lamp):
    with pytest.raises(ConfigError, match="no background"):
        relight_photo(selfie, lamp, tmp_path / "out.png", background="pink", model=networks)
    with pytest.raises(ConfigError, match="JPEG has no alpha"):
        relight_photo(selfie, lamp, tmp_path / "out.jpg", background="none", model=networks)
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be made"):
        relight_photo(selfie, lamp, tmp_path / "out.png", maps=tmp_path / "file" / "maps", model=networks)
    dark = save(tmp_path / "dark.hdr", np.zeros((16, 32, 3), np.float32))
    with pytest.raises(SceneError, match="face black"):
        relight_photo(selfie, dark, tmp_path / "out.png", model=networks)
    with pytest.raises(PhotoError, match="No face found in nobody"):
        relight_photo(save(tmp_path / "nobody.png", QUARTERS * 0), lamp, tmp_path / "out.png", model=networks)
    assert not (tmp_path / "out.png").exists()


def test_the_command_line_does_the_same(tmp_path, networks, selfie, lamp, capsys):
    wishes = ["--light", str(lamp), "--model", str(networks), "--exposure", "-1", "-o", str(tmp_path / "cli.png")]
    assert cli.main(["relight", str(selfie), *wishes]) == 0
    relight_photo(selfie, lamp, tmp_path / "call.png", exposure=-1.0, model=networks)
    assert (tmp_path / "cli.png").read_bytes() == (tmp_path / "call.png").read_bytes()
    assert cli.main(["relight", str(tmp_path / "none.jpg"), *wishes]) == 1
    said = capsys.readouterr().err
    assert "none.jpg does not exist" in said and said.count("\n") == 1
