"""Blender images in and out: every kind of file arrives as scene-linear straight colour, top row first."""

from types import SimpleNamespace

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="the headless tier needs the bpy wheel: make env")
import cv2  # noqa: E402

from relight_stage.addon import images, storing  # noqa: E402
from relight_stage.addon.pictures import encode  # noqa: E402
from relight_stage.errors import PhotoError  # noqa: E402

pytestmark = pytest.mark.addon


@pytest.fixture(autouse=True)
def empty_file():
    bpy.ops.wm.read_factory_settings(use_empty=True)


def srgb_decoded(encoded):
    """IEC 61966-2-1, in float64, as an outside judge."""
    encoded = np.asarray(encoded, np.float64)
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def gradient(depth, channels=3):
    """Every pixel its own colour, so that a flip, a swap or a wrong curve shows: (5, 7, channels) integers."""
    limit = 255 if depth == 8 else 65535
    picture = np.random.default_rng(0).integers(0, limit + 1, (5, 7, channels))
    return picture.astype(np.uint8 if depth == 8 else np.uint16)


def loaded(tmp_path, picture, suffix=".png"):
    """Write (H, W, C) RGB(A) or grey with OpenCV, an independent writer, and load it with Blender."""
    path = tmp_path / f"picture{suffix}"
    bgr = picture[..., [2, 1, 0, 3][: picture.shape[-1]]] if picture.shape[-1] > 1 else picture
    assert cv2.imwrite(str(path), bgr)
    return bpy.data.images.load(str(path))


def linear(image):
    return images.to_linear(images.read_pixels(image))


def test_an_8_bit_photo_is_decoded_from_srgb(tmp_path):
    picture = gradient(8)
    colour, matte = linear(loaded(tmp_path, picture))
    np.testing.assert_allclose(colour, srgb_decoded(picture / 255), atol=1e-6)
    assert matte is None and colour.dtype == np.float32


def test_a_16_bit_photo_is_decoded_from_srgb(tmp_path):
    picture = gradient(16)
    colour, matte = linear(loaded(tmp_path, picture))
    # Blender's own transform goes through tables.
    np.testing.assert_allclose(colour, srgb_decoded(picture / 65535), atol=1e-4)
    assert matte is None


@pytest.mark.parametrize("depth", [8, 16])
def test_a_grey_photo_is_the_same_in_all_channels(tmp_path, depth):
    picture = gradient(depth, channels=1)
    colour, _ = linear(loaded(tmp_path, picture))
    expected = srgb_decoded(picture / (255 if depth == 8 else 65535))
    np.testing.assert_allclose(colour, np.repeat(expected, 3, axis=2), atol=1e-4)


@pytest.mark.parametrize("depth", [8, 16])
def test_alpha_becomes_the_matte_and_leaves_the_colour_straight(tmp_path, depth):
    picture = gradient(depth, channels=4)
    limit = 255 if depth == 8 else 65535
    picture[0, 0, 3], picture[0, 1, 3] = 0, limit
    colour, matte = linear(loaded(tmp_path, picture))
    np.testing.assert_allclose(matte, picture[..., 3] / limit, atol=1e-4)
    seen = matte > 0.05  # associated 16-bit colour under less alpha has few digits left
    np.testing.assert_allclose(colour[seen], srgb_decoded(picture[..., :3] / limit)[seen], atol=2e-3)


def test_alpha_that_is_1_everywhere_is_no_matte(tmp_path):
    picture = gradient(8, channels=4)
    picture[..., 3] = 255
    assert linear(loaded(tmp_path, picture))[1] is None


@pytest.mark.parametrize("mode", ["NONE", "CHANNEL_PACKED"])
def test_alpha_that_does_not_mean_opacity_is_no_matte(tmp_path, mode):
    picture = gradient(8, channels=4)
    image = loaded(tmp_path, picture)
    image.alpha_mode = mode
    colour, matte = linear(image)
    assert matte is None
    np.testing.assert_allclose(colour, srgb_decoded(picture[..., :3] / 255), atol=1e-6)


@pytest.mark.parametrize("space", ["Non-Color", "Linear Rec.709"])
def test_an_8_bit_photo_that_is_said_to_be_linear_is_taken_as_it_is(tmp_path, space):
    picture = gradient(8)
    image = loaded(tmp_path, picture)
    image.colorspace_settings.name = space
    np.testing.assert_allclose(linear(image)[0], picture / 255, atol=1e-6)


