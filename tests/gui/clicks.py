"""Runs inside Blender with a window: works the Relight tab like a user, by mouse and keys, and notes what it saw.

Arguments after ``--``: the folder with the photos, where ``report.json`` and the screenshots go.
"""

import json
import subprocess
import sys
import time
import traceback
from pathlib import Path

import bpy
import numpy as np

FOLDER = Path(sys.argv[sys.argv.index("--") + 1])
TICK_S = 0.05
LONGEST_S = 240
report = {}


def scenario():
    """One visit; every ``yield`` waits for that many seconds while Blender goes on."""
    window = bpy.context.window
    area = max(window.screen.areas, key=lambda area: area.width * area.height)
    area.ui_type = "IMAGE_EDITOR"
    yield 0.5
    yield from open_tab(area)
    sky = Path(bpy.utils.system_resource("DATAFILES")) / "studiolights" / "world" / "sunset.exr"
    with bpy.context.temp_override(window=window, area=area):
        bpy.ops.relight_stage.open_light(filepath=str(sky))
        bpy.ops.relight_stage.open_photo(filepath=str(FOLDER / "photo.png"))
    canvas = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=canvas):
        bpy.ops.image.view_all(fit_view=True)
    yield 2.0  # Blender draws the thumbnail
    shoot("panel_before")
    settings = bpy.context.scene.relight_stage

    relight = yield from find_button(area, "relight_stage.relight_photo")
    yield from click(relight)
    report["first"] = yield from wait_for_run()
    report["first"].update(facts(settings.relit))
    report["first"]["shown"] = area.spaces.active.image == settings.relit
    report["maps"] = [image.name for image in (settings.matte, settings.normals, settings.albedo)]
    yield 1.0
    shoot("panel_after")

    # The world turns half round: only the light is computed anew. The mouse must leave the button to press it again.
    turn = next(node for node in bpy.context.scene.world.node_tree.nodes if node.type == "MAPPING")
    turn.inputs["Rotation"].default_value[2] = np.pi
    bpy.ops.ed.undo_push(message="Turn the world")
    before = pixels(settings.relit)
    relight = yield from find_button(area, "relight_stage.relight_photo")
    yield from click(relight)
    report["turned"] = yield from wait_for_run()
    settings = bpy.context.scene.relight_stage
    report["turned"]["change"] = float(np.abs(pixels(settings.relit) - before).mean())
    report["turned"].update(facts(settings.relit))
    yield 1.0
    shoot("panel_turned")
    after = pixels(settings.relit)

    yield from key(area, "ctrl+z")
    settings = bpy.context.scene.relight_stage
    report["undone"] = {
        "is_the_first_result": bool(np.array_equal(pixels(settings.relit), before)),
        "shown": area.spaces.active.image == settings.relit,
    }
    yield from key(area, "ctrl+shift+z")
    settings = bpy.context.scene.relight_stage
    report["redone"] = {
        "is_the_second_result": bool(np.array_equal(pixels(settings.relit), after)),
        "shown": area.spaces.active.image == settings.relit,
    }

    # A photo that takes a while, and Esc.
    with bpy.context.temp_override(window=window, area=area):
        bpy.ops.relight_stage.open_photo(filepath=str(FOLDER / "large.png"))
    yield 1.0
    relight = yield from find_button(area, "relight_stage.relight_photo")
    count, kept = len(bpy.data.images), bpy.context.scene.relight_stage.relit.name
    yield from click(relight)
    state = bpy.context.window_manager.relight_stage
    started = time.monotonic()
    while not state.is_running and time.monotonic() - started < 20:
        yield 0.0
    report["cancelled"] = {"was_running": state.is_running}
    yield 1.0
    shoot("panel_working")
    yield from key(area, "Escape")
    settings = bpy.context.scene.relight_stage
    report["cancelled"].update(
        is_running=state.is_running,
        new_images=len(bpy.data.images) - count,
        result_kept=settings.relit.name == kept and bool(np.array_equal(pixels(settings.relit), after)),
    )

    with bpy.context.temp_override(window=window, area=area):
        bpy.ops.relight_stage.open_photo(filepath=str(FOLDER / "wall.png"))
    yield 1.0
    relight = yield from find_button(area, "relight_stage.relight_photo")
    yield from click(relight)
    run = yield from wait_for_run()
    report["no_face"] = {"error": state.error, "ticks": run["ticks"]}
    yield from key(area, "Escape")  # closes the message
    shoot("panel_error")

    # In the default scene, without the cube that stands where the card will.
    settings.photo = bpy.data.images["photo.png"]
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    area.ui_type = "VIEW_3D"
    yield 0.5
    yield from open_tab(area)
    relight = yield from find_button(area, "relight_stage.relight_photo")
    yield from click(relight)
    report["card"] = yield from wait_for_run()
    settings = bpy.context.scene.relight_stage
    report["card"].update(
        name=settings.card.name if settings.card else None,
        perspective=area.spaces.active.region_3d.view_perspective,
        shading=area.spaces.active.shading.type,
    )
    # Software OpenGL takes its time to compile the materials; until then the view is grey.
    waited = time.monotonic()
    area.spaces.active.overlay.show_overlays = False
    while not report["card"].get("drawn") and time.monotonic() - waited < LONGEST_S:
        yield 3.0
        shoot("panel_card")
        report["card"]["drawn"] = is_drawn(FOLDER / "panel_card.png", area)


