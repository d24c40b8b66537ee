"""Eyeballs: drawn, and painted on a grid of rings that each head lays over its own ball.

θ is the angle from the gaze, φ the angle around it. Colours are scene-linear albedo. N: points of the grid.

The eyeball is one surface. Nothing in the stage bends the lamps' light, which is what a cornea is for, so the clear
coat is the tear film on the bulging cornea, and the iris below it has normals of its own: bent by a relief as if it lay
flat behind the cornea, it brightens on the side away from the light, as a real one does.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .bust import LABELS, Material, Part
from .colour import linear_to_srgb
from .fields import smoothstep
from .grain import grain

AROUND = 64
RINGS = np.concatenate([np.linspace(0.02, 0.66, 28), np.linspace(0.72, 3.1, 18)])  # θ, radians

_SIZE = 384  # pixels of the texture, which shows θ up to _REACH
_REACH = 1.5
_BOWL_MM = 2.5

# Brown to grey, and how common each is with the skin types I–II, III and IV–VI.
# Source of the shares: Katsara & Nothnagel 2019, "True colors: a literature review on the spatial distribution of eye
# and hair pigmentation", taken together by skin rather than by country.
_IRISES = (
    (0.022, 0.010, 0.005),
    (0.060, 0.026, 0.010),
    (0.105, 0.056, 0.020),
    (0.085, 0.085, 0.034),
    (0.070, 0.115, 0.150),
    (0.115, 0.150, 0.165),
)
_SHARES = (
    (0.06, 0.16, 0.16, 0.18, 0.28, 0.16),
    (0.30, 0.34, 0.18, 0.08, 0.06, 0.04),
    (0.62, 0.30, 0.06, 0.01, 0.005, 0.005),
)


@dataclass(frozen=True)
class Eyes:
    """Both eyes of a person.

    Attributes:
        iris: colour of the iris's outer part.
        ring: how much browner it is around the pupil, 0 to 1.
        rim: darkness of the limbal ring, 0 to 1.
        pupil: its radius over the iris's.
        veins: redness of the white, 0 to 1.
        pattern: seed of fibres and veins.
    """

    iris: tuple[float, float, float]
    ring: float
    rim: float
    pupil: float
    veins: float
    pattern: int


def eyes_rand(rng: np.random.Generator, fitzpatrick: int, age: float) -> Eyes:
    """Draw eyes that go with a skin type (1 to 6); the limbal ring fades with age (0 to 1)."""
    shares = _SHARES[0 if fitzpatrick < 3 else 1 if fitzpatrick < 4 else 2]
    red, green, blue = np.array(_IRISES[rng.choice(len(_IRISES), p=shares)]) * np.exp(
        rng.normal(0, 0.22) + rng.normal(0, 0.08, 3)
    )
    return Eyes(
        iris=(float(red), float(green), float(blue)),
        ring=float(rng.beta(1.2, 2.0)),
        rim=float(np.clip(rng.uniform(0.3, 1.0) - 0.4 * age, 0, 1)),
        pupil=float(rng.uniform(0.28, 0.52)),
        veins=float(np.clip(rng.beta(1.5, 4.0) + 0.15 * age, 0, 1)),
        pattern=int(rng.integers(2**31)),
    )


def gaze_rand(rng: np.random.Generator) -> tuple[float, float]:
    """Draw how far both eyes turn to the subject's left and up, degrees: most people look near the camera."""
    return float(np.clip(rng.normal(0, 7), -18, 18)), float(np.clip(rng.normal(0, 4), -9, 9))


def gaze_turn(gaze_deg: tuple[float, float]) -> np.ndarray:
    """Rotation (3, 3) of points (N, 3) of the bust's frame, ``points @ turn.T``, that turns −Y into the gaze."""
    left, up = np.radians(gaze_deg)
    pitch = np.array([[1, 0, 0], [0, np.cos(up), np.sin(up)], [0, -np.sin(up), np.cos(up)]])
    yaw = np.array([[np.cos(left), -np.sin(left), 0], [np.sin(left), np.cos(left), 0], [0, 0, 1]])
    return yaw @ pitch


def grid_angles() -> tuple[np.ndarray, np.ndarray]:
    """θ and φ of the grid's points (N,), ring after ring; the last point is the tip."""
    theta, phi = np.meshgrid(RINGS, np.linspace(0, 2 * np.pi, AROUND, endpoint=False), indexing="ij")
    return np.append(theta.ravel(), 0.0), np.append(phi.ravel(), 0.0)


