"""The visit that leaves: the line below File > Quit while a dataset is rendered; Escape; Ctrl-Q, Stop Them, Quit."""

import json
import sys
import time
from importlib import import_module
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))
from clicks import FOLDER, click, key, play, report, shoot, xdotool

EXTENSION = "bl_ext.user_default.relight_stage"
LONGEST_S = 120


def scenario():
    board = import_module(f"{EXTENSION}.addon.noticeboard")
    area = max(bpy.context.window.screen.areas, key=lambda area: area.width * area.height)
    own = bpy.context.scene.relight_stage_dataset
    own.folder, own.count, own.heads, own.size, own.samples = str(FOLDER / "set"), 500, "BUILT_IN", 64, 2
    bpy.ops.relight_stage.start_dataset()
    report["at_work"] = len(board.jobs_at_work())
    yield 1.0
    yield from click((45, 12))  # File
    yield 0.5
    shoot("quit_menu")
    xdotool("key", "Up")  # the last line
    yield 1.0
    xdotool("key", "Return")
    yield 1.5
    shoot("quit_asked")
    yield from key(area, "Escape")
    report["at_work_after_escape"] = len(board.jobs_at_work())
    yield from key(area, "ctrl+q")
    shoot("jobs_quit")
    # The dialog opens with its confirming button a row below the mouse; the choice is the row between.
    xdotool("mousemove_relative", "--", "-60", "12")
    yield 0.5
    xdotool("click", "1")
    yield 0.5
    shoot("quit_stop")
    # Blender's end is this visit's: what is to be told must be told before.
    report["finished"] = True
    (FOLDER / "report.json").write_text(json.dumps(report))
    xdotool("key", "Return")
    end = time.monotonic() + LONGEST_S
    while time.monotonic() < end:
        yield 0.5
    report.pop("finished")
    raise AssertionError("Blender did not end")


play(scenario())
