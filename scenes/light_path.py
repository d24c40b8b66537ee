"""Light that moves while a sequence is filmed: a lamp that is carried around the head."""

import math
from dataclasses import dataclass, replace

import numpy as np

from .environments import Environment, Layer
from .lamp import Lamp, lamp_rand


@dataclass(frozen=True)
class LightPath:
    """A standing environment and a lamp that moves in it.

    Attributes:
        lamp: where it is in the middle of its swings.
        strength: of the lamp's layer.
        azimuth_deg, elevation_deg: reach of its swings to each side.
        approach: reach of its distance as a share of it, below 1; what it gives falls with the square.
        rates_hz: of the swings in azimuth, elevation and distance.
        phases: of the same, radians.
    """

    surroundings: Environment
    lamp: Lamp
    strength: float
    azimuth_deg: float
    elevation_deg: float
    approach: float
    rates_hz: tuple[float, float, float]
    phases: tuple[float, float, float]

    def at(self, time_s: float) -> Environment:
        """All light at a moment."""
        swing = [math.sin(2 * math.pi * f * time_s + p) for f, p in zip(self.rates_hz, self.phases, strict=True)]
        lamp = replace(
            self.lamp,
            azimuth_deg=self.lamp.azimuth_deg + self.azimuth_deg * swing[0],
            elevation_deg=min(max(self.lamp.elevation_deg + self.elevation_deg * swing[1], -85.0), 85.0),
            distance_m=self.lamp.distance_m * (1 + self.approach * swing[2]),
        )
        return Environment((*self.surroundings.layers, Layer(lamp, strength=self.strength)))


def light_path_rand(rng: np.random.Generator, surroundings: Environment) -> LightPath:
    """Draw the way of a lamp; it crosses the face in one to ten seconds."""
    rates = np.exp(rng.uniform(np.log(0.05), np.log(0.5), 3))
    phases = rng.uniform(0, 2 * np.pi, 3)
    return LightPath(
        surroundings,
        lamp_rand(rng),
        strength=float(np.exp(rng.uniform(-0.7, 1.1))),
        azimuth_deg=float(rng.uniform(20, 150)),
        elevation_deg=float(rng.uniform(0, 40)),
        approach=float(rng.uniform(0, 0.5)),
        rates_hz=(float(rates[0]), float(rates[1]), float(rates[2])),
        phases=(float(phases[0]), float(phases[1]), float(phases[2])),
    )
