"""The panel in other languages: what Blender draws is looked up here by its English text. The first one is German."""

from functools import lru_cache

import bpy

from . import german, german_messages, messages

_GERMAN = ("de", "de_DE")  # older versions call it de_DE
# For names that Blender translates in another sense: its own translations of a text come first.
CONTEXT = "Relight Stage"


def texts() -> dict[str, dict[tuple[str, str], str]]:
    """As Blender wants them: language -> (context, English) -> text."""
    tables = {
        "Operator": german.OPERATORS,
        "*": {**german.LABELS, **german.TOOLTIPS, **german_messages.MESSAGES},
        CONTEXT: german.LABELS,
    }
    found = {(context, text): said for context, table in tables.items() for text, said in table.items()}
    return dict.fromkeys(_GERMAN, found)


def translate(message: str) -> str:
    """A message in the user's language: what stands in it between fixed words stays. English where it is unknown."""
    if bpy.app.translations.locale not in _GERMAN:
        return message
    look_up = bpy.app.translations.pgettext_iface
    return look_up(messages.say(message, _patterns(), look_up))


def name_of(operator: bpy.types.Operator) -> str:
    """An operator's name in the user's language."""
    return bpy.app.translations.pgettext_iface(operator.bl_label, "Operator")


@lru_cache
def _patterns() -> messages.Patterns:
    return messages.patterns_of(german_messages.MESSAGES)


def register() -> None:
    bpy.app.translations.register(__package__, texts())


def unregister() -> None:
    bpy.app.translations.unregister(__package__)
