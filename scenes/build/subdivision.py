"""Subdividing a bust before it moves.

The way of a subdivided vertex is not the mean of its neighbours' ways: where a lid folds they differ by most of a
millimetre. So what moves is subdivided once, at rest, and posed vertex by vertex.
"""

from dataclasses import replace

import bpy
import numpy as np

from ..bust import Bust, Part
from .pictures import PHOTO_LAYOUT
from .subject import build_mesh, subdivide


def subdivided(bust: Bust) -> Bust:
    """The bust with the meshes that Blender renders of its parts, none of which asks for subdivision any more."""
    scene = bpy.data.scenes.new("Subdivision")
    try:
        return replace(bust, parts=tuple(_subdivided(part, scene) for part in bust.parts))
    finally:
        bpy.data.scenes.remove(scene)


def _subdivided(part: Part, scene: bpy.types.Scene) -> Part:
    if not part.subdivide:
        return part
    obj = bpy.data.objects.new(part.name, build_mesh(part))
    try:
        subdivide(obj, part.subdivide)
        scene.collection.objects.link(obj)
        scene.view_layers[0].update()
        fine = obj.evaluated_get(scene.view_layers[0].depsgraph)
        mesh = fine.to_mesh()
        corners = _read(mesh.loops, "vertex_index", 1, np.int32).ravel()
        # Catmull and Clark leave quads alone.
        faces, places = corners.reshape(-1, 4), (len(mesh.polygons), 4, 2)

        def layout(name: str) -> np.ndarray:
            return _read(mesh.uv_layers[name].uv, "vector", 2).reshape(places)

        one_hot = [_read(mesh.attributes[f"parsing_{k}"].data, "vector", 3) for k in range(3)]
        return replace(
            part,
            vertices=_read(mesh.vertices, "co", 3),
            faces=faces,
            labels=np.concatenate(one_hot, axis=1).argmax(axis=1).astype(np.uint8),
            uv=None if part.uv is None else layout("UVMap"),
            photo_uv=None if part.photo_uv is None else layout(PHOTO_LAYOUT),
            colours=None if part.colours is None else _read(mesh.attributes["albedo"].data, "vector", 3),
            subdivide=0,
        )
    finally:
        obj.to_mesh_clear()
        bpy.data.meshes.remove(obj.data)


def _read(items: bpy.types.bpy_prop_collection, name: str, width: int, kind: type = np.float32) -> np.ndarray:
    """A property of all items, (N, width)."""
    values = np.empty(len(items) * width, kind)
    items.foreach_get(name, values)
    return values.reshape(-1, width)
