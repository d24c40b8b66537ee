"""The line in which a run of the farm says how far it is: the farm prints it, the panel in Blender reads it."""

import re
from typing import NamedTuple

_LINE = re.compile(
    r"(?P<newest>\S+)  (?P<there>\d+) of (?P<asked>\d+)  (?P<per_hour>\d+) samples/hour  (?P<left>.+) left"
)


class Progress(NamedTuple):
    """How far a run is.

    Attributes:
        newest: name of the sample that was finished last.
        there, asked: samples that are complete, and that were asked for.
        left: how long the rest will take, in words.
    """

    newest: str
    there: int
    asked: int
    per_hour: int
    left: str

    def line(self) -> str:
        return f"{self.newest}  {self.there} of {self.asked}  {self.per_hour} samples/hour  {self.left} left"


def read_progress(line: str) -> Progress | None:
    """What a line of the farm says, None where it says something else."""
    found = _LINE.fullmatch(line.strip())
    if found is None:
        return None
    counts = {name: int(found[name]) for name in ("there", "asked", "per_hour")}
    return Progress(newest=found["newest"], left=found["left"], **counts)
