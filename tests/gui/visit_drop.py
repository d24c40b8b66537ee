"""Files that the mouse carries from another program and lets go over Blender."""

import subprocess
import sys
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))
from clicks import FOLDER, open_tab, play, report, shoot, sidebar, xdotool

# A window of another program, which hands out the files that its arguments name.
SHELF = """
package require tkdnd
wm overrideredirect . 1
wm geometry . 120x60+1450+900
pack [label .shelf -text files -bg orange] -fill both -expand 1
tkdnd::drag_source register .shelf DND_Files
bind .shelf <<DragInitCmd>> { list copy DND_Files $::argv }
"""
SHELF_PLACE = (1510, 930)


def scenario():
    """One visit; every ``yield`` waits for that many seconds while Blender goes on."""
    area = max(bpy.context.screen.areas, key=lambda area: area.width * area.height)
    scene = bpy.context.scene
    area.ui_type = "IMAGE_EDITOR"
    yield 0.5
    yield from open_tab(area)
    yield from carry(sidebar(area), "photo.png")
    report["image_editor"] = name_of(scene.relight_stage.photo)
    shoot("drop_image_editor")
    yield from carry(sidebar(area), "photo.png", "wall.png")
    report["several"] = Path(scene.relight_stage_movie.source).name

    area.ui_type = "VIEW_3D"
    yield 0.5
    yield from open_tab(area)
    yield from carry(next(region for region in area.regions if region.type == "WINDOW"), "large.png")
    report["asked"] = name_of(scene.relight_stage.photo)
    shoot("drop_viewport")
    xdotool("key", "Return")
    yield 1.0
    report["chosen"] = name_of(scene.relight_stage.photo)


def name_of(photo):
    return photo.name if photo else None


def carry(region, *names):
    """Drag files over the middle of a region and let go."""
    script = FOLDER / "shelf.tcl"
    script.write_text(SHELF)
    shelf = subprocess.Popen(["wish", script, *(FOLDER / name for name in names)])
    yield 1.5
    goal = (region.x + region.width // 2, bpy.context.window.height - (region.y + region.height // 2))
    words = ["mousemove", *SHELF_PLACE, "sleep", 0.3, "mousedown", 1, "sleep", 0.2]
    for step in range(1, 11):
        place = (round(a + (b - a) * step / 10) for a, b in zip(SHELF_PLACE, goal, strict=True))
        words += ["mousemove", *place, "sleep", 0.2]
    # While a file hangs over it Blender runs no timers: another process moves the mouse.
    subprocess.Popen(["xdotool", *map(str, words), "sleep", "0.5", "mouseup", "1"])
    yield 6.0
    shelf.terminate()
    yield 0.5


play(scenario())
