"""A single round lamp in the dark: a flash, a ring light, a phone's screen, a street lamp."""

from dataclasses import dataclass

import numpy as np

from .panorama import HEIGHT, add_disc, direction_of
from .spectra import black_body


@dataclass(frozen=True)
class Lamp:
    """A sphere or a disc that faces the head.

    Attributes:
        azimuth_deg, elevation_deg: from the head; see scenes.panorama.
        distance_m: at 1 m the mean luminance of its light over the sphere of directions is 1; it falls with the square.
        radius_m: of the lamp.
    """

    azimuth_deg: float
    elevation_deg: float
    distance_m: float = 1.0
    radius_m: float = 0.05
    kelvin: float = 5600.0

    @property
    def name(self) -> str:
        return "lamp"


def lamp_rand(rng: np.random.Generator, spread_deg: float = 60.0) -> Lamp:
    """Draw a lamp about the front of the face.

    Args:
        spread_deg: standard deviation of its azimuth.
    """
    return Lamp(
        azimuth_deg=float(rng.normal(0, spread_deg)),
        elevation_deg=float(np.clip(rng.normal(15, 20 if spread_deg > 30 else 8), -60, 80)),
        distance_m=1.0,
        radius_m=float(np.exp(rng.uniform(np.log(0.02), np.log(0.3)))),
        kelvin=float(round(rng.choice([5600.0, 5600.0, 3000.0, 6500.0, 4000.0]), -1)),
    )


def lamp_panorama(lamp: Lamp) -> np.ndarray:
    """Paint a lamp, (512, 1024, 3) float32."""
    half = float(np.arcsin(min(lamp.radius_m / lamp.distance_m, 0.99)))
    mean = (1 - np.cos(half)) / 2  # of a disc of radiance 1
    out = np.zeros((HEIGHT, 2 * HEIGHT, 3), np.float32)
    radiance = black_body(lamp.kelvin) / (mean * lamp.distance_m**2)
    add_disc(out, direction_of(lamp.azimuth_deg, lamp.elevation_deg), half, radiance)
    return out
