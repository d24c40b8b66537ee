"""A Bust as Blender objects: meshes and hair curves."""

import bpy
import numpy as np

from ..bust import Bust, Part, Strands
from .materials import build_material
from .moving import write_motion
from .nodes import REST
from .pictures import PHOTO_LAYOUT


def build_bust(bust: Bust, collection: bpy.types.Collection) -> None:
    """Put all parts and strands of ``bust`` into ``collection``."""
    for part in bust.parts:
        mesh = build_mesh(part)
        mesh.materials.append(build_material(part.material, part.colours is not None, None))
        obj = bpy.data.objects.new(part.name, mesh)
        subdivide(obj, part.subdivide)
        collection.objects.link(obj)
    for strands in bust.strands:
        curves = build_strands(strands)
        curves.materials.append(build_material(strands.material, False, strands.label))
        collection.objects.link(bpy.data.objects.new(strands.name, curves))


def subdivide(obj: bpy.types.Object, levels: int) -> None:
    """Let an object be subdivided when it is rendered."""
    if levels:
        modifier = obj.modifiers.new("Subdivision", "SUBSURF")
        modifier.levels = modifier.render_levels = levels


def show_surface(collection: bpy.types.Collection, name: str) -> None:
    """Switch all materials of a built bust to how they look (REAL) or how their AOVs are read (MEASURING, TRACKING)."""
    for obj in collection.objects:
        for material in obj.data.materials:
            material.node_tree.nodes[name].is_active_output = True


def build_mesh(part: Part) -> bpy.types.Mesh:
    """The mesh of a part, with its layouts, its ``albedo`` vertex colours and its one-hot labels a face."""
    mesh = bpy.data.meshes.new(part.name)
    used = part.faces >= 0  # (F, 4)
    corners = part.faces[used]
    totals = used.sum(axis=1)
    mesh.vertices.add(len(part.vertices))
    mesh.vertices.foreach_set("co", np.ascontiguousarray(part.vertices, np.float32).ravel())
    mesh.loops.add(len(corners))
    mesh.loops.foreach_set("vertex_index", corners.astype(np.int32))
    mesh.polygons.add(len(part.faces))
    mesh.polygons.foreach_set("loop_start", (np.cumsum(totals) - totals).astype(np.int32))
    rest = mesh.attributes.new(REST, "FLOAT_VECTOR", "POINT")
    rest.data.foreach_set("vector", np.ascontiguousarray(part.vertices, np.float32).ravel())
    if part.uv is not None:
        layer = mesh.uv_layers.new(name="UVMap")
        layer.uv.foreach_set("vector", np.ascontiguousarray(part.uv[used], np.float32).ravel())
    if part.photo_uv is not None:
        layer = mesh.uv_layers.new(name=PHOTO_LAYOUT)
        layer.uv.foreach_set("vector", np.ascontiguousarray(part.photo_uv[used], np.float32).ravel())
    if part.colours is not None:
        attribute = mesh.attributes.new("albedo", "FLOAT_VECTOR", "POINT")
        attribute.data.foreach_set("vector", np.ascontiguousarray(part.colours, np.float32).ravel())
    one_hot = np.eye(9, dtype=np.float32)[part.labels].reshape(-1, 3, 3)
    for k in range(3):
        attribute = mesh.attributes.new(f"parsing_{k}", "FLOAT_VECTOR", "FACE")
        attribute.data.foreach_set("vector", np.ascontiguousarray(one_hot[:, k]).ravel())
    write_motion(mesh, part.motion)
    mesh.update(calc_edges=True)
    mesh.validate()
    return mesh


def build_strands(strands: Strands) -> bpy.types.Curves:
    """Hair curves that taper to a third of their radius."""
    count, length = strands.points.shape[:2]
    curves = bpy.data.hair_curves.new(strands.name)
    curves.add_curves([length] * count)
    curves.points.foreach_set("position", np.ascontiguousarray(strands.points, np.float32).ravel())
    radius = np.tile(np.linspace(1, 1 / 3, length, dtype=np.float32) * strands.radius_m, count)
    curves.points.foreach_set("radius", radius)
    write_motion(curves, strands.motion)
    return curves
