"""Whether drawn subjects differ from each other: the spread along each axis, against the least that is tolerable.

An axis has collapsed when its spread is under its bound. The bounds are far below what the samplers aim at: they catch
a sampler that is broken or was narrowed, not one that is a little off.
"""

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import ConfigError, SceneError
from ..scenes.hdris import studio_hdris
from ..scenes.packs import find_packs
from .census import Subject, take_census
from .histograms import bars_tile, histogram_tile
from .sheet import grid, write_sheet

# Faces whose shape is measured, of each source: a procedural one takes seconds, and a hundred fix a spread to 7 %.
FACES = 100
# With fewer subjects chance alone moves shares and means past their bounds.
COUNT_MIN = 200
EACH_MIN = 15


class Rule(NamedTuple):
    """How an axis is judged.

    Attributes:
        axis: name of a number or of a kind in the census.
        measure: ``deviation`` (standard), ``relative`` (that over the mean), ``round`` (1 − length of the mean
            direction), ``kinds`` (exp of the entropy: how many equally common kinds would be as varied) or
            ``least`` (share of the rarest of ``of`` kinds).
        bound: the least tolerable.
        why: reason of the bound.
        of: how many kinds there are, for ``least``.
        each: whether every source must reach the bound by itself: that sources differ is no variety within any.
    """

    axis: str
    measure: str
    bound: float
    why: str
    unit: str = ""
    of: int = 0
    each: bool = False


_FACE = "in people these ratios vary by 4 to 8 % (Farkas, Anthropometry of the Head and Face, 1994); half of the least"
_PASSPORT = "passport photos allow ±5° (ISO/IEC 39794-5); snapshots vary more"
RULES = (
    Rule("skin class", "least", 0.04, "six classes of ITA drawn evenly have 1/6 each; a quarter of it", of=6),
    Rule("skin type", "least", 0.08, "Fitzpatrick types are drawn evenly, 1/6 each; less is a broken draw", of=6),
    Rule("skin ITA", "deviation", 25, "an even spread from −60 to 70 has 38; two thirds of it", "deg"),
    Rule("skin roughness", "deviation", 0.02, "highlights of oily and dry skin differ visibly from 0.05 on", ""),
    Rule("face height / width", "relative", 0.02, _FACE, each=True),
    Rule("jaw / face width", "relative", 0.02, _FACE, each=True),
    Rule("eye distance / face width", "relative", 0.02, _FACE, each=True),
    Rule("eye opening / length", "relative", 0.02, _FACE, each=True),
    Rule("nose width / face width", "relative", 0.02, _FACE, each=True),
    Rule("nose length / face height", "relative", 0.02, _FACE, each=True),
    Rule("mouth / face width", "relative", 0.02, _FACE, each=True),
    Rule("lips / mouth width", "relative", 0.02, _FACE, each=True),
    Rule("age", "deviation", 0.15, "from young 0 to old 1, an even spread has 0.29; half of it", each=True),
    Rule("masculine", "deviation", 0.25, "two equal camps have 0.5, an even spread 0.29"),
    Rule("hair style", "kinds", 5, "with fewer, a sheet of 64 shows each more than a dozen times"),
    Rule(
        "hair colour",
        "kinds",
        2.5,
        "most of the world's hair is black or dark brown, but not nearly all that is photographed",
    ),
    Rule("hair lightness", "deviation", 8, "black hair has L* 8, blond 51: a tenth of them blond gives 13", "L*"),
    Rule("beard", "kinds", 1.3, "one head in ten with one gives 1.4"),
    Rule("face does", "kinds", 2.5, "neutral, smiling and talking faces are the least a photo album holds"),
    Rule("expression", "deviation", 0.2, "weights go from 0 to 1; half the faces neutral gives more", each=True),
    Rule(
        "gaze sideways", "deviation", 3, "below, eyes seem fixed on the lens: acuity for gaze is 1°", "deg", each=True
    ),
    Rule("gaze upwards", "deviation", 1.5, "half of what is wanted sideways, as eyes move", "deg", each=True),
    Rule("yaw", "deviation", 10, _PASSPORT, "deg"),
    Rule("pitch", "deviation", 3, _PASSPORT, "deg"),
    Rule("roll", "deviation", 2, _PASSPORT, "deg"),
    Rule("focal length", "deviation", 10, "portrait lenses go from 35 to 105 mm; an even spread has 20", "mm"),
    Rule("distance", "relative", 0.15, "perspective of the face goes with its inverse", "m"),
    Rule(
        "frame", "relative", 0.10, "a tight face fills 0.34 m, head and shoulders 0.62 m: an even spread has 0.17", "m"
    ),
    Rule(
        "light", "kinds", 3, "sun, window and lamp are the least: with fewer, one kind of shadow is all that is learned"
    ),
    Rule(
        "light azimuth",
        "round",
        0.5,
        "from all sides alike is 1; lamps within ±60° of the camera alone are 0.42",
        "deg",
    ),
    Rule("light strength", "deviation", 0.2, "exposures a fifth of a stop apart look alike", "stops"),
    Rule("worn", "kinds", 1.2, "half of grown people wear glasses; one in twenty wearing something gives 1.2"),
)


