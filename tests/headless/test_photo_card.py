"""The photo card in real Cycles: lamps light it as they would the person, and its shadow has the person's outline."""

import numpy as np
import OpenEXR
import pytest

bpy = pytest.importorskip("bpy", reason="the headless tier needs the bpy wheel: make env")

from mathutils import Vector  # noqa: E402

pytestmark = pytest.mark.addon


def add_card(scene, **settings):
    for name, value in settings.items():
        setattr(scene.relight_stage_photo_card, name, value)
    assert bpy.ops.relight_stage.add_photo_card("EXEC_DEFAULT") == {"FINISHED"}
    return scene.relight_stage_photo_card.card


def look_straight(scene, card):
    """Let an orthographic camera see the card and nothing beside it."""
    camera = scene.camera
    camera.data.type = "ORTHO"
    camera.data.ortho_scale = max(card.dimensions)
    camera.location = card.location + Vector((0, -2, card.dimensions.y / 2))
    scene.render.resolution_x, scene.render.resolution_y = 160, 192


def shine(scene, toward):
    """A sun in that direction alone."""
    sun = bpy.data.lights.new("Sun", "SUN")
    sun.energy, sun.angle = 3.0, 0.01
    lamp = bpy.data.objects.new("Sun", sun)
    lamp.rotation_euler = Vector(toward).to_track_quat("Z", "Y").to_euler()
    scene.collection.objects.link(lamp)
    scene.world = None
    return lamp


def render(scene, path):
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = 16, False
    scene.render.film_transparent = True
    settings = scene.render.image_settings
    settings.file_format, settings.color_mode, settings.color_depth = "OPEN_EXR", "RGBA", "32"
    scene.render.filepath = str(path / "card.exr")
    bpy.ops.render.render(write_still=True)
    with OpenEXR.File(str(path / "card.exr"), separate_channels=True) as file:
        channels = file.parts[0].channels
        return np.stack([np.array(channels[name].pixels, np.float32) for name in "RGBA"], axis=-1)


def matte_of(extension, scene):
    """The alpha of the card's picture, (H, W), top row first."""
    images = extension("addon.images")
    nodes = scene.relight_stage_photo_card.card.data.materials[0].node_tree.nodes
    return images.read_pixels(nodes["Albedo and matte"].image).values[:, :, 3]


@pytest.mark.parametrize("is_relief", [False, True])
def test_a_lamp_from_the_left_lights_the_left_side_of_the_face(stage, drawn_photo, tmp_path, is_relief):
    look_straight(stage, add_card(stage))
    add_card(stage, is_relief=is_relief)
    lamp = shine(stage, (-1, -0.5, 0))
    left = render(stage, tmp_path)[70:120, :, 1]
    lamp.rotation_euler = Vector((1, -0.5, 0)).to_track_quat("Z", "Y").to_euler()
    right = render(stage, tmp_path)[70:120, :, 1]
    # The stand-in network sees a ball; its sides are 30 pixels from the middle of a face 77 pixels wide.
    assert left[:, 50:70].mean() > 2 * left[:, 90:110].mean()
    assert right[:, 90:110].mean() > 2 * right[:, 50:70].mean()


