"""All the light at a place of the scene: lamps, shining things and the world, by how much and from where."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="the headless tier needs the bpy wheel: make env")

from mathutils import Vector  # noqa: E402

from relight_stage.addon import probe  # noqa: E402
from relight_stage.errors import SceneError  # noqa: E402
from relight_stage.scenes import light_map as light_maps  # noqa: E402

pytestmark = pytest.mark.addon

PLACE = Vector((1.0, 2.0, 3.0))


@pytest.fixture
def scene():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.camera.rotation_euler.x = np.pi / 2  # looks along +Y: world x is right, z up, −y towards the camera
    scene.collection.objects.link(scene.camera)
    return scene


def lamp(scene, kind, offset, **settings):
    data = bpy.data.lights.new(kind, kind)
    for name, value in settings.items():
        setattr(data, name, value)
    thing = bpy.data.objects.new(kind, data)
    thing.location = PLACE + Vector(offset)
    thing.rotation_euler = Vector(offset).to_track_quat("Z", "Y").to_euler()
    scene.collection.objects.link(thing)
    bpy.context.view_layer.update()
    return thing


def seen(scene, hidden=(), draft=False):
    return probe.scene_light_map(scene, probe.view_of(bpy.context), PLACE, hidden, draft)


def origin(light_map):
    weight = light_map.sum(axis=-1, keepdims=True) * light_maps.solid_angles(64)[:, :, None]
    mean = (weight * light_maps.directions(64)).sum(axis=(0, 1))
    return mean / np.linalg.norm(mean)


@pytest.mark.parametrize(
    ("offset", "expected"), [((2, 0, 0), (1, 0, 0)), ((0, -2, 0), (0, 0, 1)), ((0, 1, 1), (0, 0.7071, -0.7071))]
)
def test_a_point_lamp_shines_from_where_it_stands_by_the_inverse_square(scene, offset, expected):
    lamp(scene, "POINT", offset, energy=100.0, shadow_soft_size=0.0)
    light_map = seen(scene)
    assert origin(light_map) @ np.array(expected) > np.cos(np.radians(1))
    distance = np.linalg.norm(offset)
    # 128 samples a texel find the rim of a disc of two texels to a few percent.
    expected_flux = 100.0 / (4 * np.pi * distance**2)
    np.testing.assert_allclose(light_maps.flux(light_map), expected_flux, rtol=0.05)


def test_a_sun_shines_by_its_strength(scene):
    lamp(scene, "SUN", (3, 0, 0), energy=2.0, angle=0.0)
    light_map = seen(scene)
    assert origin(light_map) @ (1, 0, 0) > np.cos(np.radians(1))
    np.testing.assert_allclose(light_maps.flux(light_map), 2.0, rtol=0.05)


def test_a_wall_hides_the_lamp_and_throws_its_light(scene):
    lamp(scene, "POINT", (2, 0, 0), energy=100.0)
    open_flux = light_maps.flux(seen(scene)).mean()
    bpy.ops.mesh.primitive_plane_add(size=4, location=PLACE + Vector((1, 0, 0)), rotation=(0, np.pi / 2, 0))
    wall = bpy.context.object
    assert light_maps.flux(seen(scene)).mean() < 0.01 * open_flux
    # What is hidden, as the card is, neither shades nor shines.
    np.testing.assert_allclose(light_maps.flux(seen(scene, hidden=[wall])).mean(), open_flux, rtol=0.03)
    wall.location = PLACE + Vector((-1, 0, 0))
    bpy.context.view_layer.update()
    bounced = seen(scene)
    assert bounced[28:36, 28:36].mean() > 0.1  # from the left: the wall


def test_the_scene_is_left_as_it_was(scene):
    thing = lamp(scene, "POINT", (2, 0, 0), shadow_soft_size=0.0)
    thing.visible_camera = False
    before = [len(kind) for kind in (bpy.data.scenes, bpy.data.objects, bpy.data.cameras, bpy.data.worlds)]
    engine = scene.render.engine
    seen(scene, draft=True)
    assert not thing.visible_camera and thing.data.shadow_soft_size == 0.0
    assert before == [len(kind) for kind in (bpy.data.scenes, bpy.data.objects, bpy.data.cameras, bpy.data.worlds)]
    assert scene.render.engine == engine and scene.camera.name == "Camera" and len(scene.objects) == 2


def film_video(scene):
    if bpy.app.version >= (5, 0, 0):
        scene.render.image_settings.media_type = "VIDEO"
    scene.render.image_settings.file_format = "FFMPEG"


def bind_camera(scene):
    scene.timeline_markers.new("Cut", frame=1).camera = scene.camera


def key_samples(scene):
    scene.cycles.samples = 1
    scene.cycles.keyframe_insert("samples", frame=1)


def sample_layer(scene):
    scene.view_layers[0].samples = 1


def hide_layers(scene):
    scene.view_layers[0].use = False


def save_in_acescg(scene):
    settings = scene.render.image_settings
    settings.file_format, settings.color_management = "OPEN_EXR", "OVERRIDE"
    settings.linear_colorspace_settings.name = "ACEScg"


@pytest.mark.parametrize("change", [film_video, bind_camera, key_samples, sample_layer, hide_layers, save_in_acescg])
def test_how_the_user_renders_does_not_change_the_light(scene, change):
    lamp(scene, "POINT", (2, 0, 0), energy=100.0, color=(1.0, 0.5, 0.2))
    expected = seen(scene, draft=True)
    change(scene)
    np.testing.assert_allclose(seen(scene, draft=True), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["use_multiview", "use_stamp", "use_motion_blur"])
def test_what_the_user_adds_to_renders_does_not_change_the_light(scene, name):
    lamp(scene, "POINT", (2, 0, 0), energy=100.0)
    bpy.ops.mesh.primitive_cube_add(size=0.5, location=PLACE + Vector((0, 2, 0)))
    moving = bpy.context.object
    for frame, x in ((0, 0.0), (2, 3.0)):
        moving.location.x = PLACE.x + x
        moving.keyframe_insert("location", frame=frame)
    scene.frame_set(1)
    expected = seen(scene, draft=True)
    setattr(scene.render, name, True)
    np.testing.assert_allclose(seen(scene, draft=True), expected, rtol=1e-4, atol=1e-6)


def test_without_cycles_it_says_what_to_enable(scene):
    import addon_utils

    addon_utils.disable("cycles")
    try:
        with pytest.raises(SceneError, match=r"Enable the add-on Cycles Render Engine\.$"):
            seen(scene)
    finally:
        addon_utils.enable("cycles")
