"""The result of a photo of 3840×2160 arrives: a timer feels how long Blender's window stands still, and why."""

import resource
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import bpy
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from clicks import FOLDER, click, find_button, open_tab, play, report, shoot, wait_for_run

FELT_S = 0.01  # the timer
AFTER_S = 4.0  # the result is there; Blender draws it


def scenario():
    area = max(bpy.context.window.screen.areas, key=lambda area: area.width * area.height)
    area.ui_type = "IMAGE_EDITOR"
    yield 0.5
    yield from open_tab(area)
    with bpy.context.temp_override(area=area):
        bpy.ops.relight_stage.open_light(filepath=str(FOLDER / "lamp.exr"))
        bpy.ops.relight_stage.open_photo(filepath=str(FOLDER / "large.png"))
    yield 3.0  # the photo and its thumbnail are drawn
    report["size"] = list(bpy.context.scene.relight_stage.photo.size)
    relight = yield from find_button(area, "relight_stage.relight_photo")

    ticks, steps = [], []
    bpy.app.timers.register(lambda: ticks.append(time.monotonic()) or FELT_S)
    operator = import_module("bl_ext.user_default.relight_stage.addon.operators").RELIGHT_STAGE_OT_relight_photo
    for name in ("invoke", "modal"):
        setattr(operator, name, timed(getattr(operator, name), steps))

    yield from click(relight)
    report["run"] = yield from wait_for_run()
    ended = time.monotonic()
    yield AFTER_S
    report["shown"] = area.spaces.active.image == bpy.context.scene.relight_stage.relit
    shoot("large_relit")

    # Blender's own share: the first drawing of such a picture, and any other.
    other = bpy.context.scene.relight_stage.albedo
    report["drawing_s"] = {}
    for name in ("first", "later"):
        area.spaces.active.image = other
        started = time.monotonic()
        bpy.ops.wm.redraw_timer(type="DRAW_WIN", iterations=1)
        report["drawing_s"][name] = time.monotonic() - started

    # Steps that store a picture, one each.
    storing = [step for step in steps if step.images]
    report["pictures"] = [step.images for step in storing]
    report["longest_s"] = {
        "pressed": longest(ticks, steps[0].start, steps[0].end),
        "computing": longest(ticks, steps[0].end, storing[0].start),
        "arriving": longest(ticks, storing[0].start, ended + AFTER_S),
    }
    report["storing_s"] = [step.end - step.start for step in storing]
    report["user_s"] = max(step.user_s for step in steps)


class Step(NamedTuple):
    """A call of the operator's.

    Attributes:
        user_s: processor time without the system's, which is long where it has to find memory.
        images: how many more there are than before.
    """

    start: float
    end: float
    user_s: float
    images: int


def timed(method, steps):
    def run(self, context, event):
        started, used, count = time.monotonic(), user_s(), len(bpy.data.images)
        try:
            return method(self, context, event)
        finally:
            steps.append(Step(started, time.monotonic(), user_s() - used, len(bpy.data.images) - count))

    return run


def user_s():
    return resource.getrusage(resource.RUSAGE_THREAD).ru_utime


def longest(ticks, start, end):
    """The longest time between two calls of the timer; its own interval is part of it."""
    times = np.array(ticks)
    pauses = np.diff(times)
    return float(pauses[(times[1:] > start) & (times[:-1] < end)].max())


play(scenario())
