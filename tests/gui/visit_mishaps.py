"""What goes wrong for users: each mishap, the button pressed, what the panel says; then all is put right."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import bpy
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from clicks import FOLDER, click, find_button, key, open_tab, play, report, shoot, wait_for_run, xdotool

EXTENSION = "bl_ext.user_default.relight_stage"


def scenario():
    area = max(bpy.context.window.screen.areas, key=lambda area: area.width * area.height)
    area.ui_type = "IMAGE_EDITOR"
    yield 0.5
    yield from open_tab(area)
    scene = bpy.context.scene
    settings, preferences = scene.relight_stage, bpy.context.preferences.addons[EXTENSION].preferences
    report["refused"] = {}

    # Without a photo the button is grey; the key says why.
    shoot("mishap_none")
    yield from key(area, "ctrl+alt+shift+l")
    yield from see("no_photo", area)

    open_photo(area, "photo.png")
    open_light(area, "lamp.exr")
    yield 1.0
    relight = yield from find_button(area, "relight_stage.relight_photo")

    def press(name):
        bpy.context.window_manager.relight_stage.error = ""
        yield 0.5
        yield from click_anew(relight)
        yield from wait_for_run()
        yield from see(name, area)

    folder, preferences.model_folder = preferences.model_folder, str(FOLDER / "nowhere")
    yield from press("networks_missing")
    preferences.model_folder = folder

    settings.face = 3
    yield from press("third_face")
    settings.face = 0

    open_light(area, copy("lamp.exr", "moved.exr"))
    (FOLDER / "moved.exr").unlink()
    bpy.data.images["moved.exr"].reload()
    yield from press("hdri_missing")
    open_light(area, "lamp.exr")

    open_photo(area, copy("photo.png", "deleted.png"))
    (FOLDER / "deleted.png").unlink()
    settings.photo.reload()
    yield from press("photo_deleted")

    clear = bpy.data.images.new("clear.png", 256, 256, alpha=True)
    clear.pixels.foreach_set(np.zeros(256 * 256 * 4, np.float32))
    settings.photo = area.spaces.active.image = clear
    yield from press("transparent")

    settings.photo = area.spaces.active.image = bpy.data.images.new("poster.png", 12000, 12000)
    yield from press("poster")
    bpy.data.images.remove(bpy.data.images["poster.png"])

    scene.world, world = None, scene.world  # without the world's sliders the button stands higher
    open_photo(area, "photo.png")
    yield 1.0
    higher = yield from find_button(area, "relight_stage.relight_photo")
    yield from click_anew(higher)
    yield from wait_for_run()
    yield from see("no_world", area)
    scene.world = world

    # All is well again, and two presses at once are one.
    bpy.context.window_manager.relight_stage.error = ""
    area.tag_redraw()
    yield 1.0
    relight = yield from find_button(area, "relight_stage.relight_photo")
    yield from click_anew(relight)
    yield from click_anew(relight)
    run = yield from wait_for_run()
    report["well"] = {
        "error": run["error"],
        "results": [image.name for image in bpy.data.images if "relit" in image.name],
    }

    # A disk of 100 kB.
    disk = FOLDER / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "none", str(disk)], check=True)
    try:
        scene.relight_stage_export.folder, scene.relight_stage_export.form = str(disk), "PNG"
        with bpy.context.temp_override(area=area):
            bpy.ops.relight_stage.export_maps("INVOKE_DEFAULT")
        yield from wait_for_run()
        bpy.context.preferences.view.language = "de_DE"
        yield from see("disk_full", area)
        translate = import_module(f"{EXTENSION}.addon.translation").translate
        report["in_german"] = translate(report["refused"]["disk_full"])
        report["left_on_disk"] = [path.name for path in disk.iterdir()]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def click_anew(place):
    """A button is pressed again only after the mouse has left it."""
    xdotool("mousemove", "20", "500")
    yield 0.3
    yield from click(place)


def see(name, area):
    yield 0.5
    report["refused"][name] = bpy.context.window_manager.relight_stage.error
    yield from key(area, "Escape")  # closes Blender's own message
    shoot(f"mishap_{name}")


def open_photo(area, name):
    with bpy.context.temp_override(area=area):
        bpy.ops.relight_stage.open_photo(filepath=str(FOLDER / name))


def open_light(area, name):
    with bpy.context.temp_override(area=area):
        bpy.ops.relight_stage.open_light(filepath=str(FOLDER / name))


def copy(source, name):
    (FOLDER / name).write_bytes((FOLDER / source).read_bytes())
    return name


play(scenario())