def cornea(theta: np.ndarray, limbus: float) -> np.ndarray:
    """Radius of the eyeball's surface over that of its sphere: the cornea stands about a millimetre out of it.

    Args:
        limbus: θ where the iris ends.
    """
    return (
        1
        + 0.06 * smoothstep(1.12 * limbus, 0.35 * limbus, theta)
        - 0.006 * np.exp(-(((theta - 1.08 * limbus) / 0.07) ** 2))
    )


def eye_part(name: str, points: np.ndarray, eyes: Eyes, limbus: float, inwards: float) -> Part:
    """An eyeball of the points (N, 3) of a grid, metres.

    Args:
        limbus: θ where the iris ends. inwards: φ of the direction to the nose.
    """
    rings = np.arange(len(RINGS) * AROUND).reshape(len(RINGS), AROUND)
    beside = np.roll(rings, -1, 1)
    quads = np.stack([rings[:-1], rings[1:], beside[1:], beside[:-1]], -1).reshape(-1, 4)
    fan = np.stack([np.full(AROUND, rings.size), rings[0], beside[0], np.full(AROUND, -1)], 1)
    faces = np.concatenate([quads, fan]).astype(np.int32)
    a, b, c = points[fan[0, :3]]
    if np.cross(b - a, c - a) @ (points[-1] - points[:-1].mean(0)) < 0:
        turned = faces[:, ::-1].copy()
        turned[len(quads) :] = fan[:, [0, 2, 1, 3]]
        faces = turned
    theta, phi = grid_angles()
    out = np.minimum(theta, _REACH) / _REACH * 0.49
    uv = np.stack([0.5 + out * np.cos(phi), 0.5 + out * np.sin(phi)], -1)
    return Part(
        name,
        points.astype(np.float32),
        faces,
        np.full(len(faces), LABELS.index("eyes"), np.uint8),
        _material(eyes, limbus, inwards),
        uv=uv[faces].astype(np.float32),
    )


def wet_line(name: str, rim: np.ndarray, centre: np.ndarray, radius_m: float) -> Part:
    """The tears that stand along the lower lid: a thin tube where the lid meets the eyeball.

    Args:
        rim: (K, 3) points around the opening of the lids in any order, bust's frame. centre: (3,) of the eyeball.
        radius_m: of the eyeball.
    """
    inner, outer = rim[np.abs(rim[:, 0]).argmin()], rim[np.abs(rim[:, 0]).argmax()]
    along = (rim[:, 0] - inner[0]) / (outer[0] - inner[0])
    lower = (rim[:, 2] < inner[2] + along * (outer[2] - inner[2])) & (along > 0.12) & (along < 0.94)
    path = rim[lower][along[lower].argsort()]
    # Smooth, evenly spaced and on the ball.
    t = np.linspace(0, 1, 24)
    place = np.linspace(0, 1, len(path))
    smooth = [np.convolve(np.pad(axis, 1, "edge"), [0.25, 0.5, 0.25], "valid") for axis in path.T]
    path = np.stack([np.interp(t, place, axis) for axis in smooth], 1)
    out = path - centre
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    heading = np.gradient(path, axis=0)
    heading /= np.linalg.norm(heading, axis=1, keepdims=True)
    aside = np.cross(heading, out)
    thick = 0.00042 * np.sin(np.pi * (0.06 + 0.88 * t)) ** 0.5
    middle = centre + radius_m * out
    turn = np.arange(8) * np.pi / 4
    ring = np.cos(turn)[None, :, None] * out[:, None] + np.sin(turn)[None, :, None] * aside[:, None]
    points = (middle[:, None] + thick[:, None, None] * ring).reshape(-1, 3)
    ids = np.arange(len(points)).reshape(-1, 8)
    beside = np.roll(ids, -1, 1)
    faces = np.stack([ids[:-1], beside[:-1], beside[1:], ids[1:]], -1).reshape(-1, 4)
    if np.cross(points[8] - points[0], points[1] - points[0]) @ (points[0] - middle[0]) > 0:
        faces = faces[:, ::-1]
    return Part(
        name,
        points.astype(np.float32),
        faces.astype(np.int32),
        np.full(len(faces), LABELS.index("eyes"), np.uint8),
        Material("tears", (0.52, 0.40, 0.37), roughness=0.12, specular=0.5, coat=1.0),
    )


