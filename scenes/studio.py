"""Studio light: flat lamps around the head before dim walls."""

from dataclasses import dataclass

import numpy as np

from .light_map import solid_angles
from .panorama import (
    COARSE,
    HEIGHT,
    direction_of,
    enlarged,
    inside,
    plane_hits,
    soft_noise,
    triple,
    walls_of,
    world_directions,
)
from .spectra import black_body

# Where the key light of a classic set-up stands: azimuth to one side, elevation, and how strong the fill is.
SET_UPS = {
    "loop": ((30, 45), (30, 45), (0.2, 0.5)),
    "rembrandt": ((45, 65), (35, 55), (0.05, 0.3)),
    "butterfly": ((0, 8), (35, 60), (0.2, 0.6)),
    "clamshell": ((0, 10), (25, 45), (0.4, 0.8)),
    "split": ((75, 95), (0, 25), (0.0, 0.15)),
    "broad": ((35, 60), (15, 40), (0.15, 0.5)),
    "gels": ((30, 90), (5, 40), (0.3, 1.2)),
}
# Colour filters before lamps, saturated as theatre gels are: luminance 1.
GELS = ((2.6, 0.45, 1.8), (0.35, 0.9, 4.0), (3.6, 0.3, 0.25), (0.2, 1.3, 0.9), (1.9, 0.85, 0.1), (1.4, 0.4, 4.8))


@dataclass(frozen=True)
class FlatLamp:
    """A rectangle or disc that shines evenly from every point of its front, aimed at the head.

    Attributes:
        azimuth_deg, elevation_deg: from the head; see scenes.panorama.
        size_m: width and height; a round one is an ellipse.
        shape: ``box`` (softbox, strip, panel), ``round`` (octabox, umbrella) or ``dish`` (round, its middle hidden).
        level: luminance of the irradiance that it gives a surface that faces it.
        colour: (3,) of luminance 1.
        hot_spot: how much brighter than the rest its middle is.
    """

    azimuth_deg: float
    elevation_deg: float
    distance_m: float
    size_m: tuple[float, float]
    shape: str
    level: float
    colour: tuple[float, float, float]
    hot_spot: float = 0.0


@dataclass(frozen=True)
class Studio:
    """Lamps in a room.

    Attributes:
        walls: mean radiance (3,) of the walls relative to what the lamps give together.
        backdrop: radiance (3,) of the wall behind the head, likewise.
        pattern: seed of the walls' unevenness.
    """

    set_up: str
    lamps: tuple[FlatLamp, ...]
    walls: tuple[float, float, float]
    backdrop: tuple[float, float, float]
    pattern: int = 0

    @property
    def name(self) -> str:
        return f"{self.set_up}_studio"


def studio_rand(rng: np.random.Generator) -> Studio:
    """Draw a set-up: key, perhaps fill, rim and background lamps; one in seven with colour filters."""
    set_up = list(SET_UPS)[rng.integers(len(SET_UPS))]
    azimuths, elevations, fills = SET_UPS[set_up]
    side = rng.choice([-1, 1])
    kelvin = rng.choice([5600.0, 5600.0, 4300.0, 3200.0])

    def colour() -> tuple[float, float, float]:
        if set_up == "gels" and rng.uniform() < 0.8:
            return triple(GELS[rng.integers(len(GELS))])
        return triple(black_body(round(kelvin * np.exp(rng.normal(0, 0.04)), -1)))

    key_azimuth = side * rng.uniform(*azimuths)
    lamps = [_lamp_rand(rng, key_azimuth, rng.uniform(*elevations), 1.0, colour())]
    fill = rng.uniform(*fills)
    if fill > 0.08:
        azimuth, elevation = (rng.uniform(-10, 10), rng.uniform(-50, -25))
        if set_up != "clamshell":
            azimuth, elevation = (-side * rng.uniform(15, 60), rng.uniform(-10, 25))
        lamps.append(_lamp_rand(rng, azimuth, elevation, fill, colour(), soft=True))
    for _ in range(rng.choice(3, p=[0.35, 0.4, 0.25])):
        azimuth = rng.choice([-1, 1]) * rng.uniform(115, 165)
        lamps.append(_lamp_rand(rng, azimuth, rng.uniform(0, 50), rng.uniform(0.3, 1.5), colour()))
    walls = np.exp(rng.uniform(np.log(0.003), np.log(0.08))) * _tint_rand(rng, 0.1)
    backdrop = np.exp(rng.uniform(np.log(0.003), np.log(0.25))) * _tint_rand(rng, 0.3)
    return Studio(set_up, tuple(lamps), triple(walls), triple(backdrop), int(rng.integers(2**31)))


