"""What leaves the add-on: files that other programs read, whose maps recombine, and a compositor that does it too."""

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest

bpy = pytest.importorskip("bpy", reason="the headless tier needs the bpy wheel: make env")

pytestmark = pytest.mark.addon

spec = importlib.util.spec_from_file_location("stand_ins", Path(__file__).parents[1] / "unit/stand_ins.py")
stand_ins = importlib.util.module_from_spec(spec)
spec.loader.exec_module(stand_ins)

NAMES = {"relit", "matte", "foreground", "albedo", "normals", "depth", "shading", "shadow", "specular", "roughness"}


@pytest.fixture
def settings(stage, drawn_photo, tmp_path):
    settings = stage.relight_stage_export
    settings.folder = str(tmp_path / "out")
    return settings


def export(**changes):
    for name, value in changes.items():
        setattr(bpy.context.scene.relight_stage_export, name, value)
    return bpy.ops.relight_stage.export_maps("EXEC_DEFAULT")


def read_exr(path):
    with OpenEXR.File(str(path), separate_channels=True) as file:
        return {name: np.array(channel.pixels) for name, channel in file.parts[0].channels.items()}


def stacked(planes, layer, channels="RGB"):
    return np.stack([planes[f"{layer}.{c}" if layer else c] for c in channels], axis=-1)


def test_the_layers_of_the_one_file_recombine_to_the_relit_picture(settings, tmp_path):
    assert export(form="LAYERS") == {"FINISHED"}
    planes = read_exr(tmp_path / "out" / "portrait_layers.exr")
    full, albedo, shading, shadow, specular = (
        stacked(planes, layer) for layer in ("", "albedo", "shading", "shadow", "specular")
    )
    np.testing.assert_allclose(albedo * shading * shadow + specular, full, atol=1e-5)
    np.testing.assert_array_equal(planes["A"], planes["matte.V"])
    assert full.mean() > 0.01


def test_the_exported_relit_picture_is_the_panels(extension, stage, settings, tmp_path):
    bpy.ops.relight_stage.relight_photo("EXEC_DEFAULT")
    export(form="EXR", maps={"relit"})
    panel = extension("addon.images").read_pixels(stage.relight_stage.relit).values
    planes = read_exr(tmp_path / "out" / "portrait_relit.exr")
    np.testing.assert_allclose(stacked(planes, "", "RGBA"), panel, atol=1e-5)


@pytest.mark.parametrize("form", ["EXR", "PNG"])
def test_every_map_chosen_becomes_a_file_and_no_other(settings, tmp_path, form):
    assert export(form=form, maps=NAMES) == {"FINISHED"}
    found = {path.name for path in (tmp_path / "out").iterdir()}
    assert found == {f"portrait_{name}.{form.lower()}" for name in NAMES}
    export(form=form, maps={"matte"}, folder=str(tmp_path / "less"))
    assert [path.name for path in (tmp_path / "less").iterdir()] == [f"portrait_matte.{form.lower()}"]


def test_directx_normals_are_opengl_normals_with_green_turned_round(settings, tmp_path):
    codes = {}
    for kind in ("OPENGL", "DIRECTX"):
        export(form="PNG", maps={"normals"}, normals=kind)
        picture = cv2.imread(str(tmp_path / "out" / "portrait_normals.png"), cv2.IMREAD_UNCHANGED)
        codes[kind] = picture[:, :, ::-1].astype(int)
    np.testing.assert_array_equal(codes["OPENGL"][:, :, [0, 2]], codes["DIRECTX"][:, :, [0, 2]])
    # Rounding of two codes that mirror each other.
    assert np.abs(codes["OPENGL"][:, :, 1] + codes["DIRECTX"][:, :, 1] - 65535).max() <= 1
    # The stand-in network sees a ball: above its middle the normals look up, which is bright green in OpenGL.
    assert codes["OPENGL"][60, 80, 1] > 33000 > 32000 > codes["OPENGL"][130, 80, 1]


def test_a_png_shows_the_colours_of_the_relit_picture(settings, tmp_path):
    export(form="EXR", maps={"relit"})
    export(form="PNG", maps={"relit"})
    linear = stacked(read_exr(tmp_path / "out" / "portrait_relit.exr"), "", "RGBA")
    picture = cv2.imread(str(tmp_path / "out" / "portrait_relit.png"), cv2.IMREAD_UNCHANGED)[:, :, [2, 1, 0, 3]] / 65535
    np.testing.assert_allclose(picture[:, :, 3], linear[:, :, 3], atol=1e-4)
    inside = linear[:, :, 3] > 0.99
    colour = linear[inside, :3] / linear[inside, 3:]
    # IEC 61966-2-1, for values over 0.0031308; the face is brighter than that.
    np.testing.assert_allclose(picture[inside, :3], np.minimum(1.055 * colour ** (1 / 2.4) - 0.055, 1), atol=1e-3)


