"""A street at night: dark houses with lit windows, rows of street lamps, neon, one lamp near."""

from dataclasses import dataclass

import numpy as np

from .panorama import (
    COARSE,
    HEIGHT,
    Walls,
    add_disc,
    enlarged,
    inside,
    lit_by,
    plane_hits,
    soft_noise,
    triple,
    walls_of,
    world_directions,
)
from .spectra import black_body

# Street lamps by their kind, in kelvin or as a colour of luminance 1: sodium, LED, warm LED.
LAMP_COLOURS = ((2.2, 0.72, 0.02), tuple(black_body(4000)), tuple(black_body(3000)))
LAMP_RADIUS_M = 0.12
NEON = ((4.2, 0.12, 0.3), (0.15, 0.6, 7.5), (0.1, 1.35, 0.2), (2.8, 0.2, 3.6), (2.4, 0.68, 0.05), (0.1, 1.1, 2.6))


@dataclass(frozen=True)
class Sign:
    """Neon tubes on a house.

    Attributes:
        side: −1 before the face, 1 behind.
        colour: index into NEON.
        level: radiance against a lit window's.
    """

    x_m: float
    side: int
    z_m: float
    size_m: tuple[float, float]
    colour: int
    level: float


@dataclass(frozen=True)
class Street:
    """A street along X; the head stands on its pavement, and the layer turns it.

    Attributes:
        half_width_m: to the houses before (−Y) and behind.
        height_m: of the houses above the eyes.
        lamps: positions (x, y, z) in metres, and radiance against a lit window's.
        lamp_colour: index into LAMP_COLOURS.
        windows_lit: share of the windows.
        sky: radiance (3,) of the sky's glow.
        pattern: seed of windows and walls.
    """

    half_width_m: float
    height_m: float
    lamps: tuple[tuple[float, float, float, float], ...]
    neon: tuple[Sign, ...]
    lamp_colour: int
    windows_lit: float
    sky: tuple[float, float, float]
    pattern: int = 0

    @property
    def name(self) -> str:
        return "night_street"


def street_rand(rng: np.random.Generator) -> Street:
    """Draw a street; its nearest lamp or sign is what lights the face."""
    half_width = rng.uniform(3, 9)
    height, gap, start = rng.uniform(2.5, 5), rng.uniform(10, 25), rng.uniform(0, 10)
    lamps = [
        (
            float(side_x * (start + k * gap)),
            float(side_y * (half_width - 0.8)),
            float(height),
            float(rng.uniform(150, 400)),
        )
        for k in range(6)
        for side_x in (-1, 1)
        for side_y in (-1, 1)
    ]
    azimuth = rng.normal(0, 60)
    near = rng.uniform(1.2, 3.5)
    lamps.append(
        (
            float(near * np.sin(np.radians(azimuth))),
            float(-near * np.cos(np.radians(azimuth))),
            float(rng.uniform(0.5, 2.5)),
            float(rng.uniform(60, 300)),
        )
    )
    neon = tuple(
        Sign(
            x_m=float(rng.normal(0, 4)),
            side=int(rng.choice([-1, -1, 1])),
            z_m=float(rng.uniform(-0.3, 2.5)),
            size_m=(float(rng.uniform(0.3, 2.5)), float(rng.uniform(0.15, 1.0))),
            colour=int(rng.integers(len(NEON))),
            level=float(rng.uniform(2, 12)),
        )
        for _ in range(rng.integers(0, 7))
    )
    glow = np.exp(rng.uniform(np.log(0.003), np.log(0.05))) * black_body(float(round(rng.uniform(2500, 9000), -1)))
    return Street(
        float(half_width),
        float(rng.uniform(4, 15)),
        tuple(lamps),
        neon,
        int(rng.integers(len(LAMP_COLOURS))),
        float(rng.uniform(0.1, 0.5)),
        triple(glow),
        int(rng.integers(2**31)),
    )


def street_panorama(street: Street) -> np.ndarray:
    """Paint a street, (512, 1024, 3) float32; radiance 1 is a lit window."""
    rng = np.random.default_rng(street.pattern)
    half = street.half_width_m
    low, high = np.array([-90.0, -half, -1.6]), np.array([90.0, half, street.height_m])
    colour = np.array(LAMP_COLOURS[street.lamp_colour])
    walls = walls_of(low, high, COARSE)
    paint = 0.2 * np.clip(1 + 0.4 * soft_noise(rng, walls.points, 4), 0.2, 2)
    disc = np.pi * LAMP_RADIUS_M**2
    arriving = sum(level * lit_by(np.array(place), walls, disc) for *place, level in street.lamps)
    out = enlarged(paint * (arriving / np.pi + 0.02))[:, :, None] * colour.astype(np.float32)
    walls = walls_of(low, high, HEIGHT)
    out = _windows(rng, street, walls, out)
    # What is above the houses is sky.
    fade = np.clip(1.2 - world_directions()[:, :, 2:], 0, 1)
    out = np.where((walls.index == 5)[:, :, None], np.float32(street.sky) * fade, out)
    for sign in street.neon:
        centre, normal = np.array([sign.x_m, sign.side * (half - 0.15), sign.z_m]), np.array([0.0, -sign.side, 0.0])
        x, y, footprint = plane_hits(centre, normal, np.array([0, 0, 1.0]))
        cover = inside(np.minimum(sign.size_m[0] / 2 - np.abs(x), sign.size_m[1] / 2 - np.abs(y)), footprint)
        # Tubes in rows: bright lines over a dim panel.
        tubes = 0.25 + 0.75 * (np.cos(y / sign.size_m[1] * 6 * np.pi) > 0.3)
        radiance = sign.level * np.float32(NEON[sign.colour])
        out = out * (1 - cover[:, :, None]) + (cover * tubes)[:, :, None] * radiance
    out = out.astype(np.float32)
    for *place, level in street.lamps:
        distance = float(np.linalg.norm(place))
        add_disc(out, np.array(place) / distance, float(np.arcsin(LAMP_RADIUS_M / distance)), colour * level)
    return np.maximum(out, 0)


def _windows(rng: np.random.Generator, street: Street, walls: Walls, out: np.ndarray) -> np.ndarray:
    """Light some cells of a grid on the houses, each in its own warm or cold white."""
    cells = 64, 8
    lit = rng.uniform(size=(2, *cells)) < street.windows_lit
    tints = np.array([black_body(k) for k in (2700, 3000, 4000, 6500)])
    colours = tints[rng.integers(len(tints), size=(2, *cells))] * rng.uniform(0.1, 1, (2, *cells, 1))
    x, z = walls.points[:, :, 0] / 2.2, (walls.points[:, :, 2] + 1.6) / 3.0
    column, row = np.floor(x).astype(int) % cells[0], np.clip(np.floor(z).astype(int), 0, cells[1] - 1)
    u, v = x - np.floor(x), z - np.floor(z)
    pane = (np.abs(u - 0.5) < 0.28) & (np.abs(v - 0.5) < 0.27)
    side = (walls.index == 3).astype(int)
    shown = pane & lit[side, column, row] & (walls.index // 2 == 1)
    return np.where(shown[:, :, None], colours[side, column, row], out)
