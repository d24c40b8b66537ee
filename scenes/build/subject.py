"""A Bust as Blender objects: meshes, hair curves and their materials.

Every material also writes what the light stage needs as AOVs: ``albedo`` (base colour) and the parsing labels one-hot
in three colour AOVs (``parsing_0`` … ``parsing_2``, three labels each).
"""

import bpy
import numpy as np

from ..bust import Bust, Material, Part, Strands
from .versions import enable_nodes

AOVS = ("albedo", "parsing_0", "parsing_1", "parsing_2")

# Mean free paths of skin in millimetres, red, green, blue.
# Source: Jensen et al. 2001, "A Practical Model for Subsurface Light Transport", table of "skin1".
SKIN_PATHS_MM = (3.67, 1.37, 0.68)


def build_bust(bust: Bust, collection: bpy.types.Collection) -> None:
    """Put all parts and strands of ``bust`` into ``collection``."""
    for part in bust.parts:
        mesh = build_mesh(part)
        mesh.materials.append(build_material(part.material, part.colours is not None, None))
        obj = bpy.data.objects.new(part.name, mesh)
        if part.subdivide:
            modifier = obj.modifiers.new("Subdivision", "SUBSURF")
            modifier.levels = modifier.render_levels = part.subdivide
        collection.objects.link(obj)
    for strands in bust.strands:
        curves = build_strands(strands)
        curves.materials.append(build_material(strands.material, False, strands.label))
        collection.objects.link(bpy.data.objects.new(strands.name, curves))


def build_mesh(part: Part) -> bpy.types.Mesh:
    """The mesh of a part, with its ``UVMap``, its ``albedo`` vertex colours and its one-hot labels a face."""
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
    if part.uv is not None:
        layer = mesh.uv_layers.new(name="UVMap")
        layer.uv.foreach_set("vector", np.ascontiguousarray(part.uv[used], np.float32).ravel())
    if part.colours is not None:
        attribute = mesh.attributes.new("albedo", "FLOAT_VECTOR", "POINT")
        attribute.data.foreach_set("vector", np.ascontiguousarray(part.colours, np.float32).ravel())
    one_hot = np.eye(9, dtype=np.float32)[part.labels].reshape(-1, 3, 3)
    for k in range(3):
        attribute = mesh.attributes.new(f"parsing_{k}", "FLOAT_VECTOR", "FACE")
        attribute.data.foreach_set("vector", np.ascontiguousarray(one_hot[:, k]).ravel())
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
    return curves


def build_material(material: Material, painted: bool, label: int | None) -> bpy.types.Material:
    """A Principled material with the stage's AOVs.

    Args:
        painted: the mesh carries vertex colours in ``albedo``.
        label: one label for all of it, or None to read the mesh's ``parsing_k`` attributes.
    """
    data = bpy.data.materials.new(material.name)
    enable_nodes(data)
    tree = data.node_tree
    tree.nodes.clear()
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    principled = tree.nodes.new("ShaderNodeBsdfPrincipled")
    tree.links.new(principled.outputs["BSDF"], output.inputs["Surface"])

    colour = _base_colour(tree, material, painted)
    tree.links.new(colour, principled.inputs["Base Color"])
    principled.inputs["Roughness"].default_value = material.roughness
    principled.inputs["Specular IOR Level"].default_value = material.specular
    principled.inputs["Coat Weight"].default_value = material.coat
    principled.inputs["Coat Roughness"].default_value = 0.05
    if material.subsurface > 0:
        principled.inputs["Subsurface Weight"].default_value = material.subsurface
        principled.inputs["Subsurface Radius"].default_value = SKIN_PATHS_MM
        principled.inputs["Subsurface Scale"].default_value = 0.001
    if material.bump_mm > 0:
        tree.links.new(_bump(tree, material), principled.inputs["Normal"])
    opacity = None
    if material.alpha is not None:
        opacity = _picture(tree, material.alpha, "Non-Color").outputs["Color"]
        tree.links.new(opacity, principled.inputs["Alpha"])

    _write_aov(tree, "albedo", colour, opacity)
    for k in range(3):
        if label is None:
            attribute = tree.nodes.new("ShaderNodeAttribute")
            attribute.attribute_name = f"parsing_{k}"
            _write_aov(tree, f"parsing_{k}", attribute.outputs["Vector"], opacity)
        else:
            one_hot = tree.nodes.new("ShaderNodeCombineXYZ")
            for axis in range(3):
                one_hot.inputs[axis].default_value = float(label == 3 * k + axis)
            _write_aov(tree, f"parsing_{k}", one_hot.outputs["Vector"], opacity)
    return data


