"""A file that is dropped is the photo or the movie; what can't be is refused in a sentence."""

import contextlib
from pathlib import Path

import cv2
import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="the headless tier needs the bpy wheel: make env")

pytestmark = pytest.mark.addon


@pytest.fixture
def file(stage, drawn_photo, tmp_path):
    path = tmp_path / "face.png"
    drawn_photo.filepath_raw, drawn_photo.file_format = str(path), "PNG"
    drawn_photo.save()
    bpy.data.images.remove(drawn_photo)
    return path


def drop(*paths):
    files = [{"name": path.name} for path in paths]
    return bpy.ops.relight_stage.drop_photo("EXEC_DEFAULT", directory=str(paths[0].parent) + "/", files=files)


def test_a_dropped_picture_is_the_photo(stage, file):
    assert drop(file) == {"FINISHED"}
    assert stage.relight_stage.photo.name == "face.png"
    stage.relight_stage.photo = None
    assert bpy.ops.relight_stage.drop_photo("EXEC_DEFAULT", filepath=str(file)) == {"FINISHED"}
    assert stage.relight_stage.photo.name == "face.png"


def test_a_dropped_movie_or_several_pictures_are_the_movie(stage, file, tmp_path):
    drop(tmp_path / "clip.mp4")
    assert stage.relight_stage_movie.source == str(tmp_path / "clip.mp4")
    drop(tmp_path / "shot_2.png", tmp_path / "shot_1.png")
    assert stage.relight_stage_movie.source == str(tmp_path / "shot_1.png")
    assert stage.relight_stage.photo is None


def test_a_dropped_file_that_is_no_picture_is_refused(stage, tmp_path):
    (tmp_path / "face.png").write_bytes(b"no picture")
    with pytest.raises(RuntimeError, match=r"face\.png is damaged or not a picture"):
        drop(tmp_path / "face.png")
    assert stage.relight_stage.photo is None


def test_blender_offers_relighting_for_pictures_and_movies(extension):
    for kind in (bpy.types.RELIGHT_STAGE_FH_image_editor, bpy.types.RELIGHT_STAGE_FH_viewport):
        assert {".png", ".jpg", ".exr", ".mp4"} <= set(kind.bl_file_extensions.split(";"))
        assert kind.bl_import_operator == "relight_stage.drop_photo"


@pytest.mark.parametrize("name", ["sky.hdr", "SKY.HDR"])
def test_a_dropped_hdr_file_is_the_light(stage, drawn_photo, tmp_path, name):
    cv2.imwrite(str(tmp_path / "sky.hdr"), np.full((16, 32, 3), 3, np.float32))
    (tmp_path / "sky.hdr").rename(tmp_path / name)
    stage.relight_stage.light_source = "PHOTO"
    assert drop(tmp_path / name) == {"FINISHED"}
    assert stage.relight_stage.photo == drawn_photo
    assert (stage.relight_stage.light_source, stage.world.name) == ("WORLD", Path(name).stem)


def test_a_dropped_hdr_file_that_is_no_picture_is_refused(stage, tmp_path):
    world = stage.world
    (tmp_path / "sky.hdr").write_bytes(b"no picture")
    with pytest.raises(RuntimeError, match=r"sky\.hdr is damaged or not a picture"):
        drop(tmp_path / "sky.hdr")
    assert stage.world == world


def test_pasting_without_a_picture_says_so(stage):
    with pytest.raises(RuntimeError, match="There is no picture in the clipboard"):
        bpy.ops.relight_stage.paste_photo("EXEC_DEFAULT")


@pytest.mark.parametrize("error", [None, KeyError])
def test_where_no_image_editor_is_open_another_editor_is_one_while_pasting(extension, stage, error):
    areas = bpy.context.window_manager.windows[0].screen.areas
    before = [area.ui_type for area in areas]
    assert "IMAGE_EDITOR" not in before
    viewport = next(area for area in areas if area.type == "VIEW_3D")
    borrowed = extension("addon.dropping")._image_editor
    with bpy.context.temp_override(area=viewport), contextlib.suppress(KeyError), borrowed(bpy.context):
        assert (bpy.context.space_data.type, bpy.context.region.type) == ("IMAGE_EDITOR", "WINDOW")
        assert viewport.type == "VIEW_3D", "the editor with the button stays"
        if error is not None:
            raise error
    assert [area.ui_type for area in areas] == before
