"""The scene's light, as the panel reads it: whence it comes and how much it is, for every kind of world."""

from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="the headless tier needs the bpy wheel: make env")

from relight_stage.addon import images, lighting, probe  # noqa: E402
from relight_stage.errors import SceneError  # noqa: E402
from relight_stage.scenes import light_map as light_maps  # noqa: E402
from relight_stage.scenes.key_fill import balance  # noqa: E402

pytestmark = pytest.mark.addon

# World frame: Z up. Blender's cameras look along their own −Z, up is +Y.
ALONG_Y, ALONG_X, ALONG_MINUS_X = (90, 0, 0), (90, 0, -90), (90, 0, 90)


@pytest.fixture
def scene():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(scene.camera)
    aim(scene, ALONG_Y)
    return scene


def aim(scene, euler_deg):
    scene.camera.rotation_euler = np.radians(euler_deg)


def world_of(scene, colour_from=None):
    """A world with one Background node, its colour from a node that ``colour_from(nodes, links)`` makes."""
    world = scene.world = bpy.data.worlds.new("World")
    if bpy.app.version < (5, 0, 0):
        world.use_nodes = True
    nodes, links = world.node_tree.nodes, world.node_tree.links
    nodes.clear()
    output, background = nodes.new("ShaderNodeOutputWorld"), nodes.new("ShaderNodeBackground")
    links.new(background.outputs[0], output.inputs["Surface"])
    if colour_from is not None:
        links.new(colour_from(nodes, links).outputs["Color"], background.inputs["Color"])
    return background


def patch_world(scene, turn_deg=0.0, value=1000.0):
    """A dark panorama with 2×2 bright texels about its centre, which is world +X, behind a Mapping node."""

    def colour_from(nodes, links):
        picture = np.zeros((64, 128, 4), np.float32)
        picture[31:33, 63:65] = value
        image = bpy.data.images.new("patch", 128, 64, float_buffer=True)
        image.pixels.foreach_set(picture.ravel())
        place, mapping, texture = (nodes.new(f"ShaderNode{name}") for name in ("TexCoord", "Mapping", "TexEnvironment"))
        texture.image = image
        mapping.inputs["Rotation"].default_value[2] = np.radians(turn_deg)
        links.new(place.outputs["Generated"], mapping.inputs["Vector"])
        links.new(mapping.outputs["Vector"], texture.inputs["Vector"])
        return texture

    return world_of(scene, colour_from)


def probed(scene):
    return probe.light_map(scene, probe.view_of(bpy.context))


def origin(light_map):
    """Unit direction, camera frame, that the light comes from on average."""
    weight = light_map.sum(axis=-1, keepdims=True) * light_maps.solid_angles(64)[:, :, None]
    mean = (weight * light_maps.directions(64)).sum(axis=(0, 1))
    return mean / np.linalg.norm(mean)


def assert_from(light_map, direction):
    direction = np.asarray(direction) / np.linalg.norm(direction)
    # A tenth of a texel: the light lies symmetric about its direction.
    assert np.degrees(np.arccos(np.clip(origin(light_map) @ direction, -1, 1))) < 0.3
    row, column = np.unravel_index(light_map.sum(axis=-1).argmax(), light_map.shape[:2])
    # Half a texel's diagonal.
    assert np.degrees(np.arccos(light_maps.directions(64)[row, column] @ direction)) < 2.1


# Camera, and where world +X lies in its frame (+x image right, +y image up, +z from the subject to the camera).
CAMERAS = [
    (ALONG_Y, (1, 0, 0)),
    (ALONG_X, (0, 0, -1)),
    (ALONG_MINUS_X, (0, 0, 1)),
    ((90, 0, 180), (-1, 0, 0)),  # looks along −Y
    ((0, 0, 0), (1, 0, 0)),  # looks down
    ((0, 0, 90), (0, -1, 0)),  # looks down, its top towards −X
    ((90, 0, 30), (np.cos(np.pi / 6), 0, 0.5)),  # turned left by 30° from +Y
    ((90, 90, 0), (0, 0, -1)),
]


