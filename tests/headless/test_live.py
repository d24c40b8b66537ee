"""Live's timer, called by hand: what it follows, what ends it, and what it says then."""

import time
from types import SimpleNamespace

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="the headless tier needs the bpy wheel: make env")

pytestmark = pytest.mark.addon

LONGEST_S = 60


@pytest.fixture
def live(extension, stage, drawn_photo):
    """Live, switched on, with the photo in an Image Editor."""
    area = bpy.context.window_manager.windows[0].screen.areas[0]
    area.ui_type = "IMAGE_EDITOR"
    area.spaces.active.image = drawn_photo
    live = extension("addon.live")
    assert bpy.ops.relight_stage.live() == {"FINISHED"}
    yield live
    live.stop()


@pytest.fixture
def requests(live, monkeypatch):
    """What Live asks its thread for, which does nothing."""
    asked = []
    stream = SimpleNamespace(submit=asked.append, take=lambda: None, close=lambda: None)
    monkeypatch.setattr(live, "Stream", lambda *_: stream)
    live._session.stream.close()
    live._session.stream = stream
    return asked


def state():
    return bpy.context.window_manager.relight_stage


def tick(live):
    """One look, after Blender's own."""
    bpy.context.view_layer.update()
    return live._tick()


def tick_until(live, answer):
    end = time.monotonic() + LONGEST_S
    while not answer():
        assert time.monotonic() < end and not state().error, state().error
        tick(live)
        time.sleep(0.02)


def brightness(image):
    return np.array(image.pixels).reshape(-1, 4)[:, :3].mean()


def background_node(scene):
    return next(node for node in scene.world.node_tree.nodes if node.type == "BACKGROUND")


def test_live_goes_on_when_its_scene_and_its_photo_get_other_names(live, stage, drawn_photo):
    tick_until(live, lambda: stage.relight_stage.relit is not None and not state().is_pending)
    before = brightness(stage.relight_stage.relit)
    stage.name, drawn_photo.name = "Renamed", "other.png"
    background_node(stage).inputs["Strength"].default_value = 2
    tick_until(live, lambda: brightness(stage.relight_stage.relit) > 1.9 * before)
    assert state().is_live


def test_live_ends_with_a_sentence_when_its_scene_is_removed(live, stage):
    bpy.data.scenes.new("Other")
    bpy.data.scenes.remove(stage)
    assert live._tick() is None
    assert state().error == "Live has ended: its scene was removed. Press Live again in another scene."
    assert not state().is_live and not bpy.app.timers.is_registered(live._tick)


def test_a_photo_that_is_removed_meanwhile_is_asked_for_and_the_next_one_is_taken(live, requests, stage, drawn_photo):
    tick(live)
    other = drawn_photo.copy()
    bpy.data.images.remove(drawn_photo)
    tick(live)
    assert state().error == "The photo was removed while it was relit live. Open one in the Relight tab."
    stage.relight_stage.photo = other
    bpy.context.window_manager.windows[0].screen.areas[0].spaces.active.image = other
    tick(live)
    assert state().error == "" and requests[-1].name == other.name


