"""Optical flow and occlusion between two frames of a sequence, from what stands at each pixel's centre.

Nothing is estimated: where a point is now, where it is in the other frame and both cameras are known. Maps are
(H, W, C) float32, top row first; pixels count x right and y down from the picture's top left corner, so that the
centre of the first pixel is (0.5, 0.5).
"""

from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from typing import NamedTuple, TypeVar

import numpy as np

from ..scenes.cameras import Camera

Shot = TypeVar("Shot")

# A point may lie this much deeper than what the other frame shows around it. Within a pixel a smooth surface departs
# from the four depths around by its curvature alone: a sphere of 1 cm by 0.2 mm where pixels are 2 mm apart.
TOLERANCE_M = 0.001
# Hair is thinner than a pixel: which strand a pixel's centre meets is chance, so within a lock nothing hides anything.
HAIR_TOLERANCE_M = 0.012


class Track(NamedTuple):
    """What the centre of each pixel of a frame sees.

    Attributes:
        seen: (H, W) bool, whether it sees the subject at all.
        position: (H, W, 3) world, metres.
        previous, following: (H, W, 3) metres from there to where that point is in the neighbouring frames.
        tolerance_m: (H, W) see ``occlusion``.
    """

    seen: np.ndarray
    position: np.ndarray
    previous: np.ndarray
    following: np.ndarray
    tolerance_m: np.ndarray


def flow(track: Track, way: np.ndarray, camera: Camera, other: Camera) -> np.ndarray:
    """How far each pixel's point is away in the other frame's picture, (H, W, 2) pixels; 0 where there is no point.

    Args:
        way: ``track.previous`` or ``track.following``.
        camera, other: of this and of the other frame.
    """
    size = track.seen.shape[0]
    moved = np.zeros((*track.seen.shape, 2), np.float32)
    here = track.position[track.seen].astype(np.float64)
    moved[track.seen] = other.project(here + way[track.seen], size) - camera.project(here, size)
    return moved


def occlusion(track: Track, way: np.ndarray, other: Camera, there: Track) -> np.ndarray:
    """1 where a pixel's point is not to be seen in the other frame, or where there is no point, else 0: (H, W, 1).

    A point is hidden when it lies deeper than all of the four pixels around its place show, by more than the
    tolerance. It is out of sight beyond the picture's border, too. Where one of the four sees past the subject, the
    point is on the outline and counts as seen.
    """
    size = track.seen.shape[0]
    hidden = np.ones((*track.seen.shape, 1), np.float32)
    points = track.position[track.seen].astype(np.float64) + way[track.seen]
    place = other.project(points, size)
    inside = ((place >= 0) & (place <= size)).all(axis=1)
    # In a picture's outermost half pixel the nearest four count.
    column, row = np.clip(np.floor(place - 0.5).astype(int), 0, size - 2).T
    shown = depth(there, other)
    around = np.stack([shown[row + i, column + j] for i in (0, 1) for j in (0, 1)])
    deeper = _depth(points, other) > around.max(axis=0) + track.tolerance_m[track.seen]
    # Nothing of the subject is seen there: the point was missed between the pixels' centres.
    missed = np.isinf(around).all(axis=0)
    hidden[track.seen, 0] = ~inside | deeper | missed
    return hidden


def with_flow(
    frames: Iterable[tuple[Shot, Track, Camera]],
) -> Iterator[tuple[Shot, dict[str, np.ndarray]]]:
    """Go through the frames of a sequence and give each its flow and occlusion maps, when the one after it is there.

    Nothing was rendered before the first frame and after the last: there the flow is 0 and all is occluded.
    """
    before: tuple[Track, Camera] | None = None
    for now, after in pairwise(chain(frames, [None])):
        assert now is not None
        shot, track, camera = now
        neighbours = (("forward", track.following, after and after[1:]), ("backward", track.previous, before))
        maps = {}
        for direction, way, other in neighbours:
            if other is None:
                maps[f"flow_{direction}"] = np.zeros((*track.seen.shape, 2), np.float32)
                maps[f"occlusion_{direction}"] = np.ones((*track.seen.shape, 1), np.float32)
            else:
                maps[f"flow_{direction}"] = flow(track, way, camera, other[1])
                maps[f"occlusion_{direction}"] = occlusion(track, way, other[1], other[0])
        yield shot, maps
        before = track, camera


def depth(track: Track, camera: Camera) -> np.ndarray:
    """Metres along the viewing axis, (H, W); infinite where nothing is seen."""
    return np.where(track.seen, _depth(track.position, camera), np.inf)


def _depth(points: np.ndarray, camera: Camera) -> np.ndarray:
    forward = camera.extrinsics()[2]
    return points.astype(np.float64) @ forward[:3] + forward[3]
