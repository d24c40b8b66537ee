"""Moving a built bust from one frame of a sequence to the next, without building it again."""

import bpy
import numpy as np

from ..bust import Bust, Part, Strands
from .aovs import TRACKS

_, *WAYS = TRACKS


def move_bust(bust: Bust, collection: bpy.types.Collection) -> None:
    """Give the objects of ``collection``, in which ``build_bust`` put the same bust in another pose, this one's points.

    Args:
        bust: with its ``motion``, which the tracking surface reads.
    """
    pieces: tuple[Part | Strands, ...] = (*bust.parts, *bust.strands)
    for obj, piece in zip(collection.objects, pieces, strict=True):
        if isinstance(piece, Part):
            _set(obj.data.vertices, "co", piece.vertices)
        else:
            _set(obj.data.points, "position", piece.points)
        write_motion(obj.data, piece.motion)
        obj.data.update_tag()


def write_motion(data: bpy.types.Mesh | bpy.types.Curves, motion: np.ndarray | None) -> None:
    """Keep the ways (…, 2, 3) to the neighbouring frames with the points; none, if there are none."""
    if motion is None:
        return
    ways = motion.reshape(-1, len(WAYS), 3)
    for k, name in enumerate(WAYS):
        attribute = data.attributes.get(name) or data.attributes.new(name, "FLOAT_VECTOR", "POINT")
        _set(attribute.data, "vector", ways[:, k])


def _set(items: bpy.types.bpy_prop_collection, name: str, values: np.ndarray) -> None:
    items.foreach_set(name, np.ascontiguousarray(values, np.float32).ravel())
