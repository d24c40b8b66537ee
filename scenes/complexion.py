"""What is painted on a face: zones of colour, spots, lines, pores and shine, on the texels of any of the heads.

Faces of all sources are brought to one mean face first, so that a zone is described once. Mean face: millimetres, x to
the subject's left (mirrored onto the left half where it says |x|), d forward, z up, origin midway between the eyes.
M: texels. Colours are scene-linear albedo.

Sources of what is where: Weyrich et al. 2006, "Analysis of Human Faces using a Measurement-Based Skin Reflectance
Model" (gloss and roughness of ten regions: forehead, nose and chin shinier than cheeks and neck); painters' three zones
(yellow forehead, red middle, greyer jaw), measured by Jones et al. 2006 as blood and melanin maps of the face.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .bust import Material
from .canvas import Canvas
from .colour import linear_to_srgb
from .fields import smoothstep, squared
from .grain import grain, quick_grain
from .makeup import Makeup
from .skin import Skin, lip_colour, pigment_colour, scattering_mm, skin_colour

RELIEF_MM = 0.6  # heights of a relief are stored in 8 bits over this range, half of it below the surface

# Heights on the mean face: chin, mouth, base of the nose, eyes, brows; and how far the outer corners of the eyes are.
_HEIGHTS_MM = (-110.0, -66.0, -49.0, 0.0, 19.0)
_CORNER_MM = 45.7


# A photograph has zones and spots of its own: this much of ours comes on top.
_SHARE_OVER_PHOTO = 0.6


@dataclass(frozen=True)
class Photo:
    """A photographed skin.

    Attributes:
        mean: (3,) its colour over forehead and cheeks, scene-linear.
        other_layout: it lies in the part's ``photo_uv``.
    """

    path: Path
    mean: tuple[float, float, float]
    other_layout: bool


@dataclass(frozen=True)
class Face:
    """Where to paint what.

    Attributes:
        canvas: its values are the mean face's x, d, z and the weights of lips and of lining (mouth, sockets) in [0, 1].
        zones: (M,) weights of each zone by its name.
    """

    canvas: Canvas
    zones: dict[str, np.ndarray]


@dataclass(frozen=True)
class Complexion:
    """Textures of a face.

    Attributes:
        paint: (H, W, 3) uint8, sRGB-encoded factor of the material's colour.
        relief: (H, W, 2) uint8: height over ``RELIEF_MM`` from lowest to highest, and roughness.
        scale: (3,) what the paint's white stands for.
    """

    paint: np.ndarray
    relief: np.ndarray
    scale: np.ndarray


def mean_face(points: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Bring points of a resting face to the mean face.

    Args:
        points: (N, 3) metres, bust's frame.
        landmarks: (68, 3) of the same face.

    Returns:
        (N, 3) millimetres: x, d, z.
    """
    marks = landmarks * 1000
    heights = (marks[8, 2], marks[[60, 64], 2].mean(), marks[33, 2], marks[36:48, 2].mean(), marks[[19, 24], 2].mean())
    return to_mean_face(points * np.float32([1000, -1000, 1000]), heights, (marks[45, 0] - marks[36, 0]) / 2)


def to_mean_face(points: np.ndarray, heights: tuple[float, ...], corner: float) -> np.ndarray:
    """Bring points x, d, z (N, 3) in millimetres to the mean face, (N, 3).

    Args:
        heights: of chin, mouth, base of the nose, eyes and brows. corner: from the middle to an eye's outer corner.
    """
    x, d, z = points.T
    scale = _CORNER_MM / corner
    inside = np.interp(z, heights, _HEIGHTS_MM)
    beyond = np.where(z > heights[-1], z - heights[-1], np.minimum(z - heights[0], 0))
    return np.stack([x * scale, d * scale, inside + beyond * scale], -1).astype(np.float32)


