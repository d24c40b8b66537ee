"""The panel in other languages: what Blender draws is looked up here by its English text. The first one is German."""

import bpy

from . import german


def texts() -> dict[str, dict[tuple[str, str], str]]:
    """As Blender wants them: language -> (context, English) -> text. Older versions call German de_DE."""
    tables = {"Operator": german.OPERATORS, "*": {**german.LABELS, **german.TOOLTIPS}}
    found = {(context, text): said for context, table in tables.items() for text, said in table.items()}
    return {"de": found, "de_DE": found}


def register() -> None:
    bpy.app.translations.register(__package__, texts())


def unregister() -> None:
    bpy.app.translations.unregister(__package__)
