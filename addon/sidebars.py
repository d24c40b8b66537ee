"""The sidebars in which the tab Relight may be open."""

import bpy


def redraw() -> None:
    """Let every one of them show what has changed behind its back."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in {"IMAGE_EDITOR", "VIEW_3D"}:
                for region in area.regions:
                    if region.type == "UI":
                        region.tag_redraw()
