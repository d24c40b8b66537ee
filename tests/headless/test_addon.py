"""The panel's operators in real Blender: what a button leaves behind is what the code behind it computes."""

import importlib
import importlib.util
from pathlib import Path

import numpy as np
import OpenEXR
import pytest

bpy = pytest.importorskip("bpy", reason="the headless tier needs the bpy wheel: make env")

pytestmark = pytest.mark.addon

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("stand_ins", ROOT / "tests/unit/stand_ins.py")
stand_ins = importlib.util.module_from_spec(spec)
spec.loader.exec_module(stand_ins)

EXTENSION = "bl_ext.relight_tests.relight_stage"


@pytest.fixture
def scene(extension):
    """An otherwise empty file with a plain grey world and a camera that looks along +Y."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=False)
    scene = bpy.context.scene
    scene.world = grey_world(1.0)
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.rotation_euler.x = np.pi / 2
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.relight_stage.background = "TRANSPARENT"
    return scene


def grey_world(strength):
    world = bpy.data.worlds.new("Grey")
    if bpy.app.version < (5, 0, 0):
        world.use_nodes = True
    node = next(node for node in world.node_tree.nodes if node.type == "BACKGROUND")
    node.inputs["Color"].default_value = (0.5, 0.5, 0.5, 1)
    node.inputs["Strength"].default_value = strength
    return world


def blender_image(name, values, is_float=False):
    """An image with these pixels (H, W, C), top row first, as they are stored."""
    height, width = values.shape[:2]
    image = bpy.data.images.new(name, width, height, alpha=True, float_buffer=is_float)
    rgba = np.ones((height, width, 4), np.float32)
    rgba[:, :, : values.shape[2]] = values
    image.pixels.foreach_set(rgba[::-1].ravel())
    return image


def pixels(image):
    flat = np.empty(len(image.pixels), np.float32)
    image.pixels.foreach_get(flat)
    return flat.reshape(image.size[1], image.size[0], -1)[::-1]


@pytest.fixture
def photo(scene):
    image = blender_image("portrait.png", stand_ins.draw_portrait(192, 160, 110, (96, 80)))
    scene.relight_stage.photo = image
    return image


def relight(**options):
    return bpy.ops.relight_stage.relight_photo("EXEC_DEFAULT", **options)


def error_of(**options):
    """The one sentence that a refused press of the button reports."""
    with pytest.raises(RuntimeError) as caught:
        relight(**options)
    text = str(caught.value).removeprefix("Error: ").strip()
    assert "\n" not in text and text.endswith(".")
    assert bpy.context.window_manager.relight_stage.error == text
    return text


def test_the_button_leaves_the_picture_that_the_code_behind_it_computes(extension, scene, photo):
    assert relight() == {"FINISHED"}
    images, probe, relighting = (extension(f"addon.{name}") for name in ("images", "probe", "relighting"))
    colour, matte = images.to_linear(images.read_pixels(photo))
    light_map = probe.light_map(scene, probe.view_of(bpy.context))
    networks = extension("addon.preferences").networks()
    expected = relighting.Studio().relight(
        colour, matte, light_map, None, name="photo", networks=networks, progress=lambda fraction, text: None
    )
    result = scene.relight_stage.relit
    assert (result.name, result.is_float, tuple(result.size)) == ("portrait relit", True, (160, 192))
    np.testing.assert_allclose(pixels(result), expected.picture, atol=1e-6)


def test_a_matte_sphere_under_an_even_world_returns_albedo_times_its_radiance(scene, photo):
    relight()
    face = pixels(scene.relight_stage.relit)[90:102, 70:90]
    # The stand-in network gathers light in 8 × 16 cells; Lambert under radiance 0.5 is 0.5 · albedo.
    np.testing.assert_allclose(face[..., :3].mean(axis=(0, 1)), 0.5 * stand_ins.ALBEDO, rtol=0.05)
    assert face[..., 3].min() > 0.99


def test_twice_the_strength_is_twice_the_picture(scene, photo):
    relight()
    dim = pixels(scene.relight_stage.relit)
    scene.world = grey_world(2.0)
    relight()
    bright = pixels(scene.relight_stage.relit)
    np.testing.assert_allclose(bright[..., :3], 2 * dim[..., :3], rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(bright[..., 3], dim[..., 3])


def test_turning_the_light_does_not_take_the_photo_apart_again(extension, scene, photo, monkeypatch):
    relight()
    relighter = extension("nets.infer").Relighter
    monkeypatch.setattr(relighter, "analyse", lambda *_, **__: pytest.fail("taken apart again"))
    scene.world = grey_world(0.5)
    assert relight() == {"FINISHED"}


def test_a_changed_photo_of_the_same_name_is_taken_apart_again(scene, photo):
    relight()
    before = pixels(scene.relight_stage.relit)
    photo.pixels.foreach_set(np.ascontiguousarray(pixels(photo)[:, ::-1])[::-1].ravel())
    wider = stand_ins.draw_portrait(192, 160, 140, (96, 80))
    photo.pixels.foreach_set(np.concatenate([wider, np.ones_like(wider[..., :1])], -1)[::-1].ravel())
    relight()
    after = pixels(scene.relight_stage.relit)
    assert after[..., 3].mean() > 1.2 * before[..., 3].mean()


def test_the_maps_are_kept_as_images(scene, photo):
    relight()
    settings = scene.relight_stage
    matte, normals, albedo = (pixels(image) for image in (settings.matte, settings.normals, settings.albedo))
    np.testing.assert_array_equal(matte[..., 0], pixels(settings.relit)[..., 3])
    inside = matte[..., 0] > 0.99
    lengths = np.linalg.norm(2 * normals[..., :3] - 1, axis=-1)
    np.testing.assert_allclose(lengths[inside], 1, atol=1e-4)
    # The stand-in's albedo, which the photo's detail and its own light change from place to place, not as a whole.
    assert np.exp(np.log(albedo[inside][:, 0]).mean()) == pytest.approx(stand_ins.ALBEDO, rel=0.05)
    assert settings.normals.colorspace_settings.name == "Non-Color"


def maps_of(scene):
    return scene.relight_stage.matte, scene.relight_stage.normals, scene.relight_stage.albedo


def test_the_maps_are_the_photos_also_where_another_button_took_it_apart(scene, photo):
    relight()
    first = maps_of(scene)
    scene.relight_stage.photo = other = blender_image("other.png", stand_ins.draw_portrait(192, 160, 140, (96, 80)))
    scene.relight_stage_export.maps = {"matte"}
    bpy.ops.relight_stage.keep_maps("EXEC_DEFAULT")
    relight()
    assert [image.name for image in maps_of(scene)] == ["other matte", "other normals", "other albedo"]
    scene.relight_stage.photo = photo
    relight()
    assert maps_of(scene)[0] not in first and maps_of(scene)[0].name == "portrait matte"
    assert other.name == "other.png"


def test_the_maps_of_the_same_photo_are_kept_and_a_missing_one_is_made_up(scene, photo):
    relight()
    first = maps_of(scene)
    scene.relight_stage.exposure = 1
    relight()
    assert maps_of(scene) == first
    scene.relight_stage.normals = None
    relight()
    assert scene.relight_stage.normals is not None


def test_a_card_that_was_deleted_does_not_come_back_by_itself(scene, photo):
    relight(card=True)
    scene.collection.objects.unlink(scene.relight_stage.card)
    relight()
    assert [thing.name for thing in scene.objects] == ["Camera"]


def test_each_scene_shows_the_balls_of_its_own_light(extension, scene, photo):
    balls, other = extension("addon.balls"), bpy.data.scenes.new("Other")
    relight()
    assert len(balls.icons(scene)) == 2 and balls.icons(other) == []
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=False)
    assert balls.icons(bpy.context.scene) == [] and not balls._icons


def test_an_editor_that_was_closed_meanwhile_is_not_looked_at(extension, scene, photo, monkeypatch):
    """What Blender closes it frees: reading it then crashes."""
    operators = extension("addon.operators")
    shown, look_at = [], operators.card.look_at
    monkeypatch.setattr(operators.card, "look_at", lambda space, scene: shown.append(space) or look_at(space, scene))
    area = extension("addon.editors").areas("VIEW_3D")[0]
    with bpy.context.temp_override(area=area):
        relight(card=True)
        assert len(shown) == 1
        monkeypatch.setattr(operators.editors, "areas", lambda *kinds: [])
        relight(card=True)
    assert len(shown) == 1


@pytest.mark.parametrize("background", ["WORLD", "COLOUR"])
def test_the_background_stands_where_the_person_is_not(scene, photo, background):
    scene.relight_stage.background = background
    scene.relight_stage.colour = (0.1, 0.2, 0.3)
    relight()
    picture = pixels(scene.relight_stage.relit)
    expected = (0.5, 0.5, 0.5) if background == "WORLD" else (0.1, 0.2, 0.3)
    np.testing.assert_allclose(picture[4, 4, :3], expected, rtol=1e-3)
    np.testing.assert_array_equal(picture[..., 3], 1)


def test_the_card_faces_the_camera_and_fits_its_frame(scene, photo):
    from bpy_extras.object_utils import world_to_camera_view

    scene.camera.location = (1, 2, 3)
    scene.camera.rotation_euler = (1.2, 0.1, 0.7)
    relight(card=True)
    card = scene.relight_stage.card
    bpy.context.view_layer.update()
    facing = card.matrix_world.to_quaternion().to_matrix().col[2]
    backwards = scene.camera.matrix_world.to_quaternion().to_matrix().col[2]
    assert facing.dot(backwards) == pytest.approx(1, abs=1e-5)
    corners = [world_to_camera_view(scene, scene.camera, card.matrix_world @ v.co) for v in card.data.vertices]
    across, up = [corner.x for corner in corners], [corner.y for corner in corners]
    assert min(up) == pytest.approx(0, abs=1e-4) and max(up) == pytest.approx(1, abs=1e-4)
    assert min(across) > 0 and max(across) < 1 and sum(across) / 4 == pytest.approx(0.5, abs=1e-4)
    assert card.dimensions.x / card.dimensions.y == pytest.approx(160 / 192, rel=1e-4)


def test_relighting_again_keeps_the_card_where_the_user_put_it(scene, photo):
    relight(card=True)
    card = scene.relight_stage.card
    card.location.x += 1
    place = tuple(card.location)
    first = card.data.materials[0].node_tree.nodes["Image Texture"].image
    scene.world = grey_world(2.0)
    relight()
    assert scene.relight_stage.card == card and tuple(card.location) == place
    assert card.data.materials[0].node_tree.nodes["Image Texture"].image != first


def test_the_result_survives_saving_and_opening(scene, photo, tmp_path):
    relight()
    before = pixels(scene.relight_stage.relit)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    np.testing.assert_array_equal(pixels(bpy.context.scene.relight_stage.relit), before)


def test_opening_a_photo_chooses_it(scene, tmp_path):
    path = tmp_path / "face.png"
    image = blender_image("face", stand_ins.draw_portrait(128, 128, 80, (64, 64)))
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    bpy.data.images.remove(image)
    assert bpy.ops.relight_stage.open_photo(filepath=str(path)) == {"FINISHED"}
    assert scene.relight_stage.photo.name == "face.png"


def test_opening_an_hdri_makes_it_the_world(extension, scene):
    world = Path(bpy.utils.system_resource("DATAFILES")) / "studiolights" / "world" / "city.exr"
    assert bpy.ops.relight_stage.open_light(filepath=str(world)) == {"FINISHED"}
    line = extension("addon.probe").describe(scene, in_viewport=False)
    assert line == "World: city.exr, seen by Camera"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_hdri_with_texels_that_are_not_numbers_is_refused(scene, tmp_path, value):
    values = np.ones((16, 32, 3), np.float32)
    values[3, 4] = value
    with OpenEXR.File({}, {"RGB": values}) as file:
        file.write(str(tmp_path / "broken.exr"))
    world = scene.world
    with pytest.raises(RuntimeError, match=r"broken\.exr has 1 texels that are NaN or infinite\."):
        bpy.ops.relight_stage.open_light(filepath=str(tmp_path / "broken.exr"))
    assert scene.world == world


def test_without_a_photo_the_button_says_so(scene):
    assert error_of() == "There is no photo to relight. Open one in the Relight tab."


def test_a_photo_without_a_face_is_refused_and_the_last_result_stays(scene, photo):
    relight()
    kept, before = scene.relight_stage.relit, pixels(scene.relight_stage.relit)
    scene.relight_stage.photo = blender_image("wall.png", np.full((96, 96, 3), 0.4, np.float32))
    assert "No face found in wall.png" in error_of()
    assert scene.relight_stage.relit == kept
    np.testing.assert_array_equal(pixels(kept), before)


def test_a_photo_of_one_pixel_is_refused(scene):
    scene.relight_stage.photo = blender_image("dot.png", np.ones((1, 1, 3), np.float32))
    assert error_of().startswith("dot.png is 1x1 px; both sides must be at least 64 px.")


def test_a_poster_is_refused_before_its_pixels_are_read(extension, scene, monkeypatch):
    scene.relight_stage.photo = bpy.data.images.new("poster.png", 12000, 12000)
    monkeypatch.setattr(extension("addon.images"), "read_pixels", lambda image: pytest.fail("read"))
    assert error_of().startswith("poster.png is 12000x12000 px; no side may be longer than 8192 px.")


def test_a_photo_with_pixels_that_are_not_numbers_is_refused(scene):
    values = stand_ins.draw_portrait(128, 128, 80, (64, 64))
    values[3, 3] = np.nan
    scene.relight_stage.photo = blender_image("broken.exr", values, is_float=True)
    assert error_of().startswith("broken.exr has 1 pixels that are NaN or infinite.")


def test_a_photo_whose_file_is_gone_is_refused(scene, tmp_path):
    scene.relight_stage.photo = photo = blender_image("gone", np.ones((64, 64, 3), np.float32))
    photo.source, photo.filepath = "FILE", str(tmp_path / "gone.png")
    assert "gone has no pixels" in error_of()


@pytest.mark.parametrize("content", [None, b"", b"no picture"])
def test_a_file_that_is_no_picture_is_not_opened(scene, tmp_path, content):
    path = tmp_path / "face.png"
    if content is not None:
        path.write_bytes(content)
    count = len(bpy.data.images)
    with pytest.raises(RuntimeError, match=r"face\.png (does not exist|is damaged or not a picture)"):
        bpy.ops.relight_stage.open_photo(filepath=str(path))
    assert len(bpy.data.images) == count and scene.relight_stage.photo is None


def test_missing_networks_are_named(scene, photo, tmp_path):
    preferences = bpy.context.preferences.addons[EXTENSION].preferences
    folder, preferences.model_folder = preferences.model_folder, str(tmp_path)
    try:
        assert f"{tmp_path / 'matting.onnx'} is missing." in error_of()
    finally:
        preferences.model_folder = folder


def test_a_scene_without_a_world_is_refused(scene, photo):
    scene.world = None
    assert error_of().startswith("The scene has no world to take light from.")


def test_an_older_blender_is_told_what_it_needs(extension, monkeypatch):
    versions = extension("scenes.build.versions")
    monkeypatch.setattr(versions, "OLDEST", (9, 1, 0))
    with pytest.raises(extension("errors").SceneError, match=rf"{bpy.app.version_string}.* 9\.1 "):
        extension("addon").register()


def test_a_newer_blender_is_told_how_far_it_was_tried(extension, monkeypatch):
    versions = extension("scenes.build.versions")
    assert versions.untried() == ""
    monkeypatch.setattr(versions, "NEWEST_TRIED", (4, 4))
    assert "was tried up to 4.4." in versions.untried()


def test_it_can_be_switched_off_and_on_again(extension):
    addon = extension("addon")
    addon.unregister()
    assert not hasattr(bpy.types.Scene, "relight_stage")
    addon.unregister()
    addon.register()
    assert hasattr(bpy.types.Scene, "relight_stage")