def skin_material(skin: Skin, makeup: Makeup, face: Face, photo: Photo | None) -> Material:
    """Material of a painted face, over a photograph of skin where there is one."""
    painted = paint_face(skin, makeup, face, 1.0 if photo is None else _SHARE_OVER_PHOTO)
    tint = painted.scale
    if photo is not None:
        tint = tint * skin_colour(skin.melanin, skin.haemoglobin) / np.float32(photo.mean)
    return Material(
        "skin",
        (float(tint[0]), float(tint[1]), float(tint[2])),
        texture=None if photo is None else photo.path,
        photo_uv=photo is not None and photo.other_layout,
        paint=painted.paint,
        relief=painted.relief,
        relief_mm=RELIEF_MM,
        roughness=skin.roughness,
        specular=0.36,  # of an index of refraction of 1.42, between skin's oil and its horny layer
        subsurface=0.3,
        scattering_mm=scattering_mm(skin),
    )


def paint_face(skin: Skin, makeup: Makeup, face: Face, share: float) -> Complexion:
    """Paint a face.

    Args:
        share: 1 to paint all of the skin's colour; less to paint only that share of what differs from the skin's mean
            colour, over a photographed skin.
    """
    canvas, zones = face.canvas, face.zones
    at, lips, lining = canvas.values[:, :3], canvas.values[:, 3], canvas.values[:, 4]
    seeds = np.random.SeedSequence(skin.pattern).generate_state(16)
    plain = 1 - 0.8 * makeup.foundation
    fine = quick_grain(at, 0.9, seeds[0])
    speckle = quick_grain(at, 2.6, seeds[1])
    blotch = grain(at, 9, seeds[2])
    broad = grain(at, 28, seeds[3])
    spots = _spots(canvas, skin, np.random.default_rng(seeds[4])) * (1 - 0.6 * makeup.foundation)

    uneven = skin.mottling * plain
    redder = grain(at, 6, seeds[5]) * 0.5 + blotch * 0.5
    # Where there is much melanin, its variation shows more.
    patchy = uneven * float(np.interp(np.log(skin.melanin), np.log((0.005, 0.3)), (1.2, 0.5)))
    melanin = skin.melanin * np.exp(patchy * (0.4 * broad + 0.35 * blotch + 0.6 * speckle + 0.4 * fine))
    melanin *= 1 + 0.45 * zones["shade"] + 0.12 * zones["low"] - 0.08 * zones["cheek"]
    melanin += (0.02 + 0.5 * skin.melanin) * spots
    blood = skin.haemoglobin * np.exp(uneven * (1.1 * redder + 0.4 * broad))
    blood *= 1 + plain * (0.35 + 1.5 * skin.flush) * zones["flush"] - 0.3 * zones["high"] + 0.5 * zones["shade"]
    blood *= np.exp(0.5 * plain * skin.flush * zones["flush"] * speckle)
    colour = pigment_colour(melanin, np.maximum(blood, 0.002))
    colour *= (1 - 0.03 * skin.pores * np.clip(fine, 0, 2) * zones["pores"])[:, None]
    bristle = skin.stubble * zones["beard"] * (1 - lips)
    dots = smoothstep(-0.4, 1.6, quick_grain(at, 0.75, seeds[6]) + 0.4 * speckle)
    colour *= 1 - (bristle * (0.2 + 0.55 * dots))[:, None] * np.float32([0.80, 0.72, 0.64])

    colour = _make_up(colour, skin, makeup, zones, lips, at, seeds)
    wet = skin_colour(0.3 * skin.melanin, 0.06)
    colour += lining[:, None] * (0.85 * wet + 0.15 * colour - colour)
    height = _height_mm(skin, zones, at, lips, fine, bristle * dots, seeds)
    rough = _roughness(skin, makeup, zones, lips, lining, fine, blotch)

    mean = skin_colour(skin.melanin, skin.haemoglobin)
    if share < 1:
        colour = (np.maximum(colour, 1e-3) / mean) ** share
        colour[lining > 0.5] = 1
    scale = np.maximum(colour.max(0), 1e-3)
    paint = canvas.picture(_encode(colour / scale), _encode(np.ones(3) / scale if share < 1 else mean / scale))
    relief = np.stack([height * (1 - lining) / RELIEF_MM + 0.5, rough], -1)
    blank = np.array([127, round(255 * skin.roughness)], np.uint8)
    return Complexion(paint, canvas.picture(_levels(relief), blank), scale.astype(np.float32))


