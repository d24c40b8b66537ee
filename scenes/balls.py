"""A chrome and a grey ball in a light map: what the light is and where it comes from, at a glance.

Pictures are (px, px, 4) scene-linear with associated alpha, top row first, seen along −z of the camera frame from
far away. Light maps as in ``light_map``.
"""

from functools import lru_cache

import numpy as np

from .colour import linear_to_srgb
from .light_map import directions, resize, sample, solid_angles

GREY = 0.18  # reflectance of the grey ball, the photographer's grey card
_ICON_PX = 96
_ROWS = 32  # of the light map that is summed under the cosine; its texels are 6°, and a cosine is smooth
_NORMALS = 24  # rows of a lattice of normals; bilinear between them a cosine is off by 0.2% of its peak


def draw_icons(light_map: np.ndarray, exposure_ev: float) -> tuple[np.ndarray, np.ndarray]:
    """The chrome and the grey ball as a screen shows them, (96, 96, 4) each: sRGB-encoded in [0, 1], straight.

    Args:
        exposure_ev: stops; 1 doubles the light.
    """
    light_map = light_map * np.float32(2.0**exposure_ev)
    chrome, grey = draw_chrome(light_map, _ICON_PX), draw_grey(light_map, _ICON_PX)
    for ball in (chrome, grey):
        ball[:, :, :3] = np.clip(linear_to_srgb(ball[:, :, :3] / np.maximum(ball[:, :, 3:], 1e-6)), 0, 1)
    return chrome, grey


def draw_chrome(light_map: np.ndarray, px: int) -> np.ndarray:
    """A perfect mirror."""
    normals, coverage = _sphere(px)
    mirrored = 2 * normals[..., 2:] * normals - np.array([0.0, 0.0, 1.0])
    return _cut(sample(light_map, mirrored), coverage)


def draw_grey(light_map: np.ndarray, px: int) -> np.ndarray:
    """A Lambertian ball of reflectance GREY, without shadow: under each normal the light weighted by its cosine."""
    normals, coverage = _sphere(px)
    power = (resize(light_map, _ROWS) * solid_angles(_ROWS)[:, :, None]).reshape(-1, 3).astype(np.float32)
    irradiance = (_cosines() @ power).reshape(_NORMALS, 2 * _NORMALS, 3)
    return _cut(np.float32(GREY / np.pi) * sample(irradiance, normals), coverage)


@lru_cache(maxsize=1)
def _cosines() -> np.ndarray:
    """Cosine or 0 between the lattice of normals and the light map's texels, (N, M) float32."""
    normals, texels = (directions(rows).reshape(-1, 3) for rows in (_NORMALS, _ROWS))
    return np.maximum(normals @ texels.T, 0).astype(np.float32)


@lru_cache(maxsize=4)
def _sphere(px: int) -> tuple[np.ndarray, np.ndarray]:
    """Normals (px, px, 3) float32, at the rim those of the rim, and the coverage (px, px, 1)."""
    place = ((np.arange(px) + 0.5) / px * 2 - 1).astype(np.float32)
    x, y = np.meshgrid(place, -place)
    radius = np.hypot(x, y)
    inside = np.minimum(radius, 0.999)
    scale = inside / np.maximum(radius, 1e-6)
    normals = np.stack([x * scale, y * scale, np.sqrt(1 - inside**2)], axis=-1)
    coverage = np.clip((1 - radius) * px / 2 + 0.5, 0, 1)[..., None]
    return normals, coverage


def _cut(colour: np.ndarray, coverage: np.ndarray) -> np.ndarray:
    return np.concatenate([colour * coverage, coverage], axis=-1).astype(np.float32)