def test_another_colour_space_is_refused_not_misread(tmp_path):
    image = loaded(tmp_path, gradient(8))
    image.colorspace_settings.name = "Filmic sRGB"
    with pytest.raises(PhotoError, match=r"^picture\.png is in the colour space Filmic sRGB\. Set it to sRGB"):
        images.read_pixels(image)


def test_pixels_that_do_not_fit_into_memory_are_refused_with_a_smaller_size(monkeypatch):
    def fill(*_):
        raise MemoryError

    image = bpy.data.images.new("large.exr", 64, 32)
    monkeypatch.setattr(images, "np", SimpleNamespace(empty=fill, float32=np.float32))
    with pytest.raises(PhotoError, match=r"^Memory ran out with large\.exr at 64x32 px\. Scale it to 32x16 px"):
        images.read_pixels(image)


def test_a_float_photo_is_taken_as_it_is_also_over_1(tmp_path):
    picture = np.random.default_rng(0).uniform(0, 20, (5, 7, 3)).astype(np.float32)
    colour, matte = linear(loaded(tmp_path, picture, ".hdr"))
    # Radiance stores eight bits of mantissa, shared by the three channels.
    np.testing.assert_allclose(colour, picture, atol=20 / 128)
    assert matte is None


def test_a_packed_photo_whose_file_is_gone_reads_as_before(tmp_path):
    picture = gradient(8)
    image = loaded(tmp_path, picture)
    image.pack()
    (tmp_path / "picture.png").unlink()
    image.buffers_free()
    np.testing.assert_allclose(linear(image)[0], srgb_decoded(picture / 255), atol=1e-6)


def test_a_render_is_refused_with_what_to_do():
    bpy.context.scene.render.engine = "CYCLES"
    bpy.context.scene.render.resolution_x = bpy.context.scene.render.resolution_y = 4
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    bpy.context.scene.collection.objects.link(camera)
    bpy.context.scene.camera = camera
    bpy.context.scene.cycles.samples = 1
    bpy.ops.render.render()
    with pytest.raises(PhotoError, match=r"^Render Result can't be read while it is a render\. Save it as a file"):
        images.read_pixels(bpy.data.images["Render Result"])


def test_what_is_written_is_read_back_the_same():
    rng = np.random.default_rng(0)
    matte = rng.uniform(0.1, 1, (6, 4, 1)).astype(np.float32)
    straight = rng.uniform(0, 5, (6, 4, 3)).astype(np.float32)
    image = images.write_image("relit", encode(np.concatenate([straight * matte, matte], axis=-1)))
    for _ in range(2):
        colour, read_matte = linear(image)
        np.testing.assert_allclose(colour, straight, rtol=1e-5)
        np.testing.assert_array_equal(read_matte, matte[..., 0])
        image.buffers_free()  # and once more from the packed file, as after undo or in a saved .blend


def test_data_is_stored_as_it_is():
    values = np.random.default_rng(0).uniform(0, 1, (6, 4, 4)).astype(np.float32)
    image = images.write_image("normals", encode(values, is_data=True))
    image.buffers_free()
    np.testing.assert_array_equal(np.array(image.pixels, np.float32).reshape(6, 4, 4)[::-1], values)


def test_a_new_result_takes_the_name_and_the_old_one_stays():
    one = images.write_image("relit", encode(np.ones((2, 2, 4), np.float32)))
    two = images.write_image("relit", encode(np.zeros((2, 2, 4), np.float32)))
    assert (one.name, two.name) == ("relit.001", "relit")
    assert one.pixels[0] == 1 and images.is_relit(two) and two.use_fake_user is False


def test_large_pictures_are_stored_one_a_step_all_or_none(monkeypatch):
    monkeypatch.setattr(storing, "_LARGE_BYTES", 0)
    last, exr = images.write_image("photo relit", encode(np.ones((2, 2, 4), np.float32))), encode(np.zeros((3, 2, 4)))
    count, pictures = len(bpy.data.images), {"relit": exr, "albedo": exr}
    steps = storing.store("photo", pictures)
    for stored in (1, 2):
        next(steps)
        assert len(bpy.data.images) == count + stored and last.name == "photo relit"
    steps.close()
    assert len(bpy.data.images) == count and last.name == "photo relit"

    steps = storing.store("photo", pictures)
    next(steps), next(steps)
    with pytest.raises(StopIteration) as done:
        next(steps)
    assert {name: image.name for name, image in done.value.value.items()} == {
        "relit": "photo relit",
        "albedo": "photo albedo",
    }
    assert last.name == "photo relit.001" and tuple(done.value.value["relit"].size) == (2, 3)