def face_of(canvas: Canvas) -> Face:
    """Find the zones of a face, each (M,) about in [0, 1]."""
    at = canvas.values[:, :3]
    m = np.abs(at) * np.float32([1, 0, 0]) + at * np.float32([0, 1, 1])
    x, d, z = m.T

    def hill(centre: tuple, width: tuple) -> np.ndarray:
        return np.exp(-0.5 * squared((m - np.float32(centre)) / np.float32(width)))

    nose = hill((4, 30, -34), (10, 16, 13))
    cheek = hill((36, 5, -36), (14, 26, 13))
    face = smoothstep(-75, -35, d) * smoothstep(-128, -112, z)
    chin = hill((0, 10, -98), (12, 20, 9))
    # The beard's upper edge runs from under the nose past the mouth's corner and along the cheek to the ear.
    edge = np.interp(x, [0, 22, 31, 45, 66, 72], [-52, -55, -66, -64, -40, -10])
    beard = smoothstep(3, -6, z - edge) * smoothstep(-142, -118, z) * smoothstep(-92, -60, d)
    # Under the lower lip's sides little grows.
    beard = beard * (1 - 0.6 * hill((19, 12, -78), (6, 20, 5)))
    zones = {
        "flush": np.minimum(
            0.9 * cheek
            + 0.9 * nose
            + 0.8 * hill((80, -90, -8), (9, 34, 34))
            + 0.45 * chin
            + 0.35 * hill((14, 18, -42), (5, 14, 9)),
            1.2,
        ),
        "cheek": cheek,
        "shade": 0.75 * hill((30, 12, -11), (11, 22, 5.5))
        + 0.45 * hill((24, 14, 5), (11, 20, 7))
        + 0.3 * smoothstep(0, -40, d) * smoothstep(-112, -135, z)
        + 0.25 * hill((13, 20, -50), (3.5, 12, 6)),
        "high": smoothstep(18, 38, z) * smoothstep(-60, -10, d),
        "low": smoothstep(-72, -96, z) * face,
        "pores": np.minimum(1.2 * nose + 0.9 * hill((24, 14, -30), (13, 20, 14)) + 0.5 * chin, 1.2) + 0.25 * face,
        "oil": np.minimum(nose + 0.8 * hill((0, 8, 45), (28, 26, 18)) + 0.7 * chin + 0.25 * cheek, 1.0),
        "lid": hill((32, 14, 7), (13, 18, 5)) * smoothstep(-4, 2, z),
        "liner": hill((33, 16, 3), (13, 14, 2.2)),
        "beard": beard * smoothstep(-15, 2, d + 0.55 * (z + 150)),
    }
    return Face(canvas, {name: weight.astype(np.float32) for name, weight in zones.items()})


def _make_up(
    colour: np.ndarray,
    skin: Skin,
    makeup: Makeup,
    zones: dict[str, np.ndarray],
    lips: np.ndarray,
    at: np.ndarray,
    seeds: np.ndarray,
) -> np.ndarray:
    """Lay lips, and makeup where it is worn, over the skin's colour (M, 3)."""

    def cover(weight: np.ndarray, by: np.ndarray) -> None:
        nonlocal colour
        colour = colour + weight[:, None] * (np.asarray(by, np.float32) - colour)

    # Lips are striped across by fine furrows, paler at their rim.
    on = np.flatnonzero(lips > 0)
    furrow = grain(at[on] * np.float32([1, 0.4, 0.25]), 0.8, seeds[7])
    natural = lip_colour(skin) * (1 + 0.10 * furrow + 0.05 * grain(at[on], 3, seeds[8]))[:, None]
    natural += (0.15 * (1 - lips[on]))[:, None] * (colour[on] - natural)
    colour[on] += (0.85 * lips[on])[:, None] * (natural - colour[on])
    if makeup.lids:
        cover(0.8 * makeup.lids * zones["lid"], makeup.lid_colour)
    if makeup.cheeks:
        rosy = skin_colour(0.9 * skin.melanin, 3 * skin.haemoglobin + 0.01) * np.float32([1, 0.92, 0.95])
        cover(0.7 * makeup.cheeks * zones["cheek"], rosy)
    if makeup.liner:
        cover(0.6 * makeup.liner * zones["liner"] * (zones["lid"] > 0.1), np.float32([0.02, 0.015, 0.015]))
    if makeup.lips:
        cover(makeup.lips * smoothstep(0.3, 0.7, lips), np.float32(makeup.lip_colour) * 1.0)
    return colour


