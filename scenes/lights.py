"""OLAT rigs: equal discs of light spread evenly over the sphere, fixed in the camera frame."""

import math
from dataclasses import dataclass

import numpy as np

from ..errors import ConfigError

# Cycles wraps the 256th light group to 0 without a word; a chunk of 16 lights is 32 groups, which is also the
# cheapest at equal noise.
OLAT_MAX = 512
HDRIS_MAX = 64
OLAT_CHUNK = 16


@dataclass(frozen=True)
class Lights:
    """How a subject is lit: under ``hdris`` panoramas, each a sample of its own, and, when ``olat`` is not 0, one light
    at a time."""

    hdris: int = 1
    olat: int = 0


def parse_lights(text: str) -> Lights:
    """Read ``hdri``, ``hdri:K`` or ``olat:N``; ConfigError for anything else."""
    if text == "hdri":
        return Lights()
    kind, _, number = text.partition(":")
    if kind == "hdri" and number.isdigit() and 1 <= int(number) <= HDRIS_MAX:
        return Lights(hdris=int(number))
    if kind == "olat" and number.isdigit() and 4 <= int(number) <= OLAT_MAX:
        return Lights(olat=int(number))
    raise ConfigError(
        f"--lights {text}: write hdri, hdri:K with K from 1 to {HDRIS_MAX} panoramas a subject, or olat:N with N from "
        f"4 to {OLAT_MAX} single lights, for example olat:32."
    )


def olat_directions(count: int) -> np.ndarray:
    """Unit directions (count, 3) towards the lights, camera frame: a Fibonacci spiral about the y axis.

    Source: González 2010, "Measurement of Areas on a Sphere Using Fibonacci and Latitude–Longitude Lattices".
    """
    i = np.arange(count)
    y = 1 - (2 * i + 1) / count
    azimuth = i * np.pi * (3 - math.sqrt(5))
    r = np.sqrt(1 - y * y)
    return np.stack([r * np.sin(azimuth), y, r * np.cos(azimuth)], axis=-1)


def olat_half_angle(count: int) -> float:
    """Half angle in radians of a disc of solid angle 4π/count."""
    return math.acos(1 - 2 / count)
