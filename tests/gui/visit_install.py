"""A visit to the Preferences window: the extension is removed and installed again from its zip, and then relights."""

import sys
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))
from clicks import FOLDER, click, open_tab, play, report, shoot, until, wait_for_run, xdotool

EXTENSION = "bl_ext.user_default.relight_stage"


def scenario():
    window = bpy.context.window
    bpy.ops.screen.userpref_show(section="EXTENSIONS")
    yield 1.0
    repos = bpy.context.preferences.extensions.repos
    index = next(i for i, repo in enumerate(repos) if repo.module == "user_default")
    bpy.ops.extensions.package_uninstall(repo_index=index, pkg_id="relight_stage")
    yield 1.0
    report["removed"] = EXTENSION not in bpy.context.preferences.addons and not hasattr(
        bpy.types.Scene, "relight_stage"
    )
    yield from install_from_disk(window)
    yield 1.0
    report["enabled"] = EXTENSION in bpy.context.preferences.addons
    shoot("install_preferences")
    with bpy.context.temp_override(window=newest(window)):
        bpy.ops.wm.window_close()
    yield 1.0
    area = max(window.screen.areas, key=lambda area: area.width * area.height)
    area.ui_type = "IMAGE_EDITOR"
    yield 0.5
    yield from open_tab(area)
    with bpy.context.temp_override(window=window, area=area):
        bpy.ops.relight_stage.open_photo(filepath=str(FOLDER / "photo.png"))
        bpy.ops.relight_stage.relight_photo("INVOKE_DEFAULT")
    report["relit"] = yield from wait_for_run()
    report["relit"]["name"] = bpy.context.scene.relight_stage.relit.name
    yield 1.0
    shoot("install_relit")


def install_from_disk(main):
    """As the README says it: the arrow at the top right, Install from Disk, the zip."""
    yield from click(place(newest(main), -19, 19))
    yield 1.0
    shoot("install_menu")
    xdotool("key", "f")  # the letter that the menu underlines in "Install from Disk"
    yield from until(lambda: newest(main).screen.areas[0].type == "FILE_BROWSER")
    browser = newest(main)
    space = browser.screen.areas[0].spaces.active
    # Which clicks choose a file depends on how the browser was left; the file is chosen for it.
    yield from until(lambda: space.params)
    space.params.directory = bytes(FOLDER.parent)
    yield 2.0
    space.activate_file_by_relative_path(relative_path="extension.zip")
    yield 1.0
    shoot("install_file")
    yield from click(place(browser, -69, -22))
    yield from until(lambda: EXTENSION in bpy.context.preferences.addons)


def newest(main):
    """The window that was opened last."""
    return [window for window in bpy.context.window_manager.windows if window != main][-1]


def place(window, x, y):
    """A point of a window on the screen, from its left and top edge; below zero from its right and bottom."""
    screen_height = bpy.context.window_manager.windows[0].height
    top = screen_height - window.y - window.height
    return window.x + x % window.width, top + y % window.height


play(scenario())
