"""The light of worlds that are a sum of turned and tinted panoramas: read off their pixels, without a render.

Blender's world frame (Z up) and panoramas in Blender's own frame, docs/architecture.md. NumPy alone: threads run it.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from . import light_map as light_maps

# Rows of a light map and samples along a side of its texels (``light_map.change_frame``), for good and as a draft.
_FULL, _DRAFT = (light_maps.HEIGHT, 4), (light_maps.HEIGHT // 2, 2)
_BACKDROP_ROWS = 2048


class Term(NamedTuple):
    """One summand of a world: tint · panorama(turn · direction); plain tuples, so that worlds compare and hash.

    Attributes:
        panorama: its name; empty for an even light of radiance ``tint``.
        turn: (3, 3) rotation of the direction that is looked up, row by row.
        tint: (3,) factor on its radiance.
    """

    panorama: str
    turn: tuple[float, ...]
    tint: tuple[float, float, float]


class Panorama(NamedTuple):
    """A panorama at the sizes that are looked up, (h, 2h, 3) each, keeping its light."""

    picture: np.ndarray
    light: np.ndarray
    draft: np.ndarray


def panorama_of(pixels: np.ndarray) -> Panorama:
    """Shrink a panorama (H, W, 3), of any sides, once for all lights that are read off it."""
    picture = light_maps.resize(pixels, min(len(pixels), _BACKDROP_ROWS))
    light, draft = (
        light_maps.resize(picture, min(len(picture), rows * density // 2)) for rows, density in (_FULL, _DRAFT)
    )
    return Panorama(picture, light, draft)


def light_map_of(
    terms: tuple[Term, ...], panoramas: Mapping[str, Panorama], camera_to_world: np.ndarray, draft: bool = False
) -> np.ndarray:
    """The light of a world in a camera's frame, (64, 128, 3), or (32, 64, 3) as a draft.

    Args:
        panoramas: those that the terms name.
        draft: in a tenth of the time, half as sharp.
    """
    rows, density = _DRAFT if draft else _FULL
    out = np.zeros((rows, 2 * rows, 3), np.float32)
    for term in terms:
        if not term.panorama:
            out += np.float32(term.tint)
            continue
        turned = light_maps.WORLD_FROM_PANORAMA.T @ _matrix(term) @ camera_to_world
        panorama = panoramas[term.panorama]
        source = panorama.draft if draft else panorama.light
        out += np.float32(term.tint) * light_maps.change_frame(source, turned, rows, density)
    return out


def backdrop_of(
    terms: tuple[Term, ...],
    panoramas: Mapping[str, Panorama],
    camera_to_world: np.ndarray,
    fov_deg: float,
    size: tuple[int, int],
) -> np.ndarray:
    """What a camera sees of a world, (*size, 3); ``fov_deg`` is the angle of view of the longer side."""
    out = np.zeros((*size, 3), np.float32)
    for term in terms:
        if not term.panorama:
            out += np.float32(term.tint)
            continue
        to_map = light_maps.WORLD_FROM_PANORAMA.T @ _matrix(term) @ camera_to_world
        seen = light_maps.view(panoramas[term.panorama].picture, *size, fov_deg, to_map)
        out += np.float32(term.tint) * seen
    return out


def _matrix(term: Term) -> np.ndarray:
    return np.array(term.turn).reshape(3, 3)
