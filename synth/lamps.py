"""Lights of an OLAT rig that stand on the stage chunk by chunk, each in light groups of its own.

Cycles draws one of its lamps at each bounce, by their order in its memory, and removing a lamp changes that order. So a
chunk's lamps stay the same objects with visibility on and off, and are turned to the next chunk's directions: only then
do all toggles share their noise, and only then does a seed repeat.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import bpy
import numpy as np
from mathutils import Vector

from ..scenes.build.surroundings import build_olat_light
from ..scenes.lights import OLAT_CHUNK


class Pair(NamedTuple):
    """One light, twice: a lamp that glossy rays do not see, and one that diffuse rays do not see."""

    diffuse: bpy.types.Object
    specular: bpy.types.Object


def chunks_of(count: int) -> list[slice]:
    """Slices of one length that cover a rig of ``count`` lights; the last may overlap the one before."""
    length = math.ceil(count / math.ceil(count / OLAT_CHUNK))
    return [slice(start, start + length) for start in (*range(0, count - length, length), count - length)]


@contextmanager
def standing_lamps(
    layer: bpy.types.ViewLayer, collection: bpy.types.Collection, number: int, half_angle: float
) -> Iterator[list[Pair]]:
    """Let ``number`` discs of light stand in ``collection``; light i shines in the groups ``diffuse_i`` and
    ``specular_i``."""
    up = np.array([0.0, 0.0, 1.0])
    pairs = [
        Pair(*(build_olat_light(f"{kind}_{i}", up, half_angle, collection) for kind in Pair._fields))
        for i in range(number)
    ]
    for i, pair in enumerate(pairs):
        pair.diffuse.visible_glossy = pair.specular.visible_diffuse = False
        for kind, lamp in pair._asdict().items():
            lamp.lightgroup = layer.lightgroups.add(name=f"{kind}_{i}").name
    try:
        yield pairs
    finally:
        for pair in pairs:
            for lamp in pair:
                bpy.data.lights.remove(lamp.data)
        while layer.lightgroups:
            layer.lightgroups.remove(layer.lightgroups[0])


def aim(pairs: list[Pair], directions: np.ndarray) -> None:
    """Turn each light so that it shines from its direction: (number, 3), world frame."""
    for pair, direction in zip(pairs, directions, strict=True):
        for lamp in pair:
            lamp.rotation_euler = Vector(direction.tolist()).to_track_quat("Z", "Y").to_euler()
