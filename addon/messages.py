"""Messages in another language: English sentences with values in them, known by their templates. No bpy.

What computes knows nothing of Blender's language and speaks English; whoever shows a message has it translated here.
A template is the sentence with a name in braces for each value: "{photo} has no pixels". Values whose names end in
_said are messages themselves: "{what_said}, 30%".
"""

import re
from collections.abc import Callable, Iterable

Patterns = tuple[tuple[str, re.Pattern[str]], ...]


def patterns_of(templates: Iterable[str]) -> Patterns:
    """What messages look like, those with the most words of their own first: others may fit them, too."""
    by_words = sorted(templates, key=lambda template: -sum(map(len, _parts(template)[::2])))
    return tuple((template, _pattern_of(template)) for template in by_words)


def say(message: str, patterns: Patterns, look_up: Callable[[str], str]) -> str:
    """A message in another language.

    Args:
        look_up: the template in that language.

    Returns:
        The message as it is where no template fits.
    """
    for template, pattern in patterns:
        found = pattern.fullmatch(message)
        if found is not None:
            values = {
                name: say(value, patterns, look_up) if name.endswith("_said") else value
                for name, value in found.groupdict().items()
            }
            return look_up(template).format(**values)
    return message


def _parts(template: str) -> list[str]:
    """Words and names of values in turn."""
    return re.split(r"\{(\w+)\}", template)


def _pattern_of(template: str) -> re.Pattern[str]:
    parts = (f"(?P<{part}>.+?)" if i % 2 else re.escape(part) for i, part in enumerate(_parts(template)))
    return re.compile("".join(parts), re.DOTALL)
