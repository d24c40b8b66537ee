"""Worlds that are read off their panoramas light as Cycles does."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="the headless tier needs the bpy wheel: make env")

from relight_stage.addon import probe, world_nodes  # noqa: E402
from relight_stage.errors import SceneError  # noqa: E402
from relight_stage.scenes import light_map as light_maps  # noqa: E402
from relight_stage.scenes.world_light import backdrop_of, light_map_of  # noqa: E402

pytestmark = pytest.mark.addon


@pytest.fixture
def scene():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.camera.rotation_euler = np.radians((75, 10, 25))
    scene.collection.objects.link(scene.camera)
    scene.world = bpy.data.worlds.new("World")
    if bpy.app.version < (5, 0, 0):
        scene.world.use_nodes = True
    scene.world.node_tree.nodes.clear()
    return scene


def panorama(name, seed):
    """Soft blobs of light: no texel alone decides."""
    rng = np.random.default_rng(seed)
    pixels = np.ones((64, 128, 4), np.float32)
    for channel in range(3):
        pixels[..., channel] = light_maps.resize(rng.random((8, 16, 3)).astype(np.float32) ** 3, 64)[..., channel] * 3
    image = bpy.data.images.new(name, 128, 64, float_buffer=True)
    image.pixels.foreach_set(pixels.ravel())
    return image


def node(scene, kind, **inputs):
    made = scene.world.node_tree.nodes.new(f"ShaderNode{kind}")
    for name, value in inputs.items():
        made.inputs[name].default_value = value
    return made


def link(scene, one, other):
    scene.world.node_tree.links.new(one, other)


def texture(scene, seed, rotation=None, vector_type="POINT"):
    made = node(scene, "TexEnvironment")
    made.image = panorama(f"panorama {seed}", seed)
    if rotation is not None:
        place, mapping = node(scene, "TexCoord"), node(scene, "Mapping", Rotation=rotation)
        mapping.vector_type = vector_type
        link(scene, place.outputs["Generated"], mapping.inputs["Vector"])
        link(scene, mapping.outputs["Vector"], made.inputs["Vector"])
    return made.outputs["Color"]


def shine(scene, colour, strength=1.0):
    background = node(scene, "Background", Strength=strength)
    link(scene, colour, background.inputs["Color"])
    return background.outputs[0]


def turned(scene):
    return shine(scene, texture(scene, 1, (0.3, -0.5, 1.1)), 2.5)


def turned_back(scene):
    return shine(scene, texture(scene, 1, (0.3, -0.5, 1.1), "TEXTURE"))


def tinted(scene):
    mix = node(scene, "Mix")
    mix.data_type, mix.blend_type = "RGBA", "MULTIPLY"
    sockets = {each.identifier: each for each in mix.inputs}
    sockets["Factor_Float"].default_value = 0.7
    sockets["B_Color"].default_value = (1.0, 0.5, 0.2, 1)
    link(scene, texture(scene, 2), sockets["A_Color"])
    return shine(scene, next(each for each in mix.outputs if each.identifier == "Result_Color"))


def mixed(scene):
    mix = node(scene, "MixShader", Fac=0.25)
    link(scene, shine(scene, texture(scene, 3), 2.0), mix.inputs[1])
    link(scene, shine(scene, texture(scene, 4, (0, 0, 2.0))), mix.inputs[2])
    return mix.outputs[0]


def added_to_a_colour(scene):
    add = node(scene, "AddShader")
    link(scene, shine(scene, texture(scene, 5)), add.inputs[0])
    link(scene, node(scene, "Background", Color=(0.2, 0.1, 0.4, 1)).outputs[0], add.inputs[1])
    return add.outputs[0]


def otherwise_to_the_camera(scene):
    mix = node(scene, "MixShader")
    link(scene, node(scene, "LightPath").outputs["Is Camera Ray"], mix.inputs[0])
    link(scene, shine(scene, texture(scene, 6)), mix.inputs[1])
    link(scene, shine(scene, texture(scene, 7)), mix.inputs[2])
    return mix.outputs[0]


def by_way_of_reroutes(scene):
    first, second = (scene.world.node_tree.nodes.new("NodeReroute") for _ in range(2))
    link(scene, texture(scene, 8, (0, 0, 0.7)), first.inputs[0])
    link(scene, first.outputs[0], second.inputs[0])
    return shine(scene, second.outputs[0])


def reckoned(scene):
    """A strength of 0.4 · 3 + 0.5, and a mix of (2 − 0.5) cut off at 1."""
    product, total, share = node(scene, "Math"), node(scene, "Math"), node(scene, "Math")
    product.operation, total.operation, share.operation = "MULTIPLY", "ADD", "SUBTRACT"
    for each, values in ((product, (0.4, 3)), (total, (0, 0.5)), (share, (2, 0.5))):
        for socket, value in zip(each.inputs, values, strict=False):
            socket.default_value = value
    share.use_clamp = True
    link(scene, product.outputs[0], total.inputs[0])
    background, mix = node(scene, "Background", Color=(0.9, 0.2, 0.1, 1)), node(scene, "MixShader")
    link(scene, shine(scene, texture(scene, 9)), mix.inputs[2])
    link(scene, background.outputs[0], mix.inputs[1])
    link(scene, share.outputs[0], mix.inputs[0])
    strong = next(each for each in scene.world.node_tree.nodes if each.type == "BACKGROUND" and each != background)
    link(scene, total.outputs[0], strong.inputs["Strength"])
    return mix.outputs[0]


WORLDS = [
    turned,
    turned_back,
    tinted,
    mixed,
    added_to_a_colour,
    otherwise_to_the_camera,
    by_way_of_reroutes,
    reckoned,
]


def build(scene, world):
    link(scene, world(scene), node(scene, "OutputWorld").inputs["Surface"])
    return probe.view_of(bpy.context)


@pytest.mark.parametrize("world", WORLDS)
def test_what_is_read_off_the_pixels_is_what_cycles_renders(scene, world):
    view = build(scene, world)
    terms = world_nodes.terms_of(scene.world)
    ours = light_map_of(terms, world_nodes.panoramas_of(terms), view.camera_to_world)
    cycles = probe.light_map(scene, view)
    np.testing.assert_allclose(light_maps.flux(ours), light_maps.flux(cycles), rtol=0.005)
    # Cycles takes four samples a texel of 0.5°, and both interpolate.
    assert np.abs(ours - cycles).mean() < 0.01 * cycles.mean()


@pytest.mark.parametrize("world", WORLDS)
def test_the_backdrop_is_what_cycles_shows_the_camera(scene, world):
    view = build(scene, world)
    terms = world_nodes.terms_of(scene.world, "Is Camera Ray")
    ours = backdrop_of(terms, world_nodes.panoramas_of(terms), view.camera_to_world, view.fov_deg, (48, 64))
    cycles = probe.backdrop(scene, view, 48, 64)
    assert np.abs(ours - cycles).mean() < 0.02 * cycles.mean()


@pytest.mark.parametrize("world", WORLDS[:3])
def test_a_draft_is_the_same_light_less_sharp(scene, world):
    view = build(scene, world)
    terms = world_nodes.terms_of(scene.world)
    panoramas = world_nodes.panoramas_of(terms)
    full, draft = (light_map_of(terms, panoramas, view.camera_to_world, each) for each in (False, True))
    np.testing.assert_allclose(light_maps.flux(draft), light_maps.flux(full), rtol=1e-4)
    assert np.abs(draft - light_maps.resize(full, 32)).mean() < 0.05 * full.mean()


def test_a_sky_is_left_to_cycles(scene):
    build(scene, lambda scene: shine(scene, node(scene, "TexSky").outputs[0]))
    assert world_nodes.terms_of(scene.world) is None


def test_worlds_that_differ_have_terms_that_differ_and_a_full_turn_is_none(scene):
    build(scene, turned)
    mapping = next(each for each in scene.world.node_tree.nodes if each.type == "MAPPING")
    before = world_nodes.terms_of(scene.world)
    mapping.inputs["Rotation"].default_value[2] += 0.1
    assert world_nodes.terms_of(scene.world) != before
    mapping.inputs["Rotation"].default_value[2] += 2 * np.pi - 0.1
    after = world_nodes.terms_of(scene.world)
    np.testing.assert_allclose(after[0].turn, before[0].turn, atol=1e-6)  # float32 angles


def test_a_missing_hdri_is_named_instead_of_lighting_pink(scene, tmp_path):
    build(scene, turned)
    image = panorama("gone.exr", 1)
    image.filepath_raw, image.file_format = str(tmp_path / "gone.exr"), "OPEN_EXR"
    image.save()
    texture_node = next(each for each in scene.world.node_tree.nodes if each.type == "TEX_ENVIRONMENT")
    texture_node.image = bpy.data.images.load(str(tmp_path / "gone.exr"))
    (tmp_path / "gone.exr").unlink()
    texture_node.image.reload()
    with pytest.raises(SceneError, match=r"^gone\.exr.*, the HDRI of the world World, is missing: .*pink.*\.$"):
        world_nodes.check_pictures(scene.world)