def test_what_nobody_foresaw_leaves_no_lit_button(live, monkeypatch):
    monkeypatch.setattr(live._session, "step", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        live._tick()
    assert not state().is_live


def test_another_photo_is_taken_in_the_scene_of_live(live, requests, stage, drawn_photo):
    """Also where the window at hand shows another scene."""
    other = bpy.data.scenes.new("Other")
    other.relight_stage.photo = drawn_photo
    stage.relight_stage.photo = drawn_photo.copy()
    bpy.context.window_manager.windows[0].scene = other
    live._tick()
    assert live._session.scene_uid == stage.session_uid
    assert live._session.photo_uid == stage.relight_stage.photo.session_uid


def test_switching_on_at_once_after_another_run_ended_it_leaves_one_timer_and_one_thread(live, monkeypatch):
    closed = []
    monkeypatch.setattr(live._session.stream, "close", lambda: closed.append(True))
    state().is_live = False  # as Relight does
    bpy.ops.relight_stage.live()
    assert closed and state().is_live
    live.stop()
    assert not bpy.app.timers.is_registered(live._tick)


def test_a_photo_too_large_is_refused_before_its_pixels_are_read(extension, live, stage, monkeypatch):
    stage.relight_stage.photo = bpy.data.images.new("poster.png", 12000, 64)
    monkeypatch.setattr(extension("addon.images"), "read_pixels", lambda image: pytest.fail("read"))
    bpy.context.window_manager.windows[0].screen.areas[0].spaces.active.image = stage.relight_stage.photo
    tick(live)
    assert state().error.startswith("poster.png is 12000x64 px; no side may be longer than 8192 px.")


@pytest.mark.parametrize("change", ["strength", "turn of the camera", "nodes", "another world"])
def test_the_background_follows_the_world_under_another_photos_light(live, requests, stage, drawn_photo, change):
    settings = stage.relight_stage
    settings.light_source, settings.reference, settings.background = "PHOTO", drawn_photo.copy(), "WORLD"
    tick(live)
    tick(live)
    before = len(requests)
    nodes = stage.world.node_tree.nodes
    match change:
        case "strength":
            background_node(stage).inputs["Strength"].default_value = 3
        case "turn of the camera":
            stage.camera.rotation_euler.z = 1
        case "nodes":
            sky = nodes.new("ShaderNodeRGB")
            stage.world.node_tree.links.new(sky.outputs[0], background_node(stage).inputs["Color"])
        case _:
            stage.world = stage.world.copy()
            background_node(stage).inputs["Strength"].default_value = 3
    tick(live)
    assert len(requests) == before + 1
    assert requests[-1].light_key == requests[-2].light_key
    assert requests[-1].background_key != requests[-2].background_key


def test_a_world_changed_for_the_camera_alone_changes_the_background_alone(live, requests, stage):
    stage.relight_stage.background = "WORLD"
    nodes, links = stage.world.node_tree.nodes, stage.world.node_tree.links
    light, shown = background_node(stage), nodes.new("ShaderNodeBackground")
    path, mix = nodes.new("ShaderNodeLightPath"), nodes.new("ShaderNodeMixShader")
    links.new(path.outputs["Is Camera Ray"], mix.inputs[0])
    links.new(light.outputs[0], mix.inputs[1])
    links.new(shown.outputs[0], mix.inputs[2])
    links.new(mix.outputs[0], stage.world.node_tree.get_output_node("CYCLES").inputs["Surface"])
    tick(live)
    shown.inputs["Strength"].default_value = 3
    tick(live)
    first, last = (request.read_background((8, 8), False).max() for request in requests[-2:])
    assert last == pytest.approx(3 * first)
    assert requests[-1].background_key != requests[-2].background_key
    assert requests[-1].light_key == requests[-2].light_key


@pytest.mark.parametrize("source", ["WORLD", "PHOTO"])
def test_what_takes_a_render_waits_for_the_timer(extension, live, requests, stage, monkeypatch, source):
    """Blender tells of changes from within its own update, and renders change the file, which it tells, too."""
    rendered = []
    backdrop = extension("addon.probe").backdrop
    monkeypatch.setattr(extension("addon.probe"), "backdrop", lambda *of: rendered.append(1) or backdrop(*of))
    light = extension("addon.lighting").Light("estimated", lambda draft: np.ones((64, 128, 3), np.float32))
    monkeypatch.setattr(extension("addon.lighting"), "gather_light", lambda *of, **how: light)
    stage.relight_stage.background, stage.relight_stage.light_source = "WORLD", source
    nodes, links = stage.world.node_tree.nodes, stage.world.node_tree.links
    sky, mix, path = (nodes.new(f"ShaderNode{kind}") for kind in ("TexSky", "MixShader", "LightPath"))
    shown = nodes.new("ShaderNodeBackground")
    links.new(sky.outputs[0], shown.inputs["Color"])
    links.new(path.outputs["Is Camera Ray"], mix.inputs[0])
    links.new(background_node(stage).outputs[0], mix.inputs[1])
    links.new(shown.outputs[0], mix.inputs[2])
    links.new(mix.outputs[0], stage.world.node_tree.get_output_node("CYCLES").inputs["Surface"])
    bpy.context.view_layer.update()
    live._session.ask_early(bpy.context, stage)
    assert not rendered
    tick(live)
    assert len(rendered) == 1


def test_a_sky_is_rendered_as_a_draft_and_for_good_and_no_more(extension, live, requests, stage, monkeypatch):
    """Though rendering changes the file, which asks for another look."""
    drafts, light_map = [], extension("addon.probe").light_map

    def render(scene, view, draft):
        drafts.append(draft)
        return light_map(scene, view, draft=True)  # in less time

    monkeypatch.setattr(extension("addon.probe"), "light_map", render)
    stage.relight_stage.background = "WORLD"
    sky = stage.world.node_tree.nodes.new("ShaderNodeTexSky")
    stage.world.node_tree.links.new(sky.outputs[0], background_node(stage).inputs["Color"])
    tick_until(live, lambda: len(drafts) >= 2)
    for _ in range(3):
        live._session._next_draft_s = 0.0
        tick(live)
    assert drafts == [True, False]


@pytest.mark.parametrize("background", ["PHOTO", "TRANSPARENT"])
def test_the_card_follows_the_light_where_no_image_editor_is(extension, live, stage, drawn_photo, background):
    stage.relight_stage.background = background
    live.stop()
    area = bpy.context.window_manager.windows[0].screen.areas[0]
    area.ui_type = "VIEW_3D"
    area.spaces.active.shading.type = "MATERIAL"
    assert bpy.ops.relight_stage.relight_photo("EXEC_DEFAULT", card=True) == {"FINISHED"}
    assert bpy.ops.relight_stage.live() == {"FINISHED"}
    card, materials = stage.relight_stage.card, extension("addon.card_materials")

    def picture():
        return materials.pictures_of(card)[0]

    before = picture()
    tick_until(live, lambda: picture() != before and not state().is_pending)
    followed = picture()
    dim, count = brightness(followed), len(bpy.data.images)
    background_node(stage).inputs["Strength"].default_value *= 4
    tick_until(live, lambda: brightness(followed) > 2 * dim and not state().is_pending)
    assert picture() == followed and len(bpy.data.images) == count
    alpha = np.array(followed.pixels).reshape(-1, 4)[:, 3]
    assert alpha.min() == 0 and alpha.max() == 1
    # Painting the card is no change of the light.
    asked = live._session._asked
    for _ in range(5):
        tick(live)
    assert live._session._asked == asked


def test_live_says_when_nobody_can_see_it(live, stage):
    area = bpy.context.window_manager.windows[0].screen.areas[0]
    area.ui_type = "VIEW_3D"
    tick(live)
    assert "Relight on Card" in state().line
    area.ui_type = "IMAGE_EDITOR"
    area.spaces.active.image = stage.relight_stage.photo
    tick_until(live, lambda: stage.relight_stage.relit is not None)
    assert "Relight on Card" not in state().line
