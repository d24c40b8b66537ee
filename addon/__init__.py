"""The panel in Blender: a Relight tab in the Image Editor and the 3D Viewport, and the command line inside Blender."""

import atexit
import os
from types import ModuleType

_registered: list = []


def _modules() -> tuple[ModuleType, ...]:
    # Imported only when Blender registers them, so that relighting and worker can be had without bpy.
    from . import operators, panel, properties, undo

    return properties, operators, panel, undo


def register() -> None:
    """Add the panel; SceneError with one sentence where this Blender is too old."""
    import bpy

    from ..scenes.build import versions

    versions.check_version()
    for module in _modules():
        module.register()
    _registered.append(bpy.utils.register_cli_command("relight_stage", _run_command))
    if versions.HANGS_AT_EXIT:
        atexit.register(unregister)


def unregister() -> None:
    """Take everything away again; twice does no harm."""
    if not _registered:
        return
    import bpy

    bpy.utils.unregister_cli_command(_registered.pop())
    for module in reversed(_modules()):
        module.unregister()
    atexit.unregister(unregister)


def _run_command(argv: list[str]) -> int:
    """``blender --command relight_stage …``: the same command line as outside Blender."""
    from ..cli import main
    from . import properties

    assets = properties.folder(properties.preferences().assets_folder)
    if assets is not None:
        os.environ.setdefault("RELIGHT_STAGE_ASSETS", str(assets))
    return main(list(argv))
