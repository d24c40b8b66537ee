"""Adding the panel to Blender and taking it away again, and the command line inside Blender."""

import atexit
import os
from types import ModuleType

import bpy

from ..scenes.build import versions
from . import (
    balls,
    dataset,
    dropping,
    example,
    exporting,
    keymap,
    live,
    matching,
    menus,
    movies,
    noticeboard,
    operators,
    panel,
    photo_card,
    preferences,
    presets,
    properties,
    quitting,
    task,
    training,
    translation,
    undo,
)

_MODULES = (
    *(translation, noticeboard, preferences, properties, balls, operators, live, example, presets),
    *(panel, dropping, photo_card, matching, exporting, movies, dataset, training, undo, menus, quitting, keymap),
)
_registered: list[ModuleType] = []
_commands: list = []


def register() -> None:
    """Add the panel; SceneError with one sentence where this Blender is too old."""
    versions.check_version()
    try:
        for module in _MODULES:
            module.register()
            _registered.append(module)
        _commands.append(bpy.utils.register_cli_command("relight_stage", _run_command))
    except BaseException:
        unregister()  # or the next attempt would stumble over what is there already
        raise
    if versions.HANGS_AT_EXIT:
        atexit.register(unregister)


def unregister() -> None:
    """Take everything away again; twice does no harm."""
    task.stop()
    while _commands:
        bpy.utils.unregister_cli_command(_commands.pop())
    while _registered:
        _registered.pop().unregister()
    atexit.unregister(unregister)


def _run_command(argv: list[str]) -> int:
    """``blender --command relight_stage …``: the same command line as outside Blender."""
    from ..cli import main

    assets = preferences.folder(preferences.preferences().assets_folder)
    if assets is not None:
        os.environ.setdefault("RELIGHT_STAGE_ASSETS", str(assets))
    return main(list(argv))