class Axis(NamedTuple):
    """An axis as it was found.

    Attributes:
        spread: what the rule measures; of the source with the least of it, where the rule is for each.
        without: sources none of whose subjects have it.
        subjects: how many have it.
        summary: its values in a few words.
    """

    rule: Rule
    spread: float
    without: tuple[str, ...]
    subjects: int
    summary: str

    @property
    def collapsed(self) -> bool:
        return not self.spread >= self.rule.bound


def report_variety(
    count: int, seed: int, assets: Path | None = None, out: Path | None = None, report: Callable[[str], None] = print
) -> None:
    """Draw subjects, print the spread of each axis, and write it with histograms.

    Args:
        out: a ``.md`` (its histograms go beside it as ``.png``) or a ``.png`` alone.

    Raises:
        ConfigError: fewer than COUNT_MIN subjects, or ``out`` is neither.
        SceneError: an axis has collapsed (after everything was written).
    """
    if count < COUNT_MIN:
        raise ConfigError(f"--count {count}: fewer than {COUNT_MIN} subjects say nothing about their spread.")
    if out is not None and out.suffix not in (".md", ".png"):
        raise ConfigError(f"--report {out}: the name must end in .md or .png.")
    packs = find_packs(assets)
    subjects = take_census(count, seed, packs, (*studio_hdris(), *packs.hdris), FACES, report)
    axes = [axis for rule in RULES if (axis := judge(rule, subjects)) is not None]
    text = markdown(axes, subjects, seed)
    report(text)
    if out is not None:
        picture = out.with_suffix(".png")
        write_sheet(picture, picture_of(axes, subjects, seed))
        if out.suffix == ".md":
            try:
                out.write_text(f"{text}\n![histograms]({picture.name})\n", encoding="utf-8")
            except OSError as error:
                raise SceneError(f"{out} cannot be written: {error.strerror}. Choose another folder.") from error
    people = len({subject.identity for subject in subjects})
    if people < count:
        raise SceneError(f"Only {people} of {count} subjects are different people: the draw repeats itself.")
    collapsed = [axis for axis in axes if axis.collapsed]
    if collapsed:
        named = "; ".join(
            f"{a.rule.axis} ({a.rule.measure} {a.spread:.3g}, wanted {a.rule.bound:g})" for a in collapsed
        )
        raise SceneError(f"Variety has collapsed on {len(collapsed)} of {len(axes)} axes: {named}.")