def open_tab(area):
    area.spaces.active.show_region_ui = True
    yield 0.5
    sidebar(area).active_panel_category = "Relight"
    area.tag_redraw()
    yield 0.7


def sidebar(area):
    return next(region for region in area.regions if region.type == "UI")


def find_button(area, operator):
    """Feel down the sidebar: Ctrl-C over a button copies its command, which tells one from another."""
    region = sidebar(area)
    window_height = bpy.context.window.height
    x = region.x + region.width * 2 // 5
    for y in range(region.y + region.height - 40, region.y + 10, -12):
        bpy.context.window_manager.clipboard = ""
        xdotool("mousemove", str(x), str(window_height - y))
        yield 0.15
        xdotool("key", "ctrl+c")
        yield 0.15
        if operator in bpy.context.window_manager.clipboard:
            return x, window_height - y
    raise AssertionError(f"{operator} is not in the sidebar")


def click(place):
    xdotool("mousemove", *map(str, place))
    yield 0.3
    xdotool("click", "1")
    yield 0.0


def key(area, name):
    """Press a key over the middle of an area."""
    y = bpy.context.window.height - (area.y + area.height // 2)
    xdotool("mousemove", str(area.x + area.width // 3), str(y))
    yield 0.3
    xdotool("key", name)
    yield 1.0


def wait_for_run():
    """Wait for a run's start and end; how long it took and how Blender's timers and the progress went on meanwhile."""
    state = bpy.context.window_manager.relight_stage
    last = waiting = time.monotonic()
    while not state.is_running and not state.error and time.monotonic() - waiting < 20:
        last = time.monotonic()
        yield 0.0
    started, ticks, fractions = time.monotonic(), [], []
    while state.is_running:
        ticks.append(time.monotonic())
        fractions.append(state.fraction)
        if time.monotonic() - started > LONGEST_S:
            raise AssertionError(f"still running after {LONGEST_S} s: {state.line}")
        yield 0.0
    return {
        "gather_s": started - last,
        "run_s": time.monotonic() - started,
        "ticks": len(ticks),
        "longest_pause_s": max(np.diff(ticks), default=0.0),
        "fractions": sorted(set(fractions)) == list(dict.fromkeys(fractions)),
        "error": state.error,
    }


def facts(image):
    values = pixels(image)
    return {
        "name": image.name,
        "size": list(image.size),
        "brightest": float(values.max()),
        "mean": float(values.mean()),
    }


def pixels(image):
    flat = np.empty(len(image.pixels), np.float32)
    image.pixels.foreach_get(flat)
    return flat.reshape(-1, 4)[:, :3]


def is_drawn(path, area):
    """Whether the middle of an area shows a picture: until its shader is there, a card is of one colour."""
    shot = bpy.data.images.load(str(path), check_existing=False)
    values = np.array(shot.pixels, np.float32).reshape(shot.size[1], shot.size[0], 4)[:, :, :3]
    bpy.data.images.remove(shot)
    x, y = area.x + area.width // 2, area.y + area.height // 2
    middle = values[y - 140 : y + 140, x - 140 : x + 140].reshape(-1, 3)
    return bool((np.abs(middle - np.median(middle, axis=0)).max(axis=-1) > 0.05).mean() > 0.1)


def shoot(name):
    subprocess.run(["import", "-window", "root", str(FOLDER / f"{name}.png")], check=True)


def xdotool(*words):
    subprocess.run(["xdotool", *words], check=True)


def run(steps):
    """Drive the scenario from a timer; what goes wrong is written down, and Blender ends either way."""
    try:
        return max(TICK_S, next(steps))
    except StopIteration:
        report["finished"] = True
    except BaseException:
        report["traceback"] = traceback.format_exc()
        shoot("failure")
    (FOLDER / "report.json").write_text(json.dumps(report, indent=1, default=float))
    bpy.ops.wm.quit_blender()
    return None


steps = scenario()
bpy.app.timers.register(lambda: run(steps), first_interval=2.0)