def _height_mm(
    skin: Skin,
    zones: dict[str, np.ndarray],
    at: np.ndarray,
    lips: np.ndarray,
    fine: np.ndarray,
    bristle: np.ndarray,
    seeds: np.ndarray,
) -> np.ndarray:
    """Height of pores, grain, lines and bristle over the smooth surface, (M,) millimetres."""
    # Cells of skin: ridges of noise; pores: its lowest tips.
    cells = -np.abs(quick_grain(at, 1.1, seeds[9]))
    pit = -smoothstep(0.7, 1.8, quick_grain(at, 0.8, seeds[10]))
    height = 0.010 * fine + (0.014 + 0.016 * skin.lines) * cells
    height += (0.035 + 0.07 * skin.pores) * zones["pores"] * pit
    height += 0.015 * skin.pores * quick_grain(at, 3.5, seeds[11]) * zones["pores"]
    height = height * (1 - lips) + 0.05 * bristle
    on = np.flatnonzero(lips > 0)
    furrow = grain(at[on] * np.float32([1, 0.35, 0.2]), 0.9, seeds[12])
    height[on] += lips[on] * (0.05 * furrow - 0.05 * np.abs(furrow))
    # Wrinkles lie between the hairline and the mouth, in front of the ears.
    front = np.flatnonzero((at[:, 1] > -42) & (at[:, 2] > -70) & (at[:, 2] < 75))
    height[front] -= _lines_mm(skin, at[front], seeds[13])
    return np.clip(height, -RELIEF_MM / 2, RELIEF_MM / 2)


def _lines_mm(skin: Skin, at: np.ndarray, seed: int) -> np.ndarray:
    """Depth of the wrinkles, (M,) millimetres."""
    rng = np.random.default_rng(seed)
    x, d, z = at.T
    side = np.abs(x)
    wander = grain(at, 14, seed) * 1.2 + grain(at, 5, seed + 1) * 0.35
    broken = smoothstep(-1.2, 0.4, grain(at * np.float32([0.4, 0.4, 1]), 8, seed + 2))
    total = np.zeros(len(at), np.float32)

    def furrow(distance: np.ndarray, where: np.ndarray, width: float, depth: float) -> None:
        nonlocal total
        total = np.maximum(total, depth * where * np.exp(-0.5 * (distance / width) ** 2))

    front = smoothstep(-35, -5, d)
    for height in np.linspace(29, 56, 4) + rng.normal(0, 1.2, 4):
        # Lines of the forehead follow the brows, low over the nose.
        bow = height + 3.5 * np.clip(side / 30, 0, 1.3) ** 2 * (1.6 - np.clip(side / 30, 0, 1.6)) * 2
        where = smoothstep(46, 26, side) * front * broken
        furrow(z - bow - wander, where, 0.6, rng.uniform(0.12, 0.26))
    # Crow's feet fan out from the outer corner of the eye.
    across, up = side - _CORNER_MM + 1, z + 1
    away = np.hypot(across, up)
    angle = np.arctan2(up, across)
    for direction in np.array([0.55, 0.2, -0.15, -0.5]) + rng.normal(0, 0.06, 4):
        where = smoothstep(2, 6, away) * smoothstep(24, 10, away) * (np.abs(angle - direction) < 0.5) * (d > -40)
        furrow((angle - direction) * away + 0.4 * wander, where, 0.5, rng.uniform(0.1, 0.22))
    # Frown lines over the nose, folds under the eyes.
    furrow(side - 6 - 0.3 * wander, smoothstep(10, 14, z) * smoothstep(30, 24, z) * front, 0.7, 0.16)
    under = -11 - 2.5 * np.cos((side - 31) / 12)
    for drop in (0.0, -4.0):
        where = smoothstep(14, 20, side) * smoothstep(47, 38, side) * broken * front
        furrow(z - under - drop - 0.5 * wander, where, 0.6, 0.10 if drop else 0.14)
    # Small lines above the lips.
    where = smoothstep(24, 18, side) * smoothstep(-53, -56, z) * smoothstep(-64, -61, z) * front * 0.6
    total += 0.10 * skin.lines * where * np.clip(grain(at * np.float32([1, 0.3, 0.12]), 1.6, seed + 3), 0, 2)
    # Of the young only a trace is there.
    return total * (0.12 + 1.1 * skin.lines**1.3)


