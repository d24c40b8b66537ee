"""What every visit to a real Blender does with mouse and keys, and how it notes what it saw.

A visit is a script ``visit_NAME.py`` that Blender runs (``-P``): its scenario is a generator in which every ``yield``
waits for that many seconds while Blender goes on, and its last line is ``play(scenario())``. Arguments after ``--``:
the folder with the photos, where ``report.json`` and the screenshots go.
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


def open_tab(area):
    area.spaces.active.show_region_ui = True
    yield 0.5
    sidebar(area).active_panel_category = "Relight"
    area.tag_redraw()
    yield 0.7


def sidebar(area):
    return next(region for region in area.regions if region.type == "UI")


def find_button(area, operator, share=0.4):
    """Ctrl-C over a button copies its command, which tells one from another; ``share``: where across the sidebar."""
    return _feel(area, share, "ctrl+c", operator)


def find_number(area, name, share=0.4):
    """Ctrl-Shift-Alt-C over a field copies its path."""
    return _feel(area, share, "ctrl+alt+shift+c", name)


def _feel(area, share, keys, text):
    """Feel down the sidebar for what the keys copy."""
    region = sidebar(area)
    window_height = bpy.context.window.height
    x = region.x + int(region.width * share)
    for y in range(region.y + region.height - 40, region.y + 10, -12):
        bpy.context.window_manager.clipboard = ""
        xdotool("mousemove", str(x), str(window_height - y))
        yield 0.15
        xdotool("key", keys)
        yield 0.15
        if text in bpy.context.window_manager.clipboard:
            return x, window_height - y
    raise AssertionError(f"{text} is not in the sidebar")


def scroll_down(area):
    """Turn the wheel over the sidebar until its end shows."""
    region = sidebar(area)
    y = bpy.context.window.height - (region.y + region.height // 2)
    xdotool("mousemove", str(region.x + region.width // 2), str(y))
    yield 0.3
    xdotool("click", "--repeat", "60", "--delay", "20", "5")
    yield 1.0


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


def until(answer, longest_s=LONGEST_S):
    """Wait for something to become true while Blender goes on."""
    started = time.monotonic()
    while not answer():
        if time.monotonic() - started > longest_s:
            state = getattr(bpy.context.window_manager, "relight_stage", None)
            raise AssertionError(f"nothing happened in {longest_s} s: {state and state.error}")
        yield 0.0


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


def play(steps):
    """Drive a scenario from a timer, through files that it opens; Blender ends whether it goes well or wrong."""
    bpy.context.preferences.use_preferences_save = False  # the next visit finds Blender as this one did
    bpy.app.timers.register(lambda: _next(steps), first_interval=2.0, persistent=True)


def _next(steps):
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