@lru_cache(maxsize=4)
def _material(eyes: Eyes, limbus: float, inwards: float) -> Material:
    across = ((np.arange(_SIZE) + 0.5) / _SIZE - 0.5) / 0.49 * _REACH
    x, y = (a.ravel() for a in np.meshgrid(across, -across))
    theta, phi = np.hypot(x, y), np.arctan2(y, x)
    seeds = np.random.SeedSequence(eyes.pattern).generate_state(8)
    colour = _white(eyes, theta, phi, x, y, limbus, inwards, seeds)
    iris = _iris(eyes, theta / limbus, phi, seeds)
    # The edge of the iris is soft, where the white grows over it.
    colour += smoothstep(1.06, 0.93, theta / limbus)[:, None] * (iris - colour)
    # The bowl's slope grows with θ and ends before the limbus does, where the white stands on the cornea's own surface.
    steps = np.linspace(0, 1.1, 200)
    bowl = np.cumsum(2 * steps * smoothstep(1.0, 0.8, steps)) * (steps[1] - steps[0])
    height = np.interp(theta / limbus, steps, bowl) / bowl[-1]
    relief = np.stack([height, np.full_like(height, 0.4)], -1).reshape(_SIZE, _SIZE, 2)
    return Material(
        "eye",
        paint=(linear_to_srgb(np.clip(colour, 0.003, 1)) * 255 + 0.5).astype(np.uint8).reshape(_SIZE, _SIZE, 3),
        relief=relief.astype(np.float32),
        relief_mm=float(_BOWL_MM * bowl[-1]),
        specular=0.15,
        coat=1.0,
    )


def _iris(eyes: Eyes, r: np.ndarray, phi: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """Colour (N, 3) of the iris and the pupil; ``r`` is 1 at the limbus."""
    around = np.stack([np.cos(phi), np.sin(phi), 0.25 * r], -1)
    fibres = 0.6 * grain(around, 0.05, seeds[0]) + 0.5 * grain(around, 0.12, seeds[1])
    wave = grain(np.stack([np.cos(phi), np.sin(phi), 0 * r], -1), 0.3, seeds[2])
    # The collarette, a third of the way from pupil to limbus, parts a finer and often browner zone from the rest.
    collar = eyes.pupil + (0.32 + 0.05 * wave) * (1 - eyes.pupil)
    inner = smoothstep(collar + 0.08, collar - 0.05, r)
    brown = np.float32([0.11, 0.055, 0.018]) * (0.5 + 2.0 * np.mean(eyes.iris) / 0.1) / 1.5
    colour = np.float32(eyes.iris) + (eyes.ring * inner)[:, None] * (brown - np.float32(eyes.iris))
    light = np.exp(0.38 * fibres + 0.25 * np.exp(-(((r - collar) / 0.06) ** 2)) - 0.3 * inner * (1 - eyes.ring))
    # Crypts: dark pits in the outer zone.
    light *= 1 - 0.45 * smoothstep(1.1, 2.0, grain(around * np.float32([1, 1, 3]), 0.17, seeds[3])) * (1 - inner)
    light *= 1 - (0.35 + 0.5 * eyes.rim) * smoothstep(0.72, 1.0, r)
    colour = colour * (1.15 * light)[:, None]
    return colour * smoothstep(eyes.pupil - 0.04, eyes.pupil + 0.04, r + 0.008 * wave)[:, None] + 0.003


def _white(
    eyes: Eyes,
    theta: np.ndarray,
    phi: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    limbus: float,
    inwards: float,
    seeds: np.ndarray,
) -> np.ndarray:
    """Colour (N, 3) of the sclera: veins thicken and the pink deepens towards the corners, most at the nose's."""
    at = np.stack([x, y, 0 * x], -1)
    bent = at + 0.10 * np.stack([grain(at, 0.35, seeds[4]), grain(at, 0.35, seeds[5]), 0 * x], -1)
    away = smoothstep(limbus * 1.05, 1.15, theta)
    corner = away * (0.5 + 0.5 * np.cos(phi - inwards)) ** 2
    thick = np.exp(-np.abs(grain(bent, 0.5, seeds[6])) / 0.035) + 0.6 * np.exp(
        -np.abs(grain(bent, 0.22, seeds[7])) / 0.06
    )
    vein = np.clip(thick * away, 0, 1) * (0.08 + 0.55 * eyes.veins)
    pink = 0.10 * away + 0.45 * smoothstep(0.8, 1.3, theta) + 0.35 * corner + 0.25 * eyes.veins * away
    white = np.float32([0.58, 0.53, 0.49]) * (1 - 0.05 * grain(at, 0.3, seeds[4]) * away)[:, None]
    white = white * (1 - np.clip(pink, 0, 1)[:, None] * np.float32([0.10, 0.34, 0.36]))
    return white * (1 - vein[:, None] * np.float32([0.15, 0.62, 0.60]))
