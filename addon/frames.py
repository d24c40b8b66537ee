"""Numbered picture files: the frames of a sequence, and where their results go. No bpy."""

import re
from pathlib import Path
from typing import NamedTuple

_NUMBERED = re.compile(r"^(.*?)(\d+)(\.[^.]+)$")
_LEAST_S = 60


class Frame(NamedTuple):
    """A frame by its number; its file, or None where a movie holds it."""

    number: int
    path: Path | None


def find_sequence(path: Path) -> list[Frame]:
    """The files beside a numbered one that are called like it but for the number, by their numbers.

    A file without a number is a sequence of one.
    """
    match = _NUMBERED.match(path.name)
    if match is None:
        return [Frame(1, path)]
    before, _, ending = match.groups()
    frames = {}
    for other in path.parent.iterdir():
        found = _NUMBERED.match(other.name)
        if found is not None and (found[1], found[3].lower()) == (before, ending.lower()):
            frames[int(found[2])] = other
    return [Frame(number, frames[number]) for number in sorted(frames)]


def stem_of(path: Path) -> str:
    """What the results are called: the file's name without its number."""
    match = _NUMBERED.match(path.name)
    return (match[1].rstrip("_-. ") if match else path.stem) or "frame"


def result_path(folder: Path, stem: str, number: int, ending: str) -> Path:
    return folder / f"{stem}_relit_{number:04d}{ending}"


def number_of(path: Path) -> int:
    """The number in a result's name."""
    return int(path.stem.rpartition("_")[2])


def describe_time(seconds: float) -> str:
    """Time left in words: "40 s", "5 min", "1 h 20 min"."""
    if seconds < _LEAST_S:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def list_numbers(numbers: list[int]) -> str:
    """Numbers as a reader likes them: "3, 5–9"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