@pytest.mark.parametrize(("camera", "expected"), CAMERAS[:-1])
def test_light_from_the_panoramas_centre_arrives_from_world_x_as_the_camera_sees_it(scene, camera, expected):
    patch_world(scene)
    aim(scene, camera)
    assert_from(probed(scene), expected)


@pytest.mark.parametrize("turn_deg", [90, 45, -120])
def test_turning_the_mapping_node_turns_the_light_the_other_way(scene, turn_deg):
    # The node turns the direction that is looked up: what was found at angle 0 is found at −turn.
    patch_world(scene, turn_deg)
    angle = np.radians(-turn_deg)
    assert_from(probed(scene), (np.cos(angle), 0, -np.sin(angle)))  # the camera looks along +Y: world y is −z


def test_the_patch_keeps_its_light_whatever_the_camera(scene):
    patch_world(scene)
    texel_sr = (2 * np.pi / 128) * (np.sin(np.pi / 64) - 0)  # the two rows next to the equator are as tall
    expected = 4 * 1000.0 * texel_sr
    for camera, _ in CAMERAS:
        aim(scene, camera)
        # Four samples a texel, 256 in the brightest tiles.
        np.testing.assert_allclose(light_maps.flux(probed(scene)), expected, rtol=0.02)


def test_strength_scales_the_light(scene):
    background = patch_world(scene)
    one = probed(scene)
    background.inputs["Strength"].default_value = 2.5
    np.testing.assert_allclose(probed(scene), 2.5 * one, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["sunset", "city", "studio"])
def test_a_panorama_gives_what_resampling_its_file_gives(scene, name):
    path = Path(bpy.utils.system_resource("DATAFILES")) / "studiolights" / "world" / f"{name}.exr"

    def colour_from(nodes, links):
        texture = nodes.new("ShaderNodeTexEnvironment")
        texture.image = bpy.data.images.load(str(path))
        return texture

    world_of(scene, colour_from)
    aim(scene, (80, 10, 35))
    view = probe.view_of(bpy.context)
    ours = probed(scene)
    expected = light_maps.panorama_in_camera(light_maps.read_light_map(path), view.camera_to_world)
    np.testing.assert_allclose(light_maps.flux(ours), light_maps.flux(expected), rtol=0.01)
    # Smoothed over 11°: both resample, and lights of one texel fall differently into their neighbours.
    small = [light_maps.resize(each, 16) for each in (ours, expected)]
    assert np.abs(small[0] - small[1]).mean() < 0.05 * small[1].mean()


def test_a_plain_colour_is_the_same_from_everywhere(scene):
    background = world_of(scene)
    background.inputs["Color"].default_value = (0.2, 0.4, 0.8, 1)
    background.inputs["Strength"].default_value = 3.0
    np.testing.assert_allclose(probed(scene), np.broadcast_to((0.6, 1.2, 2.4), (64, 128, 3)), rtol=1e-4)


@pytest.mark.skipif(bpy.app.version >= (5, 0, 0), reason="from 5.0 on every world has nodes")
def test_a_world_without_nodes_gives_its_colour(scene):
    scene.world = bpy.data.worlds.new("Plain")
    scene.world.use_nodes = False
    scene.world.color = (0.1, 0.2, 0.3)
    np.testing.assert_allclose(probed(scene), np.broadcast_to((0.1, 0.2, 0.3), (64, 128, 3)), rtol=1e-4)


@pytest.mark.parametrize(("rotation_deg", "expected"), [(0, (0, 0, -1)), (90, (1, 0, 0)), (180, (0, 0, 1))])
def test_the_skys_sun_stands_where_its_node_says(scene, rotation_deg, expected):
    def colour_from(nodes, links):
        sky = nodes.new("ShaderNodeTexSky")
        sky.sun_elevation, sky.sun_rotation = np.radians(30), np.radians(rotation_deg)
        return sky

    world_of(scene, colour_from)
    light_map = probed(scene)
    row, column = np.unravel_index(light_map.sum(axis=-1).argmax(), light_map.shape[:2])
    # Blender's sun stands over +Y at rotation 0, which the camera looks along, and turns clockwise from above.
    toward = np.array(expected) * np.cos(np.radians(30)) + np.array([0, np.sin(np.radians(30)), 0])
    assert np.degrees(np.arccos(light_maps.directions(64)[row, column] @ toward)) < 2.1
    # The disc of half a degree holds most of a clear sky's light; the map keeps it.
    sun = light_map[max(0, row - 1) : row + 2, column - 1 : column + 2]
    assert sun.max() > 1000 * np.median(light_map)


