"""A visit to the Preferences window: the extension is removed and installed again from its zip, and then relights."""

import sys
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))
from clicks import FOLDER, open_tab, play, report, shoot, wait_for_run

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
    # What "Install from Disk" calls with the file that was chosen.
    zipped = FOLDER.parent / "extension.zip"
    bpy.ops.extensions.package_install_files(filepath=str(zipped), repo="user_default", enable_on_install=True)
    yield 1.0
    report["enabled"] = EXTENSION in bpy.context.preferences.addons
    shoot("install_preferences")
    opened = next(other for other in bpy.context.window_manager.windows if other != window)
    with bpy.context.temp_override(window=opened):
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


play(scenario())
