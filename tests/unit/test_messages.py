"""What the panel says while it works and when it refuses, in German: every message of the source, with its values."""

import ast
import re
from pathlib import Path

import pytest

from relight_stage import errors
from relight_stage.addon.german import LABELS, OPERATORS
from relight_stage.addon.german_messages import MESSAGES
from relight_stage.addon.messages import patterns_of, say

ROOT = Path(__file__).resolve().parents[2]
PATTERNS = patterns_of(MESSAGES)

# What the panel calls; the command line speaks English.
HEARD = sorted((ROOT / "addon").glob("*.py"))
HEARD += [ROOT / "nets" / f"{name}.py" for name in ("graphs", "infer", "memory")]
HEARD += [ROOT / "scenes" / "light_map.py", ROOT / "scenes" / "build" / "versions.py"]
NOT_HEARD = {"read_light_map", "remark_on_range"}  # functions of those
# Calls that are given a message, or a part of one.
SAYING = {"draw_text", "memory_for", "progress", "report", "still_there", "tell", "translate"}
SAYING |= {"_check_not_dark", "_rendered", "check_light_map", "check_picture"}
SAYING |= {name for name in dir(errors) if name.endswith("Error")}
# Functions that return one, and variables that hold one.
ANSWERS = {"_advice", "_reason", "describe", "last_error", "line", "untried"}
HOLDERS = {"name", "place", "seen", "seen_by", "text", "self.progress", "self.text", "state.line"}


def texts_in(node):
    """Every text that an expression may be, with «0», «1», … for its values; of a call only the arguments count."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        parts = (f"«{i}»" if isinstance(part, ast.FormattedValue) else part.value for i, part in enumerate(node.values))
        yield "".join(parts)
    elif isinstance(node, ast.IfExp):
        yield from [*texts_in(node.body), *texts_in(node.orelse)]
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from texts_in(value)


def name_of(node):
    """Of a function that is called or defined, a variable, an attribute."""
    return next((getattr(node, field) for field in ("attr", "id", "name") if hasattr(node, field)), "")


def messages_in(path):
    statements = ast.parse(path.read_text(encoding="utf-8")).body
    for node in (node for each in statements if name_of(each) not in NOT_HEARD for node in ast.walk(each)):
        if isinstance(node, ast.Call) and name_of(node.func) in SAYING:
            found = [text for argument in node.args for text in texts_in(argument)]
        elif isinstance(node, ast.FunctionDef) and node.name in ANSWERS:
            returns = [inner for inner in ast.walk(node) if isinstance(inner, ast.Return) and inner.value is not None]
            found = [text for inner in returns for text in texts_in(inner.value)]
        elif isinstance(node, ast.Assign) and any(ast.unparse(target) in HOLDERS for target in node.targets):
            found = list(texts_in(node.value))
        else:
            continue
        yield from (text for text in found if re.search(r"\S +\S|^[A-Z][a-z]+$", text))


ALL = sorted({message for path in HEARD for message in messages_in(path)} - LABELS.keys() - OPERATORS.keys())


@pytest.mark.parametrize("message", ALL)
def test_every_message_is_said_in_german_with_all_its_values(message):
    said = say(message, PATTERNS, MESSAGES.__getitem__)
    assert said != message
    assert sorted(re.findall("«.*?»", said)) == sorted(re.findall("«.*?»", message))


def test_there_are_many():
    assert len(ALL) > 90


def test_german_says_no_message_that_there_is_not():
    """A changed message must take its translation along."""
    sources = "\n".join(path.read_text(encoding="utf-8") for path in HEARD if path.stem != "german_messages")
    for template, pattern in PATTERNS:
        is_said = any(pattern.fullmatch(message) for message in ALL)
        assert is_said or f'"{template}"' in sources or f"'{template}'" in sources, template


@pytest.mark.parametrize("message", ALL)
def test_in_english_a_message_stays_as_it_is(message):
    assert say(message, PATTERNS, lambda template: template) == message


def test_values_stay_unless_they_are_messages():
    """A photo may be called anything, and hold braces."""
    for message, said in (
        (
            "the light has no pixels: {0} is no picture that Blender can read. Open another.",
            "the light hat keine Pixel: {0} ist kein Bild, das Blender lesen kann. Öffne ein anderes.",
        ),
        ("World: Grey, turned 30°, seen by Camera", "Welt: Grey, um 30° gedreht, gesehen von Camera"),
        ("30%  Finding the person  4 s", "30 %  Die Person wird gesucht  4 s"),
        ("Nobody says this", "Nobody says this"),
    ):
        assert say(message, PATTERNS, MESSAGES.get) == said