def _base_colour(tree: bpy.types.NodeTree, material: Material, painted: bool) -> bpy.types.NodeSocket:
    """Colour × texture × vertex colours."""
    constant = tree.nodes.new("ShaderNodeRGB")
    constant.outputs[0].default_value = (*material.colour, 1.0)
    colour = constant.outputs[0]
    factors = []
    if material.texture is not None:
        factors.append(_picture(tree, material.texture, "sRGB").outputs["Color"])
    if painted:
        attribute = tree.nodes.new("ShaderNodeAttribute")
        attribute.attribute_name = "albedo"
        factors.append(attribute.outputs["Vector"])
    for factor in factors:
        colour = _multiply(tree, colour, factor)
    # Nothing reflects more than it receives, and shading = diffuse / albedo needs albedo above zero.
    floor, ceiling = tree.nodes.new("ShaderNodeVectorMath"), tree.nodes.new("ShaderNodeVectorMath")
    floor.operation, ceiling.operation = "MAXIMUM", "MINIMUM"
    floor.inputs[1].default_value, ceiling.inputs[1].default_value = (0.004,) * 3, (0.95,) * 3
    tree.links.new(colour, floor.inputs[0])
    tree.links.new(floor.outputs["Vector"], ceiling.inputs[0])
    return ceiling.outputs["Vector"]


def _picture(tree: bpy.types.NodeTree, path, colorspace: str) -> bpy.types.Node:
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = bpy.data.images.load(str(path), check_existing=True)
    node.image.colorspace_settings.name = colorspace
    return node


def _bump(tree: bpy.types.NodeTree, material: Material) -> bpy.types.NodeSocket:
    place = tree.nodes.new("ShaderNodeTexCoord")
    noise = tree.nodes.new("ShaderNodeTexNoise")
    noise.inputs["Scale"].default_value = material.bump_scale
    noise.inputs["Detail"].default_value = 3.0
    bump = tree.nodes.new("ShaderNodeBump")
    bump.inputs["Distance"].default_value = material.bump_mm / 1000
    tree.links.new(place.outputs["Object"], noise.inputs["Vector"])
    tree.links.new(noise.outputs["Fac"], bump.inputs["Height"])
    return bump.outputs["Normal"]


def _write_aov(
    tree: bpy.types.NodeTree, name: str, colour: bpy.types.NodeSocket, opacity: bpy.types.NodeSocket | None
) -> None:
    """Cycles adds up the AOVs of all surfaces that a path passes through, unweighted.

    A path passes a surface with probability 1 − opacity, so AOVs times opacity average to what is really seen.
    """
    if opacity is not None:
        colour = _multiply(tree, colour, opacity)
    node = tree.nodes.new("ShaderNodeOutputAOV")
    node.aov_name = name
    tree.links.new(colour, node.inputs["Color"])


def _multiply(tree: bpy.types.NodeTree, a: bpy.types.NodeSocket, b: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
    node = tree.nodes.new("ShaderNodeVectorMath")
    node.operation = "MULTIPLY"
    tree.links.new(a, node.inputs[0])
    tree.links.new(b, node.inputs[1])
    return node.outputs["Vector"]