def test_the_skys_sun_shines_alike_wherever_it_falls_between_texels(scene):
    sky = None

    def colour_from(nodes, links):
        nonlocal sky
        sky = nodes.new("ShaderNodeTexSky")
        sky.sun_elevation = np.radians(25)
        return sky

    world_of(scene, colour_from)
    total = []
    for rotation_deg in (0.0, 0.7, 31.3):
        sky.sun_rotation = np.radians(rotation_deg)
        total.append(light_maps.flux(probed(scene)).sum())
    np.testing.assert_allclose(total, total[0], rtol=0.03)  # 256 samples in the sun's tile


def test_what_only_the_camera_sees_is_no_light(scene):
    background = world_of(scene)
    background.inputs["Strength"].default_value = 2.0
    nodes, links = scene.world.node_tree.nodes, scene.world.node_tree.links
    shown, mix, path = (nodes.new(f"ShaderNode{name}") for name in ("Background", "MixShader", "LightPath"))
    background.inputs["Color"].default_value = (1, 0, 0, 1)
    shown.inputs["Color"].default_value = (0, 0, 1, 1)
    links.new(path.outputs["Is Camera Ray"], mix.inputs[0])
    links.new(background.outputs[0], mix.inputs[1])
    links.new(shown.outputs[0], mix.inputs[2])
    links.new(mix.outputs[0], next(n for n in nodes if n.type == "OUTPUT_WORLD").inputs["Surface"])
    np.testing.assert_allclose(probed(scene)[10, 10], (2, 0, 0), atol=1e-4)
    backdrop = probe.backdrop(scene, probe.view_of(bpy.context), 16, 24)
    np.testing.assert_allclose(backdrop[8, 8], (0, 0, 1), atol=1e-4)
    assert mix.inputs[0].is_linked


def test_the_backdrop_is_what_the_camera_sees_of_the_world(scene):
    patch_world(scene)
    aim(scene, ALONG_X)
    view = probe.view_of(bpy.context)
    picture = probe.backdrop(scene, view, 60, 90)
    assert picture.shape == (60, 90, 3)
    bright = np.argwhere(picture[..., 0] > 0.5 * picture.max())
    np.testing.assert_allclose(bright.mean(axis=0), (29.5, 44.5), atol=0.6)  # straight ahead: the middle
    # 2×2 texels are 5.6° wide, up to 1.4° wider by interpolation; 50 mm on 36 mm film is 39.6° over 90 px.
    assert np.ptp(bright[:, 1]) + 1 == pytest.approx(90 * np.tan(np.radians(2.8)) / np.tan(np.radians(19.8)), abs=2.5)


def test_without_a_camera_the_view_looks_along_y(scene):
    patch_world(scene)
    scene.camera = None
    assert_from(probed(scene), (1, 0, 0))


def test_a_scaled_and_parented_camera_counts_only_by_its_rotation(scene):
    patch_world(scene)
    parent = bpy.data.objects.new("Parent", None)
    parent.rotation_euler.z = np.pi
    parent.scale = (2, 2, 2)
    scene.collection.objects.link(parent)
    scene.camera.parent = parent
    assert_from(probed(scene), (-1, 0, 0))


