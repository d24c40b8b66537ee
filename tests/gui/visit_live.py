"""A visit to Live: the world is turned by the mouse, the face follows; inside Blender with a window."""

import os
import sys
import time
from pathlib import Path

import bpy
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from clicks import (
    FOLDER,
    click,
    find_button,
    find_number,
    key,
    open_tab,
    play,
    report,
    shoot,
    until,
    xdotool,
)

DRAGS, TURNS, RELIGHTS, FRAMES = 3, 12, 140, 24


def scenario():
    window = bpy.context.window
    area = max(window.screen.areas, key=lambda area: area.width * area.height)
    area.ui_type = "IMAGE_EDITOR"
    yield 0.5
    yield from open_tab(area)
    state = bpy.context.window_manager.relight_stage

    # In the wrong order: Live without a photo does nothing.
    report["without_photo"] = {"could": bpy.ops.relight_stage.live.poll(), "is_live": state.is_live}

    with bpy.context.temp_override(window=window, area=area):
        bpy.ops.relight_stage.open_light(filepath=str(FOLDER / "lamp.exr"))
        bpy.ops.relight_stage.open_photo(filepath=str(FOLDER / "photo.png"))
    canvas = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=canvas):
        bpy.ops.image.view_all(fit_view=True)
    yield 1.0
    scene = bpy.context.scene
    settings = scene.relight_stage
    settings.frame = "FIXED"  # along +Y, whatever the default scene's camera looks at
    live = yield from find_button(area, "relight_stage.live")
    yield from click(live)
    yield from until(lambda: settings.relit is not None, 120)
    yield from still()
    report["on"] = {"is_live": state.is_live, "name": settings.relit.name, "error": state.error}
    shoot("live_on")

    # The lamp to the left and to the right of the camera: the face's halves.
    turn = next(node for node in scene.world.node_tree.nodes if node.type == "MAPPING").inputs["Rotation"]
    report["sides"] = {}
    for name, turn_deg in (("right", 0), ("left", 180), ("right_again", 360)):
        turn.default_value[2] = np.radians(turn_deg)
        yield from still()
        report["sides"][name] = halves(settings.relit)
        if name != "right_again":
            shoot(f"live_{name}")

    # The mouse drags the world's turn in the panel.
    turn.default_value[2] = 0
    yield from still()
    before, images = picture(settings.relit), len(bpy.data.images)
    place = yield from find_number(area, '"Mapping"')
    xdotool("mousemove", *map(str, place))
    yield 0.3
    xdotool("mousedown", "1")
    yield 0.1
    frames, pauses = [], []
    for _ in range(DRAGS):
        pauses.append([])
        for _ in range(TURNS):
            xdotool("mousemove_relative", "--", "3", "0")
            last = time.monotonic()  # calling a program is this visit's pause, not Live's
            for _ in range(4):
                yield 0.0
                now = time.monotonic()
                pauses[-1].append(now - last)
                last = now
                frames.append(settings.relit.pixels[settings.relit.size[0] * settings.relit.size[1] * 2 + 400])
    xdotool("mouseup", "1")
    yield from still()
    report["dragged"] = {
        "turn": float(turn.default_value[2]),
        "looks": len(set(frames)),
        "longest_pauses_s": [max(drag) for drag in pauses],
        "pause_s": float(np.quantile(pauses, 0.95)),
        "change": float(np.abs(picture(settings.relit) - before).mean() / before.mean()),
        "new_images": len(bpy.data.images) - images,
    }
    shoot("live_dragged")
    # The whole drag is one step of undo, and Live none.
    yield from key(area, "ctrl+z")
    scene, settings = bpy.context.scene, bpy.context.scene.relight_stage
    turn = next(node for node in scene.world.node_tree.nodes if node.type == "MAPPING").inputs["Rotation"]
    report["undone"] = {"turn": float(turn.default_value[2]), "is_live": state.is_live}
    yield from still()
    report["undone"]["change"] = float(np.abs(picture(settings.relit) - before).mean() / before.mean())

    # Without a graphics card the processor draws the window; Live can't be faster than two such drawings.
    started = time.monotonic()
    bpy.ops.wm.redraw_timer(type="DRAW_WIN", iterations=5)
    report["redraw_s"] = (time.monotonic() - started) / 5

    # From a change to new pixels; the timer that looks is Blender's own.
    report["latency_s"] = []
    for i in range(12):
        before = picture(settings.relit)
        started = time.monotonic()
        turn.default_value[2] = 0.3 * (i + 1)
        yield from until(lambda before=before: not np.array_equal(picture(settings.relit), before), 20)
        report["latency_s"].append(time.monotonic() - started)
        if i % 3 == 2:
            yield from still()

    # Sliders need no network.
    yield from still()
    report["slider_s"] = []
    for i in range(6):
        before, started = picture(settings.relit), time.monotonic()
        settings.exposure = 0.1 * (i + 1)
        yield from until(lambda before=before: not np.array_equal(picture(settings.relit), before), 20)
        report["slider_s"].append(time.monotonic() - started)
    settings.exposure = 0

    # Hidden, it rests.
    area.spaces.active.image = bpy.data.images.new("other", 8, 8)
    hidden = picture(settings.relit)
    turn.default_value[2] = 1.0
    yield 2.0
    report["hidden_change"] = float(np.abs(picture(settings.relit) - hidden).max())
    area.spaces.active.image = settings.relit
    yield from still()
    report["seen_change"] = float(np.abs(picture(settings.relit) - hidden).max())

    # More than a hundred relights.
    memory = []
    for i in range(RELIGHTS):
        before = picture(settings.relit)
        turn.default_value[2] = 0.1 * i
        yield from until(lambda before=before: not np.array_equal(picture(settings.relit), before), 20)
        memory.append(resident_mb())
    report["memory_mb"] = memory

    # For the documentation, once round: of Blender's own panoramas the one whose light has a side.
    with bpy.context.temp_override(window=window, area=area):
        sunrise = Path(bpy.utils.system_resource("DATAFILES")) / "studiolights" / "world" / "sunrise.exr"
        bpy.ops.relight_stage.open_light(filepath=str(sunrise))
    turn = next(node for node in scene.world.node_tree.nodes if node.type == "MAPPING").inputs["Rotation"]
    for i in range(FRAMES):
        before = picture(settings.relit)
        turn.default_value[2] = 2 * np.pi * i / FRAMES + 1e-3
        yield from until(lambda before=before: not np.array_equal(picture(settings.relit), before), 20)
        yield 0.3
        shoot(f"turn_{i:02}")

    # Clicks in quick succession end where an odd number of them ends.
    live = yield from find_button(area, "relight_stage.live")
    for _ in range(5):
        yield from click(live)
        yield 0.2
        xdotool("mousemove", "20", "500")
        yield 0.2
    report["five_clicks"] = {"is_live": state.is_live, "error": state.error}
    yield from key(area, "ctrl+z")
    report["after_undo"] = {"error": state.error, "relit": bpy.context.scene.relight_stage.relit is not None}


def still():
    """Wait until Live has noticed what changed and its full picture is there."""
    yield 0.5
    yield from until(lambda: not bpy.context.window_manager.relight_stage.is_pending, 60)


def picture(image):
    flat = np.empty(len(image.pixels), np.float32)
    image.pixels.foreach_get(flat)
    return flat.reshape(image.size[1], image.size[0], 4)[::-1, :, :3]


def halves(image):
    """Mean brightness of the face's left and right half in the picture."""
    values = picture(image)
    height, width = values.shape[:2]
    top, bottom, left, middle, right = (np.array(FACE) * (height, height, width, width, width)).round().astype(int)
    return [float(values[top:bottom, left:middle].mean()), float(values[top:bottom, middle:right].mean())]


def resident_mb():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


FACE = (0.13, 0.36, 0.36, 0.44, 0.52)  # of the astronaut: top, bottom, left, middle, right, shares of the picture

play(scenario())
