"""Contact sheets: a picture must show what the map says."""

import numpy as np
import pytest

from relight_stage.errors import SampleError
from relight_stage.scenes.bust import LABELS
from relight_stage.synth import sheet


def test_a_normal_towards_the_camera_is_the_blue_of_opengl_normal_maps():
    normal = np.zeros((1, 2, 3), np.float32)
    normal[0, 0] = (0, 0, 1)
    assert sheet.show("normal", normal).tolist() == [[[128, 128, 255], [0, 0, 0]]]


def test_middle_grey_is_encoded_as_srgb():
    # 0.2140 linear is sRGB 127.5 / 255: IEC 61966-2-1.
    assert sheet.show("albedo", np.full((1, 1, 3), 0.2140, np.float32))[0, 0, 0] in (127, 128)


def test_coverage_is_shown_as_it_is_and_not_encoded():
    assert sheet.show("matte", np.full((1, 1), 0.2, np.float32)).tolist() == [[[51, 51, 51]]]


def test_exposure_brightens_light_and_leaves_reflectance_alone():
    grey = np.full((1, 1, 3), 0.1, np.float32)
    assert sheet.show("full", grey, gain=4.0)[0, 0, 0] > sheet.show("full", grey)[0, 0, 0]
    assert (sheet.show("albedo", grey, gain=4.0) == sheet.show("albedo", grey)).all()


def test_nearer_is_brighter_and_outside_is_black():
    depth = np.array([[0.0, 1.0, 1.2, 1.4]], np.float32)
    shown = sheet.show("depth", depth)[0, :, 0].astype(int)
    assert shown[0] == 0
    assert shown[1] > shown[2] > shown[3] > 0


def test_every_label_has_a_colour_of_its_own():
    parsing = np.eye(len(LABELS), dtype=np.float32)[None]
    colours = {tuple(colour) for colour in sheet.show("parsing", parsing)[0].tolist()}
    assert len(colours) == len(LABELS)


def test_what_is_not_a_number_is_seen():
    pixels = np.zeros((1, 2, 3), np.float32)
    pixels[0, 1, 2] = np.nan
    assert sheet.show("full", pixels).tolist() == [[[0, 0, 0], [255, 0, 255]]]


def test_gain_brings_the_bright_end_of_the_covered_pixels_to_the_target():
    pixels = np.full((10, 10, 3), 1000.0, np.float32)
    pixels[:, :5] = 0.04
    matte = np.zeros((10, 10), np.float32)
    matte[:, :5] = 1
    assert sheet.gain_of(pixels, matte, target=0.8) == pytest.approx(20)


def test_black_needs_no_gain():
    assert sheet.gain_of(np.zeros((4, 4, 3), np.float32)) == 1.0


def test_a_picture_keeps_its_shape_in_its_tile():
    tall = np.full((40, 20, 3), 255, np.uint8)
    placed = (sheet.tile(tall, "", 100)[:100] == 255).all(axis=-1)
    assert (placed.sum(axis=0) > 0).sum() == 50
    assert (placed.sum(axis=1) > 0).sum() == 100


def test_a_sheet_holds_every_tile_of_every_row():
    tiles = [np.full((30, 30, 3), value, np.uint8) for value in (100, 150, 200)]
    page = sheet.grid([tiles[:2], tiles[2:]], "title")
    for value in (100, 150, 200):
        assert (page == value).all(axis=-1).sum() >= 30 * 30


def test_a_sheet_comes_back_from_its_file(tmp_path):
    import cv2

    page = np.random.default_rng(0).integers(0, 256, (8, 9, 3), np.uint8)
    sheet.write_sheet(tmp_path / "new" / "sheet.png", page)
    assert (cv2.imread(str(tmp_path / "new" / "sheet.png"))[..., ::-1] == page).all()


def test_a_sheet_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SampleError, match="Cannot write"):
        sheet.write_sheet(tmp_path / "file" / "sheet.png", np.zeros((8, 8, 3), np.uint8))


def test_flow_is_white_at_rest_and_coloured_by_its_direction():
    right, left, down, rest = sheet.show("flow_forward", np.float32([[[2, 0], [-2, 0], [0, 2], [0, 0]]]))[0].astype(int)
    assert rest.tolist() == [255, 255, 255]
    assert right.argmax() == 0 and right[0] == 255
    # Opposite ways are complementary colours.
    assert (abs(right + left - 255) <= 1).all()
    assert abs(down - right).max() > 60


def test_nothing_that_moves_is_white_without_a_warning():
    assert (sheet.show("flow_forward", np.zeros((2, 2, 2), np.float32)) == 255).all()


def test_places_span_the_colours_and_nothing_is_black():
    places = np.zeros((1, 4, 3), np.float32)
    places[0, 1:, 0] = (-0.2, 0.0, 0.4)
    matte = np.array([[0, 1, 1, 1]], np.float32)
    shown = sheet.show("position", places, matte=matte)[0, :, 0].astype(int)
    assert shown[0] == 0 and shown[1] < shown[2] < shown[3] and shown[3] > 250


def test_each_object_has_a_colour_by_its_share():
    ids = np.zeros((1, 3, 4), np.float32)
    for k, name in enumerate((0x055EC73D, 0xA8FCE865, 0x055EC73D)):
        ids[0, k, 0] = np.uint32(name).view(np.float32)
    ids[0, :, 1] = (1, 1, 0.5)
    shown = sheet.show("CryptoObject00", ids)[0].astype(int)
    assert (shown[0] != shown[1]).any()
    assert np.abs(shown[0] - 2 * shown[2]).max() <= 1  # rounding


def test_a_sheet_shows_each_cryptomatte_once():
    rng = np.random.default_rng(0)
    channels = {"full": 3, "shading": 3, "direct": 3, "matte": 1, "CryptoObject00": 4, "CryptoObject01": 4}
    maps = {name: rng.random((16, 16, count)).astype(np.float32) for name, count in channels.items()}
    # full, shading, direct, matte, CryptoObject00, light map
    assert len(sheet.sample_tiles(maps, rng.random((8, 16, 3)).astype(np.float32), 32)) == 6
