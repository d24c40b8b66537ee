"""A Bust as Blender objects: meshes, hair curves and their materials.

Every material also writes what the light stage needs as AOVs, because Cycles' own passes see the first surface alone
and hair is half transparent: ``albedo`` (base colour), ``normal`` (world frame, without bump), ``depth`` (metres along
the viewing axis) and the parsing labels one-hot in three colours (``parsing_0`` … ``parsing_2``, three labels each).
AOVs are right only while the materials show their measuring surface (``show_measuring_surface``).
"""

import bpy
import numpy as np

from ..bust import Bust, Material, Part, Strands
from .versions import enable_nodes

AOVS = ("albedo", "normal", "depth", "parsing_0", "parsing_1", "parsing_2")

REAL, MEASURING = "Real", "Measuring"  # a material's two output nodes

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


def show_measuring_surface(collection: bpy.types.Collection, measuring: bool) -> None:
    """Switch all materials of a built bust between how they look and how their AOVs are measured."""
    for obj in collection.objects:
        for material in obj.data.materials:
            material.node_tree.nodes[MEASURING if measuring else REAL].is_active_output = True


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
    principled = tree.nodes.new("ShaderNodeBsdfPrincipled")
    _add_output(tree, REAL, principled.outputs["BSDF"])

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
    _add_output(tree, MEASURING, _measuring_surface(tree, opacity))

    _write_aov(tree, "albedo", colour, opacity)
    _write_aov(tree, "normal", tree.nodes.new("ShaderNodeNewGeometry").outputs["Normal"], opacity)
    _write_aov(tree, "depth", tree.nodes.new("ShaderNodeCameraData").outputs["View Z Depth"], opacity)
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
    """Cycles adds up the AOVs of all surfaces that a path passes through, unweighted; so weigh by opacity."""
    if opacity is not None:
        colour = _multiply(tree, colour, opacity)
    node = tree.nodes.new("ShaderNodeOutputAOV")
    node.aov_name = name
    tree.links.new(colour, node.inputs["Color"])


def _measuring_surface(tree: bpy.types.NodeTree, opacity: bpy.types.NodeSocket | None) -> bpy.types.NodeSocket:
    """White, and as opaque as the real surface.

    A path chooses between reflecting and passing by the surfaces' brightness; only white diffuse is passed with
    probability 1 − opacity, so that AOVs times opacity average to what is seen.
    """
    diffuse = tree.nodes.new("ShaderNodeBsdfDiffuse")
    diffuse.inputs["Color"].default_value = (1, 1, 1, 1)
    if opacity is None:
        return diffuse.outputs["BSDF"]
    mix = tree.nodes.new("ShaderNodeMixShader")
    tree.links.new(opacity, mix.inputs["Fac"])
    tree.links.new(tree.nodes.new("ShaderNodeBsdfTransparent").outputs["BSDF"], mix.inputs[1])
    tree.links.new(diffuse.outputs["BSDF"], mix.inputs[2])
    return mix.outputs["Shader"]


def _add_output(tree: bpy.types.NodeTree, name: str, surface: bpy.types.NodeSocket) -> None:
    node = tree.nodes.new("ShaderNodeOutputMaterial")
    node.name = name
    tree.links.new(surface, node.inputs["Surface"])
    node.is_active_output = name == REAL


def _multiply(tree: bpy.types.NodeTree, a: bpy.types.NodeSocket, b: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
    node = tree.nodes.new("ShaderNodeVectorMath")
    node.operation = "MULTIPLY"
    tree.links.new(a, node.inputs[0])
    tree.links.new(b, node.inputs[1])
    return node.outputs["Vector"]
