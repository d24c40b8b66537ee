"""Two windows, each with a scene and a photo: Live in one, Relight in the other, and the first one closed."""

import sys
from pathlib import Path

import bpy
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from clicks import FOLDER, open_tab, pixels, play, report, shoot, wait_for_run


def scenario():
    manager = bpy.context.window_manager
    first = bpy.context.window
    area = largest(first)
    area.ui_type = "IMAGE_EDITOR"
    yield 0.5
    yield from open_tab(area)
    with bpy.context.temp_override(window=first, area=area):
        bpy.ops.relight_stage.open_light(filepath=str(FOLDER / "lamp.exr"))
        bpy.ops.relight_stage.open_photo(filepath=str(FOLDER / "photo.png"))
    scene = first.scene
    scene.relight_stage.frame = "FIXED"

    with bpy.context.temp_override(window=first):
        bpy.ops.wm.window_new_main()
    yield 1.0
    second = next(window for window in manager.windows if window != first)
    with bpy.context.temp_override(window=second):
        bpy.ops.scene.new(type="NEW")
    yield 0.5
    other, other_area = second.scene, largest(second)
    other_area.ui_type = "IMAGE_EDITOR"
    yield 0.5
    with bpy.context.temp_override(window=second, area=other_area):
        bpy.ops.relight_stage.open_light(filepath=str(FOLDER / "lamp.exr"))
        bpy.ops.relight_stage.open_photo(filepath=str(FOLDER / "large.png"))
    report["photos"] = [s.relight_stage.photo.name for s in (scene, other)]

    # Live follows the scene in which it was switched on, in every window that shows its picture.
    with bpy.context.temp_override(window=first, area=area):
        bpy.ops.relight_stage.live()
    yield from still(manager, lambda: scene.relight_stage.relit is not None)
    relit = scene.relight_stage.relit
    other_area.spaces.active.image = relit
    before = pixels(relit)
    turn_of(other)[2] = 1.0
    yield from still(manager)
    report["other_worlds_turn"] = change(relit, before)
    turn_of(scene)[2] = 1.0
    yield from still(manager)
    report["own_worlds_turn"] = change(relit, before)
    shoot("windows_live")

    # Closing the window in which it was switched on does not end it.
    with bpy.context.temp_override(window=first):
        bpy.ops.wm.window_close()
    yield 1.0
    second.scene = scene
    before = pixels(relit)
    turn_of(scene)[2] = 2.0
    yield from still(manager)
    report["after_closing"] = {"windows": len(manager.windows), "change": change(relit, before)}
    second.scene = other
    with bpy.context.temp_override(window=second, area=largest(second), scene=other):
        bpy.ops.relight_stage.live()
    report["is_live"] = manager.relight_stage.is_live

    # The other scene's photo is relit by the other scene's world, and the first picture stays.
    before = pixels(relit)
    with bpy.context.temp_override(window=second, area=largest(second), scene=other):
        bpy.ops.relight_stage.relight_photo("INVOKE_DEFAULT")
    report["relight"] = yield from wait_for_run()
    report["relight"]["name"] = other.relight_stage.relit.name
    report["first_picture"] = change(relit, before)
    shoot("windows_relit")


def largest(window):
    return max(window.screen.areas, key=lambda area: area.width * area.height)


def turn_of(scene):
    return next(node for node in scene.world.node_tree.nodes if node.type == "MAPPING").inputs["Rotation"].default_value


def change(image, before):
    return float(np.abs(pixels(image) - before).mean() / before.mean())


def still(manager, answer=lambda: True):
    yield 1.0
    for _ in range(2400):
        if answer() and not manager.relight_stage.is_pending:
            return
        yield 0.0
    raise AssertionError(f"nothing happened: {manager.relight_stage.error}")


play(scenario())
