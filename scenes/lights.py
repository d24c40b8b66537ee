"""OLAT rigs: equal discs of light spread evenly over the sphere, fixed in the camera frame.

A rig of N lights belongs to a partition of the sphere into N patches of equal solid angle: bands about the y axis, cut
into sectors. The patches tile the sphere exactly, so that every light map is divided among the lights without rest.
Source: Leopardi 2006, "A partition of the unit sphere into regions of equal area and small diameter", section 3.
"""

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..errors import ConfigError

# Cycles wraps the 256th light group to 0 without a word; a chunk of 16 lights is 32 groups, which is also the
# cheapest at equal noise.
OLAT_MAX = 512
HDRIS_MAX = 64
OLAT_CHUNK = 16
RADIUS_MIN_DEG, RADIUS_MAX_DEG = 0.25, 45  # the sun is of 0.27 degrees


@dataclass(frozen=True)
class Lights:
    """How a subject is lit: under ``hdris`` panoramas, each a sample of its own; when ``olat`` is not 0, one light at a
    time, of ``radius_deg`` or so wide that all tile the sphere; and with ``gradient`` under colour gradients."""

    hdris: int = 1
    olat: int = 0
    gradient: bool = False
    radius_deg: float | None = None

    @property
    def half_angle(self) -> float:
        """Of the OLAT discs, in radians."""
        return olat_half_angle(self.olat) if self.radius_deg is None else math.radians(self.radius_deg)


def parse_lights(text: str) -> Lights:
    """Read ``hdri``, ``hdri:K``, ``gradient``, or ``olat:N``, which ``@R`` and ``+gradient`` may follow.

    Raises:
        ConfigError: it is anything else.
    """
    if text == "gradient":
        return Lights(gradient=True)
    panoramas = re.fullmatch(r"hdri(?::(\d{1,4}))?", text)
    if panoramas and 1 <= int(panoramas[1] or 1) <= HDRIS_MAX:
        return Lights(hdris=int(panoramas[1] or 1))
    single = re.fullmatch(r"olat:(\d{1,4})(?:@(\d{1,3}(?:\.\d+)?))?(\+gradient)?", text)
    if single and 4 <= int(single[1]) <= OLAT_MAX:
        radius_deg = float(single[2]) if single[2] else None
        if radius_deg is None or RADIUS_MIN_DEG <= radius_deg <= RADIUS_MAX_DEG:
            return Lights(olat=int(single[1]), gradient=bool(single[3]), radius_deg=radius_deg)
    raise ConfigError(
        f"--lights {text}: write hdri, hdri:K with K from 1 to {HDRIS_MAX} panoramas a subject, olat:N with N from "
        f"4 to {OLAT_MAX} single lights, olat:N@R for discs of R degrees radius, {RADIUS_MIN_DEG} to "
        f"{RADIUS_MAX_DEG}, gradient, or both as in olat:32+gradient."
    )


class Band(NamedTuple):
    """Patches of equal size side by side.

    Attributes:
        low, high: minus the sine of the elevation of its upper and lower edge, in [−1, 1].
        sectors: how many patches, each 2π/sectors wide.
        start: azimuth where the first sector begins.
    """

    low: float
    high: float
    sectors: int
    start: float


@lru_cache(maxsize=8)
def olat_bands(count: int) -> tuple[Band, ...]:
    """The partition of a rig of ``count`` lights, at least 2, from the upper pole to the lower."""
    cap = 2 * math.asin(math.sqrt(1 / count))  # polar distance of the edge of a cap of solid angle 4π/count
    collars = max(1, round((math.pi - 2 * cap) / math.sqrt(4 * math.pi / count))) if count > 2 else 0
    edges = np.cos(np.linspace(cap, math.pi - cap, collars + 1))
    counts, rest = [1], 0.0
    for ideal in (edges[:-1] - edges[1:]) / 2 * count:
        counts.append(round(ideal + rest))
        rest += ideal - counts[-1]
    counts.append(1)
    ends = np.cumsum([0, *counts]) * 2 / count - 1
    # Every other band is shifted by half a sector, like bricks.
    return tuple(
        Band(float(ends[k]), float(ends[k + 1]), n, -math.pi + (k % 2) * math.pi / n) for k, n in enumerate(counts)
    )


@lru_cache(maxsize=8)
def olat_directions(count: int) -> np.ndarray:
    """Unit directions (count, 3) towards the lights, camera frame: the centres of mass of the patches."""
    rows = []
    for low, high, sectors, start in olat_bands(count):
        # ∫ sin and ∫ cos of the elevation over a sector; across its width the cosine is averaged further.
        polar_low, polar_high = math.acos(-low), math.acos(-high)
        up = (low**2 - high**2) / 2
        level = (polar_high - polar_low - (math.sin(2 * polar_high) - math.sin(2 * polar_low)) / 2) / 2
        level *= np.sinc(1 / sectors)
        azimuth = start + (np.arange(sectors) + 0.5) * 2 * math.pi / sectors
        rows.append(np.stack([level * np.sin(azimuth), np.full(sectors, up), level * np.cos(azimuth)], axis=-1))
    out = np.concatenate(rows)
    out /= np.linalg.norm(out, axis=-1, keepdims=True)
    out.setflags(write=False)
    return out


def olat_half_angle(count: int) -> float:
    """Half angle in radians of a disc of solid angle 4π/count."""
    return math.acos(1 - 2 / count)
