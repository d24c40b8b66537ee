"""What a word of the command line must look like; argparse types. They need nothing but the standard library."""

import argparse
import math
import re


def positive(text: str) -> int:
    """An argument's whole number of at least 1."""
    return _integer(text, 1)


def natural(text: str) -> int:
    """An argument's whole number of at least 0."""
    return _integer(text, 0)


def side(text: str) -> int:
    """Pixels."""
    return _integer(text, 32)


def shard(text: str) -> tuple[int, int]:
    """k/N."""
    part, slash, of = text.partition("/")
    if not (slash and part.isdecimal() and of.isdecimal() and 1 <= int(part) <= int(of)):
        raise argparse.ArgumentTypeError(f"{text!r} is not k/N with k from 1 to N, for example 1/4")
    return int(part), int(of)


def slurm_option(text: str) -> tuple[str, int | float | str]:
    """KEY=VALUE, numbers as numbers."""
    key, equals, value = text.partition("=")
    if not (equals and key.isidentifier() and value):
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE, for example tasks=20")
    if value.isdecimal():
        return key, int(value)
    return key, float(value) if re.fullmatch(r"\d+\.\d+", value) else value


def _integer(text: str, least: int) -> int:
    if not re.fullmatch(r"[+-]?\d+", text) or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
    return int(text)


def finite(text: str) -> float:
    """A number."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{text!r} is not a finite number")
    return number


def lights(text: str) -> str:
    """What ``scenes.lights.parse_lights`` reads."""
    if not re.fullmatch(r"hdri(:[1-9]\d*)?|gradient|olat:[1-9]\d*(@\d+(\.\d+)?)?(\+gradient)?", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is none of 'hdri', 'hdri:K', 'olat:N', 'olat:N@R', 'gradient' and 'olat:N+gradient', with "
            "numbers from 1 on"
        )
    return text


def background(text: str) -> str:
    """What ``nets.photos`` puts behind the person."""
    linear = text.split(",")
    if text in ("hdri", "none") or re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        return text
    if len(linear) != 3 or not all(re.fullmatch(r"\d+(\.\d*)?|\.\d+", part) for part in linear):
        raise argparse.ArgumentTypeError(f"{text!r} is neither 'hdri', 'none', a colour like #6080a0, nor R,G,B")
    return text


def exposure(text: str) -> float | None:
    """Stops, or None for auto."""
    return None if text == "auto" else finite(text)