def test_a_map_without_light_needs_no_world(stage, settings, tmp_path):
    stage.world = None
    assert export(form="PNG", maps={"matte", "albedo", "normals", "depth"}) == {"FINISHED"}
    with pytest.raises(RuntimeError, match="The scene has no world"):
        export(maps={"shadow"})


def test_the_chosen_face_is_exported_alone_and_not_taken_apart_again(extension, stage, settings, tmp_path, monkeypatch):
    left, right = (stand_ins.draw_portrait(240, 400, size, (120, x)) for size, x in ((90, 100), (110, 300)))
    two = np.where(np.arange(400)[:, None] < 200, left, right)
    photo = bpy.data.images.new("pair.png", 400, 240)
    photo.pixels.foreach_set(np.concatenate([two, np.ones_like(two[..., :1])], axis=-1)[::-1].ravel())
    stage.relight_stage.photo, stage.relight_stage.face = photo, 2
    bpy.ops.relight_stage.relight_photo("EXEC_DEFAULT")
    monkeypatch.setattr(extension("nets.infer").Relighter, "analyse", lambda *_, **__: pytest.fail("taken apart again"))
    export(form="EXR", maps={"matte"})
    matte = read_exr(tmp_path / "out" / "pair_matte.exr")["Y"]
    assert matte[120, 100] == 0 and matte[120, 300] == 1


def test_a_folder_beside_an_unsaved_file_is_refused(settings):
    with pytest.raises(RuntimeError, match=r"Save the \.blend file, or choose another folder"):
        export(folder="//relit/")


def test_no_map_is_refused(settings):
    with pytest.raises(RuntimeError, match="No map is chosen"):
        export(maps=set())


def test_copied_images_are_in_the_file(extension, stage, settings, tmp_path):
    settings.maps = NAMES
    assert bpy.ops.relight_stage.keep_maps("EXEC_DEFAULT") == {"FINISHED"}
    read_pixels = extension("addon.images").read_pixels
    before = {name: read_pixels(bpy.data.images[f"portrait {name}"]).values for name in NAMES}
    for image in bpy.data.images:
        image.use_fake_user = True
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    for name, values in before.items():
        np.testing.assert_array_equal(read_pixels(bpy.data.images[f"portrait {name}"]).values, values)


def test_the_compositors_group_gives_the_relit_picture_over_its_background(extension, stage, settings, tmp_path):
    bpy.ops.relight_stage.relight_photo("EXEC_DEFAULT")
    relit = extension("addon.images").read_pixels(stage.relight_stage.relit).values
    assert bpy.ops.relight_stage.recombine_maps("EXEC_DEFAULT") == {"FINISHED"}
    tree, is_new = extension("scenes.build.versions").compositor_of(stage)
    assert not is_new
    group = next(node for node in tree.nodes if node.bl_idname == "CompositorNodeGroup")
    stage.render.engine, stage.cycles.samples = "CYCLES", 1
    stage.render.resolution_x, stage.render.resolution_y = 160, 192
    settings = stage.render.image_settings
    settings.file_format, settings.color_mode, settings.color_depth = "OPEN_EXR", "RGBA", "32"
    for name, colour in (("clear", (0, 0, 0, 0)), ("blue", (0.1, 0.2, 0.6, 1))):
        group.inputs["Background"].default_value = colour
        stage.render.filepath = str(tmp_path / f"{name}.exr")
        bpy.ops.render.render(write_still=True)
        found = stacked(read_exr(tmp_path / f"{name}.exr"), "", "RGBA")
        expected = relit + (1 - relit[:, :, 3:]) * np.array(colour, np.float32)
        # The compositor may compute in half floats: 11 bits, a few operations.
        np.testing.assert_allclose(found, expected, rtol=4e-3, atol=2e-3)


def test_a_compositor_that_is_in_use_keeps_its_output(extension, stage, settings):
    versions = extension("scenes.build.versions")
    tree, _ = versions.compositor_of(stage)
    output = versions.new_compositor_output(tree)
    picture = tree.nodes.new("CompositorNodeRLayers")
    tree.links.new(picture.outputs["Image"], output.inputs["Image"])
    bpy.ops.relight_stage.recombine_maps("EXEC_DEFAULT")
    bpy.ops.relight_stage.recombine_maps("EXEC_DEFAULT")
    assert output.inputs["Image"].links[0].from_node == picture
    assert sum(tree.name.startswith("Recombine Relit Photo") for tree in bpy.data.node_groups) == 1


def test_memory_that_runs_out_over_the_maps_is_one_sentence(extension, settings, monkeypatch):
    def gather_maps(*_):
        raise MemoryError

    monkeypatch.setattr(extension("addon.exporting"), "gather_maps", gather_maps)
    with pytest.raises(RuntimeError, match="Memory ran out with this picture"):
        export()