def judge(rule: Rule, subjects: list[Subject]) -> Axis | None:
    """Measure an axis; None where no subject has it."""
    numeric = rule.measure in ("deviation", "relative", "round")
    having = [s for s in subjects if rule.axis in (s.numbers if numeric else s.kinds)]
    if not having:
        return None
    without = tuple(sorted({s.source for s in subjects} - {s.source for s in having}))
    if numeric:
        values = np.array([s.numbers[rule.axis] for s in having])
        spread = _spread(rule.measure, values)
        for source in {s.source for s in having} if rule.each else ():
            own = np.array([s.numbers[rule.axis] for s in having if s.source == source])
            # Of a handful of subjects a spread means nothing.
            spread = min(spread, _spread(rule.measure, own)) if len(own) >= EACH_MIN else spread
        low, middle, high = np.percentile(values, [5, 50, 95])
        summary = f"{low:.3g} … {middle:.3g} … {high:.3g} {rule.unit}".strip()
    else:
        counts = Counter(s.kinds[rule.axis] for s in having)
        shares = np.array(list(counts.values())) / len(having)
        spread = math.exp(-(shares * np.log(shares)).sum())
        if rule.measure == "least":
            spread = float(shares.min()) if len(shares) >= rule.of else 0.0
        summary = ", ".join(f"{name} {share / len(having):.0%}" for name, share in counts.most_common(8))
        summary += f", and {len(counts) - 8} more" if len(counts) > 8 else ""
    return Axis(rule, float(spread), without, len(having), summary)


def markdown(axes: list[Axis], subjects: list[Subject], seed: int) -> str:
    """The report as a table; what has collapsed is set in bold."""
    sources = ", ".join(f"{name} {count}" for name, count in Counter(s.source for s in subjects).most_common())
    lines = [
        f"# Variety of {len(subjects)} subjects (seed {seed})",
        "",
        f"Sources: {sources}. Numbers: 5th, 50th and 95th percentile. Face shapes: landmarks at rest of up to {FACES} "
        "subjects a source.",
        "",
        "| axis | subjects | values | measure | spread | least | why | without it |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for axis in axes:
        rule = axis.rule
        spread = f"**{axis.spread:.3g} collapsed**" if axis.collapsed else f"{axis.spread:.3g}"
        measure = f"{rule.measure}, least source" if rule.each else rule.measure
        cells = (rule.axis, axis.subjects, axis.summary, measure, spread, f"{rule.bound:g}", rule.why)
        lines.append(f"| {' | '.join(map(str, cells))} | {', '.join(axis.without) or '-'} |")
    return "\n".join([*lines, ""])


def picture_of(axes: list[Axis], subjects: list[Subject], seed: int, columns: int = 5) -> np.ndarray:
    """All axes as histograms stacked by source, (H, W, 3) uint8."""
    sources = sorted({s.source for s in subjects})
    tiles = []
    for axis in axes:
        rule = axis.rule
        title = f"{rule.axis}  {rule.measure} {axis.spread:.3g}" + ("  COLLAPSED" if axis.collapsed else "")
        if rule.measure in ("deviation", "relative", "round"):
            split = [
                [s.numbers[rule.axis] for s in subjects if s.source == n and rule.axis in s.numbers] for n in sources
            ]
            tiles.append(histogram_tile([np.array(v, float) for v in split], title, rule.unit, axis.collapsed))
        else:
            kinds = [
                Counter(s.kinds[rule.axis] for s in subjects if s.source == n and rule.axis in s.kinds) for n in sources
            ]
            tiles.append(bars_tile(kinds, title, axis.collapsed))
    blank = np.full_like(tiles[0], tiles[0][0, 0])
    tiles += [blank] * (-len(tiles) % columns)
    rows = [tiles[k : k + columns] for k in range(0, len(tiles), columns)]
    return grid(rows, f"{len(subjects)} subjects, seed {seed}: " + ", ".join(sources) + " (dark to light)")


def _spread(measure: str, values: np.ndarray) -> float:
    if measure == "round":
        return float(1 - np.abs(np.exp(1j * np.radians(values)).mean()))
    return float(values.std() / abs(values.mean()) if measure == "relative" else values.std())
