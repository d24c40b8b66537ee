"""Sentences in a sidebar: Blender's labels do not break lines by themselves."""

import textwrap

import bpy

from .translation import translate

_LETTER_PX = 6.5  # of the interface's font at scale 1, on average
_MARGIN_PX = 50  # the sidebar's tabs and the edges of the panel
_ICON_PX = 35  # an icon, and the edges of the box in which it often stands


def draw_text(context: bpy.types.Context, layout: bpy.types.UILayout, text: str, icon: str) -> None:
    """A sentence, in the user's language where there is a translation, broken into lines that fit the sidebar."""
    margin = _MARGIN_PX if icon == "NONE" else _MARGIN_PX + _ICON_PX
    width = (context.region.width / context.preferences.system.ui_scale - margin) / _LETTER_PX
    column = layout.column(align=True)
    column.scale_y = 0.8
    lines = textwrap.wrap(translate(text), max(16, int(width)))
    for i, line in enumerate(lines):
        column.label(text=line, icon="NONE" if icon == "NONE" else (icon if i == 0 else "BLANK1"), translate=False)
