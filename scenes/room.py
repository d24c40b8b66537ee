"""Window light: a room with one or two windows, and perhaps bulbs."""

from dataclasses import dataclass

import numpy as np

from .panorama import (
    COARSE,
    INWARDS,
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


@dataclass(frozen=True)
class Window:
    """A window in one of the four upright walls.

    Attributes:
        wall: as panorama.Walls counts them.
        centre_m: along the wall, and height above the eyes.
        size_m: width and height.
        panes: columns and rows.
        curtain: share of light that a bright curtain scatters, 0 for none.
    """

    wall: int
    centre_m: tuple[float, float]
    size_m: tuple[float, float]
    panes: tuple[int, int]
    curtain: float


@dataclass(frozen=True)
class Bulb:
    """A round lamp: direction from the head in metres, its radius, and its radiance against the sky's."""

    centre_m: tuple[float, float, float]
    radius_m: float
    level: float
    kelvin: float


@dataclass(frozen=True)
class Room:
    """A box of walls around the head.

    Attributes:
        low_m, high_m: corners; the eyes are the origin.
        paint: albedo (3,) of walls and ceiling.
        floor: albedo (3,).
        sky_kelvin: colour of the light in the windows.
        ground: radiance seen through the lower half of a window, against the sky's.
        pattern: seed of unevenness.
    """

    low_m: tuple[float, float, float]
    high_m: tuple[float, float, float]
    windows: tuple[Window, ...]
    bulbs: tuple[Bulb, ...]
    paint: tuple[float, float, float]
    floor: tuple[float, float, float]
    sky_kelvin: float
    ground: float
    pattern: int = 0

    @property
    def name(self) -> str:
        return "window_and_bulb_room" if self.bulbs else "window_room"


def room_rand(rng: np.random.Generator) -> Room:
    """Draw a room; the first window is never behind the head alone."""
    low = np.array([-rng.uniform(0.9, 3.5), -rng.uniform(1.0, 4.0), -rng.uniform(1.15, 1.6)])
    high = np.array([rng.uniform(0.9, 3.5), rng.uniform(0.6, 3.0), rng.uniform(0.8, 1.4)])
    windows = []
    for wall in rng.choice(4, size=rng.choice([1, 2], p=[0.65, 0.35]), replace=False, p=[0.35, 0.35, 0.2, 0.1]):
        across = 1 - wall // 2
        room_from, room_to = low[across] + 0.1, high[across] - 0.1
        width = min(rng.uniform(0.6, 2.2), 0.95 * (room_to - room_from))
        top = min(high[2] - 0.1, rng.uniform(0.5, 1.2))
        height = rng.uniform(0.8, 1.7)
        windows.append(
            Window(
                int(wall),
                (float(rng.uniform(room_from + width / 2, room_to - width / 2)), float(top - height / 2)),
                (float(width), float(height)),
                (int(rng.integers(1, 4)), int(rng.integers(1, 4))),
                float(rng.uniform(0.4, 1)) if rng.uniform() < 0.3 else 0.0,
            )
        )
    bulbs = []
    for _ in range(rng.choice(3, p=[0.6, 0.25, 0.15])):
        place = rng.uniform(low + 0.3, high - 0.3)
        place[2] = rng.uniform(-0.2, high[2] - 0.15)
        place[:2] *= max(1.0, 0.7 / max(np.linalg.norm(place[:2]), 1e-3))
        bulbs.append(
            Bulb(
                triple(place),
                float(rng.uniform(0.03, 0.15)),
                float(np.exp(rng.uniform(np.log(2), np.log(40)))),
                float(round(rng.uniform(2400, 3300), -1)),
            )
        )
    paint = np.clip(rng.uniform(0.35, 0.8) * np.exp(rng.normal(0, 0.05, 3)), 0.05, 0.85)
    floor = np.clip(rng.uniform(0.1, 0.4) * np.array([1.25, 0.95, 0.7]) ** rng.uniform(0, 1.5), 0.03, 0.6)
    return Room(
        low_m=triple(low),
        high_m=triple(high),
        windows=tuple(windows),
        bulbs=tuple(bulbs),
        paint=triple(paint),
        floor=triple(floor),
        sky_kelvin=float(round(rng.uniform(5500, 9000), -1)),
        ground=float(rng.uniform(0.1, 0.5)),
        pattern=int(rng.integers(2**31)),
    )


def room_panorama(room: Room) -> np.ndarray:
    """Paint a room, (512, 1024, 3) float32; radiance 1 is the sky in its windows."""
    rng = np.random.default_rng(room.pattern)
    low, high = np.array(room.low_m), np.array(room.high_m)
    walls = walls_of(low, high, COARSE)
    albedo = np.where((walls.index == 4)[:, :, None], np.float32(room.floor), np.float32(room.paint))
    albedo = albedo * np.clip(1 + 0.12 * soft_noise(rng, walls.points * 2, 4), 0.3, 1.6)[:, :, None]
    sky = black_body(room.sky_kelvin)
    daylight = sky * (0.5 + 0.5 * room.ground)
    arriving, total = np.zeros_like(walls.points), np.zeros(3)
    for window in room.windows:
        centre, along = _place(window, low, high)
        area = window.size_m[0] * window.size_m[1]
        for i in (-1, 0, 1):
            for j in (-1, 0, 1):  # nine small emitters stand for the window
                at = centre + along * (i * window.size_m[0] / 3) + [0, 0, j * window.size_m[1] / 3]
                lit = lit_by(at, walls, area / 9, INWARDS[window.wall])
                arriving += lit[:, :, None] * daylight.astype(np.float32)
        total += np.pi * area * daylight
    for bulb in room.bulbs:
        colour, disc = bulb.level * black_body(bulb.kelvin), np.pi * bulb.radius_m**2
        arriving += lit_by(bulb.centre_m, walls, disc)[:, :, None] * colour.astype(np.float32)
        total += 4 * np.pi * disc * colour
    # What walls send each other, as in an integrating sphere of the room's area.
    sides = high - low
    area = 2 * (sides[0] * sides[1] + sides[1] * sides[2] + sides[2] * sides[0])
    mean = (np.array(room.paint) * 5 + np.array(room.floor)) / 6
    bounced = total / area * mean / (1 - mean)
    out = enlarged(albedo * (arriving + bounced.astype(np.float32)) / np.float32(np.pi))
    for window in room.windows:
        out = _through(window, room, low, high, out)
    for bulb in room.bulbs:
        distance = float(np.linalg.norm(bulb.centre_m))
        half = float(np.arcsin(min(bulb.radius_m / distance, 0.9)))
        add_disc(out, np.array(bulb.centre_m) / distance, half, bulb.level * black_body(bulb.kelvin))
    return np.maximum(out, 0).astype(np.float32)


def _place(window: Window, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centre (3,) of a window, and the horizontal direction along its wall."""
    axis = window.wall // 2
    centre = np.zeros(3)
    centre[axis] = (low, high)[window.wall % 2][axis]
    centre[1 - axis], centre[2] = window.centre_m
    along = np.zeros(3)
    along[1 - axis] = 1.0
    return centre, along


def _through(window: Window, room: Room, low: np.ndarray, high: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Open a window in the painted walls: sky above, ground below the horizon, bars between the panes."""
    centre, _ = _place(window, low, high)
    x, y, footprint = plane_hits(centre, INWARDS[window.wall], np.array([0.0, 0.0, 1.0]))
    sky = black_body(room.sky_kelvin).astype(np.float32)
    half_width, half_height = (size / 2 for size in window.size_m)
    cover = inside(np.minimum(half_width - np.abs(x), half_height - np.abs(y)), footprint)
    bars = np.zeros_like(cover)
    for place, half, count in ((x, half_width, window.panes[0]), (y, half_height, window.panes[1])):
        for k in range(count + 1):
            bars = np.maximum(bars, inside(0.03 - np.abs(place - half * (2 * k / count - 1)), footprint))
    elevation = world_directions()[:, :, 2]
    gradient = np.where(elevation > 0, 1 - 0.3 * np.clip(elevation, 0, 1), room.ground)
    blend = np.clip(elevation / 0.03 + 0.5, 0, 1)
    outside = (gradient * blend + room.ground * (1 - blend))[:, :, None] * sky
    curtain = 0.6 * (0.5 + 0.5 * room.ground) * sky
    outside = outside * (1 - window.curtain) + window.curtain * curtain
    frame = np.float32(room.paint) * 0.25 * sky
    seen = outside * (1 - bars[:, :, None]) + bars[:, :, None] * frame
    return out * (1 - cover[:, :, None]) + cover[:, :, None] * seen