def test_light_on_a_flat_card_is_lamberts_law_of_its_normals(extension, stage, drawn_photo, tmp_path):
    card = add_card(stage)
    principled = next(node for node in card.data.materials[0].node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    principled.inputs["Specular IOR Level"].default_value = 0.0
    look_straight(stage, card)
    toward = np.array([-0.6, -0.7, 0.3]) / np.linalg.norm([-0.6, -0.7, 0.3])
    shine(stage, toward)
    picture = render(stage, tmp_path)
    images = extension("addon.images")
    nodes = card.data.materials[0].node_tree.nodes
    normals = 2 * images.read_pixels(nodes["Normals"].image).values[:, :, :3] - 1
    albedo = images.read_pixels(nodes["Albedo and matte"].image).values
    # The card faces −Y, so the camera frame's x, y, z are the world's X, Z, −Y.
    cosine = np.maximum(normals @ np.array([toward[0], toward[2], -toward[1]]), 0)
    expected = albedo[:, :, 0] / np.pi * 3.0 * cosine
    inside = albedo[:, :, 3] > 0.99
    # The card's pixels are the camera's but for filtering: 1% where the face's features have edges, in the mean.
    np.testing.assert_allclose(picture[inside, 0].mean(), expected[inside].mean(), rtol=0.02)
    assert np.corrcoef(picture[inside, 0], expected[inside])[0, 1] > 0.98


def test_the_cards_gloss_is_that_of_what_it_shows(extension, stage, drawn_photo):
    nodes = add_card(stage).data.materials[0].node_tree.nodes
    principled = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    assert principled.inputs["Roughness"].links[0].from_node == nodes["Roughness"]
    image = nodes["Roughness"].image
    assert image.colorspace_settings.is_data
    values = extension("addon.images").read_pixels(image).values[:, :, 0]
    inside = matte_of(extension, stage) > 0.99
    # Skin, and the two eyes that the stand-in network finds.
    assert np.median(values[inside]) == pytest.approx(0.51, abs=0.01)
    assert 0.01 < (values[inside] < 0.3).mean() < 0.2


def test_the_cards_shadow_has_the_persons_outline(extension, stage, drawn_photo, tmp_path):
    card = add_card(stage)
    look_straight(stage, card)
    wall = bpy.data.meshes.new("Wall")
    wall.from_pydata([(-2, 0.5, -2), (2, 0.5, -2), (2, 0.5, 2), (-2, 0.5, 2)], [], [(0, 1, 2, 3)])
    stage.collection.objects.link(bpy.data.objects.new("Wall", wall))
    shine(stage, (0, -1, 0))
    card.visible_camera = False
    lit = render(stage, tmp_path)[:, :, 1]
    shadow, matte = lit < 0.5 * lit.max(), matte_of(extension, stage) > 0.5
    overlap = (shadow & matte).sum() / (shadow | matte).sum()
    # The outline of a face of 5000 pixels is 250 pixels long; a pixel to either side of half of it.
    assert overlap > 0.95


def quad(scene, name, corners):
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(corners, [], [(0, 1, 2, 3)])
    thing = bpy.data.objects.new(name, mesh)
    scene.collection.objects.link(thing)
    return thing


@pytest.mark.parametrize("is_relief", [False, True])
def test_what_stands_before_the_lamp_throws_its_shadow_on_the_person(stage, drawn_photo, tmp_path, is_relief):
    card = add_card(stage)
    look_straight(stage, card)
    add_card(stage, is_relief=is_relief)
    shine(stage, (0, -1, 0))
    lit = render(stage, tmp_path)[:, :, 1]
    # A board between lamp and person covers what is left of the picture's middle.
    height = 2 * card.dimensions.y
    board = quad(stage, "Board", [(-2, -0.5, -1), (0, -0.5, -1), (0, -0.5, height), (-2, -0.5, height)])
    board.visible_camera = False
    shaded = render(stage, tmp_path)[:, :, 1]
    left, right = np.s_[70:120, 50:78], np.s_[70:120, 82:110]
    assert lit[left].mean() > 0.05
    # Nothing else shines: in the shadow it is black, but for what a relief throws to and fro.
    assert shaded[left].mean() < 0.02 * lit[left].mean()
    # What the board does not shade is as it was, but for noise.
    assert shaded[right].mean() == pytest.approx(lit[right].mean(), rel=0.02)


def test_the_persons_shadow_falls_on_the_floor_where_the_lamp_throws_it(extension, stage, drawn_photo, tmp_path):
    card = add_card(stage)
    quad(stage, "Floor", [(-2, -2, 0), (2, -2, 0), (2, 2, 0), (-2, 2, 0)])
    shine(stage, (0, -1, 1))
    card.visible_camera = False
    # From straight above: image up is the world's +Y, away from the lamp, where at 45° a point at height z throws
    # its shadow to y = z.
    camera = stage.camera
    camera.data.type, camera.data.ortho_scale = "ORTHO", 2 * card.dimensions.y
    camera.location, camera.rotation_euler = (0, 0, 3), (0, 0, 0)
    stage.render.resolution_x = stage.render.resolution_y = 128
    lit = render(stage, tmp_path)[:, :, 1]
    shadow = lit < 0.5 * np.median(lit)
    assert shadow[64:].sum() == 0, "nothing before the card"
    rows = np.flatnonzero(shadow.any(axis=1))
    heights = (63.5 - rows) / 64 * card.dimensions.y
    person = np.flatnonzero((matte_of(extension, stage) > 0.5).any(axis=1))
    expected = (191.5 - person) / 192 * card.dimensions.y
    # A pixel of the camera.
    assert heights.max() == pytest.approx(expected.max(), abs=2 * card.dimensions.y / 128)
    assert heights.min() == pytest.approx(expected.min(), abs=2 * card.dimensions.y / 128)


@pytest.mark.parametrize("is_relief", [False, True])
def test_the_person_is_life_size_and_stands_upright_at_the_cursor_towards_the_camera(stage, drawn_photo, is_relief):
    stage.cursor.location = (1, 2, 0.5)
    stage.camera.location = (5, 2, 4)
    bpy.context.view_layer.update()
    card = add_card(stage, is_relief=is_relief)
    bpy.context.view_layer.update()
    axes = card.matrix_world.to_3x3()
    np.testing.assert_allclose(axes.col[1], (0, 0, 1), atol=1e-5)
    np.testing.assert_allclose(axes.col[2], (1, 0, 0), atol=1e-5)
    np.testing.assert_allclose(card.location, (1, 2, 0.5), atol=1e-6)
    # The drawn face is 110 pixels high, eyes to lips 39 of them with what the network blurs: 0.1 m as in any adult.
    face_m = 110 / 192 * card.dimensions.y if not is_relief else card.dimensions.y
    assert 0.2 < face_m < 0.35


def test_pressing_again_renews_the_card_where_the_user_put_it(stage, drawn_photo):
    card = add_card(stage)
    card.location.x += 1
    place, meshes = tuple(card.location), len(bpy.data.meshes)
    assert add_card(stage, is_relief=True) == card
    assert tuple(card.location) == place and len(bpy.data.meshes) == meshes
    assert len(card.data.polygons) > 1000 and len(card.data.materials) == 1


def take_materials(card):
    card.data.materials.clear()


def empty_slot(card):
    card.material_slots[0].material = None


def replace_material(card):
    card.material_slots[0].material = bpy.data.materials.new("Mine")


def remove_pictures(card):
    nodes = card.material_slots[0].material.node_tree.nodes
    for node in [node for node in nodes if node.type == "TEX_IMAGE"]:
        nodes.remove(node)


@pytest.mark.parametrize("edit", [take_materials, empty_slot, replace_material, remove_pictures])
def test_what_the_user_took_out_of_a_cards_material_is_built_again(extension, stage, drawn_photo, edit):
    bpy.ops.relight_stage.relight_photo("EXEC_DEFAULT", card=True)
    relit_card, photo_card = stage.relight_stage.card, add_card(stage)
    for card in (relit_card, photo_card):
        edit(card)
    bpy.ops.relight_stage.relight_photo("EXEC_DEFAULT")
    assert add_card(stage) == photo_card and stage.relight_stage.card == relit_card
    for card, pictures in ((relit_card, 1), (photo_card, 3)):
        nodes = card.material_slots[0].material.node_tree.nodes
        assert sum(node.type == "TEX_IMAGE" and node.image is not None for node in nodes) == pictures
    if edit is replace_material:
        assert bpy.data.materials["Mine"].use_fake_user, "the user's own is kept"


def test_a_deleted_card_is_none(extension, stage, drawn_photo):
    lighting, card = extension("addon.lighting"), add_card(stage)
    assert lighting.cards_of(stage) == [card]
    stage.collection.objects.unlink(card)
    assert stage.relight_stage_photo_card.card == card and lighting.cards_of(stage) == []
    again = add_card(stage)
    assert again != card and again.name in stage.objects


def test_the_scenes_light_is_that_at_the_middle_of_the_card_without_it(extension, stage, drawn_photo):
    stage.relight_stage.light_source, stage.relight_stage.background = "SCENE", "TRANSPARENT"
    lighting, probe, portraits = (extension(f"addon.{name}") for name in ("lighting", "probe", "portraits"))
    card, networks = add_card(stage, is_relief=True), extension("addon.preferences").networks()
    bpy.context.view_layer.update()
    lamp = bpy.data.lights.new("Lamp", "POINT")
    lamp.energy, lamp.shadow_soft_size = 100.0, 0.0
    thing = bpy.data.objects.new("Lamp", lamp)
    points = np.array([card.matrix_world @ vertex.co for vertex in card.data.vertices])
    thing.location = (points.min(axis=0) + points.max(axis=0)) / 2 + (2, 0, 0)
    stage.collection.objects.link(thing)
    bpy.context.view_layer.update()
    view = probe.view_of(bpy.context)
    light_map = lighting.gather_light(bpy.context, view, portraits.studio, networks).read(False)
    # The lamp stands at the middle's height, image right: half the columns from the map's middle to its edge.
    row, column = np.unravel_index(light_map.sum(axis=-1).argmax(), light_map.shape[:2])
    assert row in (31, 32) and 95 <= column <= 96
    # Behind the middle stands the world alone, not the card.
    np.testing.assert_allclose(light_map[28:36, :4], 0.5, rtol=0.01)


def test_a_person_stands_free_of_the_picture_that_was_cut(extension, stage, drawn_photo, tmp_path):
    card = add_card(stage)
    look_straight(stage, card)
    alpha = render(stage, tmp_path)[:, :, 3]
    # Sixteen samples a pixel and Blender's pixel filter, which is wider than a pixel.
    assert np.abs(alpha - matte_of(extension, stage)).mean() < 0.02


def test_without_a_photo_the_button_says_so(stage):
    with pytest.raises(RuntimeError, match="There is no photo to relight"):
        bpy.ops.relight_stage.add_photo_card("EXEC_DEFAULT")


def test_a_poster_is_refused_before_its_pixels_are_read(extension, stage, monkeypatch):
    stage.relight_stage.photo = bpy.data.images.new("poster.png", 12000, 12000)
    monkeypatch.setattr(extension("addon.images"), "read_pixels", lambda image: pytest.fail("read"))
    with pytest.raises(RuntimeError, match=r"poster\.png is 12000x12000 px; no side may be longer than 8192 px"):
        bpy.ops.relight_stage.add_photo_card("EXEC_DEFAULT")


def test_a_fully_transparent_photo_is_refused(stage, drawn_photo):
    drawn_photo.pixels.foreach_set(np.zeros(160 * 192 * 4, np.float32))
    with pytest.raises(RuntimeError, match=r"The alpha channel of portrait\.png shows nothing"):
        bpy.ops.relight_stage.add_photo_card("EXEC_DEFAULT")


def test_many_relights_leave_one_result(extension, stage, drawn_photo):
    settings = stage.relight_stage
    settings.keep_maps = True
    for _ in range(3):
        assert bpy.ops.relight_stage.relight_photo("EXEC_DEFAULT", card=True) == {"FINISHED"}
        assert bpy.ops.relight_stage.add_photo_card("EXEC_DEFAULT") == {"FINISHED"}
    count = len(bpy.data.images)
    settings.relit.use_fake_user = True
    kept = settings.relit
    for _ in range(5):
        settings.face = 1 - settings.face  # or the maps would be those of before
        assert bpy.ops.relight_stage.relight_photo("EXEC_DEFAULT", card=True) == {"FINISHED"}
        assert bpy.ops.relight_stage.add_photo_card("EXEC_DEFAULT") == {"FINISHED"}
    assert len(bpy.data.images) == count + 1
    assert kept.name == f"{settings.relit.name}.001" and settings.relit.has_data
