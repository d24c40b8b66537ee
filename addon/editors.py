"""The editors in Blender's windows."""

import bpy


def areas(*kinds: str) -> list[bpy.types.Area]:
    """All of them, or those of some types, in all windows."""
    windows = bpy.context.window_manager.windows
    return [area for window in windows for area in window.screen.areas if not kinds or area.type in kinds]


def largest(found: list[bpy.types.Area]) -> bpy.types.Area:
    return max(found, key=lambda area: area.width * area.height)


def redraw_sidebars() -> None:
    """Let the sidebars in which the tab Relight may be open show what has changed behind their back."""
    for area in areas("IMAGE_EDITOR", "VIEW_3D"):
        for region in area.regions:
            if region.type == "UI":
                region.tag_redraw()


def show_instead(
    before: set[bpy.types.Image | None], image: bpy.types.Image, pressed_in: bpy.types.Area | None = None
) -> None:
    """Show an image in the Image Editors that show one of ``before``, and in the one where a button was pressed."""
    for area in areas("IMAGE_EDITOR"):
        if area == pressed_in or area.spaces.active.image in before:
            area.spaces.active.image = image
            area.tag_redraw()