def _roughness(
    skin: Skin,
    makeup: Makeup,
    zones: dict[str, np.ndarray],
    lips: np.ndarray,
    lining: np.ndarray,
    fine: np.ndarray,
    blotch: np.ndarray,
) -> np.ndarray:
    """Roughness of the Principled BSDF, (M,)."""
    rough = skin.roughness + 0.04 * zones["cheek"] - (0.06 + 0.13 * skin.oil) * zones["oil"]
    rough = rough + 0.025 * fine + 0.02 * blotch + 0.06 * makeup.foundation + 0.05 * skin.lines
    lip = 0.40 - 0.24 * makeup.gloss * (makeup.lips > 0) + 0.03 * fine
    rough = rough + lips * (lip - rough)
    return np.clip(rough + lining * (0.25 - rough), 0.15, 0.75)


def _spots(canvas: Canvas, skin: Skin, rng: np.random.Generator) -> np.ndarray:
    """Freckles and moles as darkness, (M,): at most 1 for freckles, more for moles."""
    at = canvas.values[:, :3]
    x, d, z = at.T
    likely = np.exp(-0.5 * ((x / 34) ** 2 + ((z + 24) / 18) ** 2)) * (d > -40) + 0.04 * (d > -70) * (z > -130)
    freckles = int(skin.freckles * 320)
    anywhere = (d > -70) * (z > -190) * 1.0
    chosen, radii, depths = [], [], []
    for count, weight, small, large, dark in (
        (freckles, likely, 0.5, 1.5, (0.25, 1.0)),
        (skin.moles, anywhere, 0.6, 1.7, (2.0, 8.0)),
    ):
        cumulated = np.cumsum(weight * (canvas.values[:, 3] + canvas.values[:, 4] < 0.05), dtype=np.float64)
        chosen.append(np.searchsorted(cumulated, rng.uniform(0, cumulated[-1], count)))
        radii.append(rng.uniform(small, large, count))
        depths.append(rng.uniform(*dark, count))
    total = np.zeros(len(at), np.float32)
    height, width = canvas.index.shape
    reach = 9
    window = np.arange(-reach, reach + 1)
    for centre, radius, depth in zip(*(np.concatenate(a) for a in (chosen, radii, depths)), strict=True):
        row, column = canvas.texels[centre]
        rows, columns = np.clip(row + window, 0, height - 1), np.clip(column + window, 0, width - 1)
        near = np.unique(canvas.index[np.ix_(rows, columns)])
        near = near[near >= 0]
        apart = ((at[near] - at[centre]) ** 2).sum(1)
        ragged = 1 + 0.25 * np.sin(3 * (at[near, 0] + 1.7 * at[near, 2]) + centre)
        total[near] = np.maximum(total[near], depth * smoothstep(1.4, 0.5, np.sqrt(apart) * ragged / radius))
    return total


def _encode(linear: np.ndarray) -> np.ndarray:
    """Scene-linear in [0, 1] to 8-bit sRGB."""
    return _levels(linear_to_srgb(linear))


def _levels(values: np.ndarray) -> np.ndarray:
    return (np.clip(values, 0, 1) * 255 + 0.5).astype(np.uint8)