def _lamp_rand(
    rng: np.random.Generator, azimuth_deg: float, elevation_deg: float, level: float, colour, soft: bool = False
) -> FlatLamp:
    kind = rng.choice(["softbox", "strip", "octabox", "dish", "bare"], p=[0.35, 0.1, 0.3, 0.15, 0.1])
    if soft and kind in ("dish", "bare"):
        kind = "octabox"
    width = rng.uniform(0.5, 1.2)
    size, shape, hot_spot = {
        "softbox": ((width, width * rng.uniform(0.6, 1.5)), "box", 0.4),
        "strip": ((rng.uniform(0.2, 0.35), rng.uniform(1.0, 1.6)), "box", 0.3),
        "octabox": ((width, width), "round", 0.5),
        "dish": ((0.55, 0.55), "dish", 0.3),
        "bare": ((0.16, 0.16), "round", 0.0),
    }[kind]
    return FlatLamp(
        float(azimuth_deg),
        float(elevation_deg),
        float(rng.uniform(0.9, 2.5)),
        (float(size[0]), float(size[1])),
        shape,
        float(level),
        colour,
        hot_spot,
    )


def studio_panorama(studio: Studio) -> np.ndarray:
    """Paint a studio, (512, 1024, 3) float32."""
    rng = np.random.default_rng(studio.pattern)
    low, high = np.array([-3.0, -4.5, -1.3]), np.array([3.0, 2.5, 2.0])
    coarse = walls_of(low, high, COARSE)
    texture = enlarged(np.clip(1 + 0.3 * soft_noise(rng, coarse.points, 3), 0.2, 2))[:, :, None]
    out = texture * np.float32(studio.walls)
    # The wall behind the head (+Y) fades outwards from the lamp on it.
    walls = walls_of(low, high, HEIGHT)
    x, z = walls.points[:, :, 0], walls.points[:, :, 2]
    glow = np.exp(-((x / 1.6) ** 2) - (z / 1.2) ** 2)[:, :, None]
    out = np.where((walls.index == 3)[:, :, None], glow * np.float32(studio.backdrop) + 0.3 * out, out)
    area = solid_angles(HEIGHT)
    for lamp in studio.lamps:
        direction = direction_of(lamp.azimuth_deg, lamp.elevation_deg)
        cover, shape = _flat_lamp(lamp, direction)
        # A diffuse emitter is equally bright from all sides, so what falls off with its tilt is its solid angle.
        irradiance = float(
            (cover * shape * area * np.maximum(world_directions() @ direction.astype(np.float32), 0)).sum()
        )
        radiance = lamp.level / max(irradiance, 1e-9) * np.float32(lamp.colour)
        out = out * (1 - cover[:, :, None]) + (cover * shape)[:, :, None] * radiance
    return out.astype(np.float32)


def _flat_lamp(lamp: FlatLamp, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coverage and relative brightness of a lamp's face, (h, 2h) each."""
    side = np.cross([0.0, 0.0, 1.0], direction)
    side /= max(np.linalg.norm(side), 1e-6)
    x, y, footprint = plane_hits(direction * lamp.distance_m, -direction, np.cross(direction, side))
    half_width, half_height = (size / 2 for size in lamp.size_m)
    radius = np.sqrt((x / half_width) ** 2 + (y / half_height) ** 2)
    if lamp.shape == "box":
        edge = np.minimum(half_width - np.abs(x), half_height - np.abs(y))
    else:
        edge = (1 - radius) * min(half_width, half_height)
    cover = inside(edge, footprint)
    shape = 1 + lamp.hot_spot * np.clip(1 - radius**2, 0, 1)
    if lamp.shape == "dish":
        # The bulb's reflector plate leaves a dim middle.
        shape = shape * (1 - 0.85 * inside((0.35 - radius) * half_width, footprint))
    return cover, np.where(cover > 0, shape, 0)


def _tint_rand(rng: np.random.Generator, spread: float) -> np.ndarray:
    tint = np.exp(rng.normal(0, spread, 3))
    return tint / (tint @ [0.2126, 0.7152, 0.0722])
