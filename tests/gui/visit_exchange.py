"""Bringing in and taking out: a photo, its card under real lamps, its maps, a movie, its light."""

import sys
import time
from pathlib import Path

import bpy
import numpy as np
from mathutils import Vector

sys.path.insert(0, str(Path(__file__).parent))
from clicks import (
    FOLDER,
    LONGEST_S,
    click,
    find_button,
    open_tab,
    play,
    report,
    scroll_down,
    shoot,
    sidebar,
    wait_for_run,
)


def scenario():
    """One visit; every ``yield`` waits for that many seconds while Blender goes on."""
    window = bpy.context.window
    area = max(window.screen.areas, key=lambda area: area.width * area.height)
    area.ui_type = "IMAGE_EDITOR"
    yield 0.5
    show_only("photo_card", "export", "movie", "matching")
    yield from open_tab(area)
    bpy.context.preferences.view.ui_scale = 0.65  # all sub-panels in one picture
    yield 0.5
    scene = bpy.context.scene
    with bpy.context.temp_override(window=window, area=area, region=sidebar(area)):
        bpy.ops.relight_stage.open_photo(filepath=str(FOLDER / "photo.png"))
    yield 1.0
    shoot("exchange_panels")

    with bpy.context.temp_override(window=window, area=area, region=sidebar(area)):
        report["pasted"] = refusal(lambda: bpy.ops.relight_stage.paste_photo("INVOKE_DEFAULT"))

    yield from visit_export(window, area, scene)
    yield from visit_movie(window, area, scene)
    yield from visit_card(window, area, scene)


def visit_export(window, area, scene):
    settings = scene.relight_stage_export
    settings.folder, settings.form = str(FOLDER / "out"), "PNG"
    yield from press(area, "relight_stage.export_maps")
    report["export"] = yield from wait_for_run()
    report["export"]["files"] = sorted(path.name for path in (FOLDER / "out").iterdir())
    yield from press(area, "relight_stage.recombine_maps")
    report["recombine"] = yield from wait_for_run()
    area.ui_type = "CompositorNodeTree"
    yield 1.0
    if bpy.app.version >= (5, 0, 0):
        area.spaces.active.node_tree = scene.compositing_node_group
    area.spaces.active.show_region_ui = area.spaces.active.show_region_asset_shelf = False
    yield 2.0
    canvas = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=canvas):
        bpy.ops.node.view_all()
    yield 2.0
    shoot("exchange_compositor")
    area.ui_type = "IMAGE_EDITOR"
    yield 1.0


def visit_movie(window, area, scene):
    photo = scene.relight_stage.photo
    for number in range(3):
        copy = FOLDER / f"shot_{number + 1:03d}.png"
        copy.write_bytes((FOLDER / "photo.png").read_bytes() if number != 1 else b"broken")
    settings, state = scene.relight_stage_movie, bpy.context.window_manager.relight_stage
    settings.source, settings.folder = str(FOLDER / "shot_001.png"), str(FOLDER / "frames")
    with bpy.context.temp_override(window=window, area=area, region=sidebar(area)):
        bpy.ops.relight_stage.relight_movie("INVOKE_DEFAULT")
        bpy.ops.relight_stage.pause_movie()
    started = time.monotonic()
    while not list((FOLDER / "frames").glob("*.png")) and time.monotonic() - started < LONGEST_S:
        yield 0.2
    yield 3.0
    shoot("exchange_movie")
    report["paused"] = {"files": len(list((FOLDER / "frames").glob("*.png"))), "line": state.line}
    with bpy.context.temp_override(window=window, area=area, region=sidebar(area)):
        bpy.ops.relight_stage.pause_movie()
    report["movie"] = yield from wait_for_run()
    report["movie"]["files"] = sorted(path.name for path in (FOLDER / "frames").iterdir())
    report["movie"]["skipped"] = settings.skipped
    report["movie"]["shown"] = area.spaces.active.image == settings.result
    yield 1.0
    shoot("exchange_movie_done")
    scene.relight_stage.photo = photo


def visit_card(window, area, scene):
    area.ui_type = "VIEW_3D"
    yield 0.5
    yield from open_tab(area)
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    scene.relight_stage_photo_card.is_relief = True
    lamp = bpy.data.objects["Light"]
    floor = bpy.data.meshes.new("Floor")
    floor.from_pydata([(-4, -4, 0), (4, -4, 0), (4, 4, 0), (-4, 4, 0)], [], [(0, 1, 2, 3)])
    scene.collection.objects.link(bpy.data.objects.new("Floor", floor))
    scene.camera.location, target = (0.35, -1.5, 0.65), Vector((0, 0, 0.32))
    scene.camera.rotation_euler = (target - scene.camera.location).to_track_quat("-Z", "Y").to_euler()
    lamp.data.energy, lamp.data.shadow_soft_size = 150.0, 0.05
    yield from press(area, "relight_stage.add_photo_card")
    report["card"] = yield from wait_for_run()
    space = area.spaces.active
    space.region_3d.view_perspective = "CAMERA"
    space.overlay.show_overlays = False
    space.shading.type = "RENDERED"
    report["card"]["engine"] = scene.render.engine
    for side, x in (("left", -1.5), ("right", 1.5)):
        lamp.location = (x, -0.9, 1.2)
        yield from settle(f"exchange_card_{side}")
    yield from scroll_down(area)  # its button is below the edge of the window
    yield from press(area, "relight_stage.match_scene")
    shoot("exchange_match")
    report["match"] = yield from wait_for_run()
    report["match"]["world"] = scene.world.name


def press(area, operator):
    """Click a button of the sidebar."""
    place = yield from find_button(area, operator)
    yield from click(place)


def settle(name):
    """Shoot until two pictures in a row are alike: software OpenGL takes its time for shaders and samples."""
    last, started = None, time.monotonic()
    while time.monotonic() - started < LONGEST_S:
        yield 5.0
        shoot(name)
        shot = bpy.data.images.load(str(FOLDER / f"{name}.png"), check_existing=False)
        values = np.empty(len(shot.pixels), np.float32)
        shot.pixels.foreach_get(values)
        bpy.data.images.remove(shot)
        if last is not None and time.monotonic() - started > 20 and np.abs(values - last).mean() < 1e-3:
            return
        last = values


def refusal(call):
    try:
        call()
    except RuntimeError as error:
        return str(error)
    return ""


def show_only(*nouns):
    """Let these sub-panels be open from the start."""
    for noun in nouns:
        for place in ("image_editor", "viewport"):
            panel = getattr(bpy.types, f"RELIGHT_STAGE_PT_{noun}_{place}")
            bpy.utils.unregister_class(panel)
            panel.bl_options = set()
            bpy.utils.register_class(panel)


play(scenario())