def test_reading_the_light_leaves_scene_and_render_result_alone(scene, tmp_path):
    patch_world(scene)
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 1
    scene.render.resolution_x, scene.render.resolution_y = 32, 16
    scene.render.filepath = str(tmp_path / "mine")
    aim(scene, ALONG_X)
    bpy.ops.render.render()

    def render_result():
        path = tmp_path / "result.exr"
        scene.render.image_settings.file_format = "OPEN_EXR"
        bpy.data.images["Render Result"].save_render(str(path), scene=scene)
        image = bpy.data.images.load(str(path))
        values = np.array(image.pixels)
        bpy.data.images.remove(image)
        return values

    def state():
        kinds = ("scenes", "worlds", "cameras", "objects", "images", "meshes")
        names = {kind: [each.name for each in getattr(bpy.data, kind)] for kind in kinds}
        return names, bpy.context.scene.name, scene.render.filepath, scene.cycles.samples, scene.camera.name

    before, names = render_result(), state()
    assert before.max() > 1
    probed(scene)
    assert state() == names
    np.testing.assert_array_equal(render_result(), before)


def test_a_dark_world_is_refused(scene):
    world_of(scene).inputs["Strength"].default_value = 0.0
    with pytest.raises(SceneError, match=r"^The world World gives no light\. .*\.$"):
        probed(scene)


def test_a_refused_world_leaves_nothing_behind(scene):
    world_of(scene).inputs["Strength"].default_value = 0.0
    before = [len(kind) for kind in (bpy.data.scenes, bpy.data.worlds, bpy.data.objects, bpy.data.cameras)]
    with pytest.raises(SceneError):
        probed(scene)
    assert [len(kind) for kind in (bpy.data.scenes, bpy.data.worlds, bpy.data.objects, bpy.data.cameras)] == before


def test_the_panel_says_which_light_is_used(scene):
    patch_world(scene, turn_deg=30)
    assert probe.describe(scene, in_viewport=False) == "World: patch, turned 30°, seen by Camera"
    world_of(scene, lambda nodes, links: nodes.new("ShaderNodeTexSky"))
    scene.camera = None
    assert probe.describe(scene, in_viewport=False) == "World: sky, seen along +Y"
    assert probe.describe(scene, in_viewport=True) == "World: sky, seen from this view"
    scene.world = None
    assert probe.describe(scene, in_viewport=True) == "The scene has no world"


def save_grey(path, value):
    image = bpy.data.images.new("grey", 64, 64)
    image.pixels.foreach_set(np.tile(np.array([value, value, value, 1], np.float32), 64 * 64))
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    bpy.data.images.remove(image)


def test_a_balanced_light_is_another_light_with_more_key():
    patch = np.full((64, 128, 3), 0.1, np.float32)
    patch[20:24, 30:34] = 50
    light = lighting.Light("patch", lambda draft: patch)
    balanced = light.balanced(1.0)
    np.testing.assert_array_equal(balanced.read(False), balance(patch, 1.0))
    assert not np.allclose(balanced.read(False), patch)
    assert len({light.key, balanced.key, light.balanced(2.0).key}) == 3


def test_a_reference_photo_is_read_again_only_when_it_changed(tmp_path, monkeypatch):
    save_grey(tmp_path / "photo.png", 0.2)
    photo, reads = bpy.data.images.load(str(tmp_path / "photo.png")), []
    read_pixels = images.read_pixels
    monkeypatch.setattr(images, "read_pixels", lambda image: reads.append(image.name) or read_pixels(image))
    first = lighting._read_reference(photo)
    assert lighting._read_reference(photo) is first and len(reads) == 1
    # Written by another program, it is the same until Blender loads it, however often it is looked at.
    save_grey(tmp_path / "photo.png", 0.6)
    assert lighting._read_reference(photo).version == first.version
    photo.reload()
    second = lighting._read_reference(photo)
    assert second.version != first.version and second.pixels.values[0, 0, 0] == pytest.approx(0.6, abs=0.01)
    assert lighting._read_reference(photo) is second
    # Painted on: nothing but the pixels tells.
    photo.pixels.foreach_set(np.ones(64 * 64 * 4, np.float32))
    painted = lighting._read_reference(photo)
    assert painted.version != second.version
    photo.pixels.foreach_set(np.zeros(64 * 64 * 4, np.float32))
    assert lighting._read_reference(photo).version != painted.version
