"""What every material writes for the light stage to measure.

Cycles' own passes see the first surface alone and hair is half transparent, so each material writes AOVs: ``albedo``
(base colour), ``normal`` (world frame, without bump), ``depth`` (metres along the viewing axis), ``position`` (world
frame), ``uv`` (u, v, and 1 where there is a layout), ``principled`` (roughness, specular level and subsurface weight)
and the parsing labels one-hot in three colours (``parsing_0`` … ``parsing_2``, three labels each). They are right only
while the materials show their measuring surface (``subject.show_surface``).

What a frame of a sequence tracks is read at the pixels' centres instead of averaged over them, so there a surface is
either opaque or not there: the tracking surface, and the AOVs ``TRACKS``: ``here`` (position) and, from the geometry's
attributes of these names, ``previous`` and ``following`` (metres to where the point is in the neighbouring frames).
"""

import bpy

from .nodes import let_through, multiply

AOVS = ("albedo", "normal", "depth", "position", "uv", "principled", "parsing_0", "parsing_1", "parsing_2")

TRACKS = ("here", "previous", "following")

REAL, MEASURING, TRACKING = "Real", "Measuring", "Tracking"  # a material's three output nodes


def write_aovs(
    tree: bpy.types.NodeTree,
    colour: bpy.types.NodeSocket,
    opacity: bpy.types.NodeSocket | None,
    label: int | None,
    index: float = 1.0,
) -> None:
    """Add the measuring surface and all AOV outputs to a material whose nodes, with a Principled BSDF, are complete.

    Args:
        colour: what the albedo is read from.
        opacity: None where the surface is opaque.
        label: one label for all of it, or None to read the mesh's ``parsing_k`` attributes.
        index: of refraction, of what is seen through the surface.
    """
    add_output(tree, MEASURING, _measuring_surface(tree, opacity, index))
    _write_aov(tree, "albedo", colour, opacity)
    geometry = tree.nodes.new("ShaderNodeNewGeometry")
    _write_aov(tree, "normal", geometry.outputs["Normal"], opacity)
    _write_aov(tree, "position", geometry.outputs["Position"], opacity)
    _write_aov(tree, "uv", _layout(tree), opacity)
    _write_aov(tree, "principled", _principled(tree), opacity)
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
    _write_tracks(tree, geometry.outputs["Position"], opacity)


def _write_tracks(
    tree: bpy.types.NodeTree, position: bpy.types.NodeSocket, opacity: bpy.types.NodeSocket | None
) -> None:
    """Add the tracking surface, which is there where at least half of the light is stopped, and its AOVs."""
    there = None
    if opacity is not None:
        step = tree.nodes.new("ShaderNodeMath")
        step.operation, step.inputs[1].default_value = "GREATER_THAN", 0.5
        tree.links.new(opacity, step.inputs[0])
        there = step.outputs[0]
    add_output(tree, TRACKING, _measuring_surface(tree, there))
    for name in TRACKS:
        value = position
        if name != "here":
            attribute = tree.nodes.new("ShaderNodeAttribute")
            attribute.attribute_name = name
            value = attribute.outputs["Vector"]
        _write_aov(tree, name, value, there)


def add_output(tree: bpy.types.NodeTree, name: str, surface: bpy.types.NodeSocket) -> None:
    node = tree.nodes.new("ShaderNodeOutputMaterial")
    node.name = name
    tree.links.new(surface, node.inputs["Surface"])
    node.is_active_output = name == REAL


def _write_aov(
    tree: bpy.types.NodeTree, name: str, colour: bpy.types.NodeSocket, opacity: bpy.types.NodeSocket | None
) -> None:
    """Cycles adds up the AOVs of all surfaces that a path passes through, unweighted; so weigh by opacity."""
    if opacity is not None:
        colour = multiply(tree, colour, opacity)
    node = tree.nodes.new("ShaderNodeOutputAOV")
    node.aov_name = name
    tree.links.new(colour, node.inputs["Color"])


def _layout(tree: bpy.types.NodeTree) -> bpy.types.NodeSocket:
    """(u, v, 1), or zeros where the surface has no texture layout: nothing lies in the corner of one exactly."""
    place = tree.nodes.new("ShaderNodeUVMap")
    parts = tree.nodes.new("ShaderNodeSeparateXYZ")
    total = tree.nodes.new("ShaderNodeMath")
    there = tree.nodes.new("ShaderNodeMath")
    there.operation, there.inputs[1].default_value = "GREATER_THAN", 1e-6
    out = tree.nodes.new("ShaderNodeCombineXYZ")
    tree.links.new(place.outputs["UV"], parts.inputs[0])
    for k in range(2):
        tree.links.new(parts.outputs[k], total.inputs[k])
        tree.links.new(parts.outputs[k], out.inputs[k])
    tree.links.new(total.outputs[0], there.inputs[0])
    tree.links.new(there.outputs[0], out.inputs[2])
    return out.outputs[0]


def _principled(tree: bpy.types.NodeTree) -> bpy.types.NodeSocket:
    """Roughness, specular level and subsurface weight, whether they are numbers or come from other nodes."""
    principled = next(node for node in tree.nodes if node.bl_idname == "ShaderNodeBsdfPrincipled")
    out = tree.nodes.new("ShaderNodeCombineXYZ")
    for k, name in enumerate(("Roughness", "Specular IOR Level", "Subsurface Weight")):
        socket = principled.inputs[name]
        if socket.is_linked:
            tree.links.new(socket.links[0].from_socket, out.inputs[k])
        else:
            out.inputs[k].default_value = socket.default_value
    return out.outputs[0]


def _measuring_surface(
    tree: bpy.types.NodeTree, opacity: bpy.types.NodeSocket | None, index: float = 1.0
) -> bpy.types.NodeSocket:
    """White, as opaque as the real surface, and bending what is seen through it as much.

    A path chooses between reflecting and passing by the surfaces' brightness; only white diffuse is passed with
    probability 1 − opacity, so that AOVs times opacity average to what is seen.
    """
    diffuse = tree.nodes.new("ShaderNodeBsdfDiffuse")
    diffuse.inputs["Color"].default_value = (1, 1, 1, 1)
    if opacity is None:
        return diffuse.outputs["BSDF"]
    mix = tree.nodes.new("ShaderNodeMixShader")
    tree.links.new(opacity, mix.inputs["Fac"])
    tree.links.new(let_through(tree, index=index), mix.inputs[1])
    tree.links.new(diffuse.outputs["BSDF"], mix.inputs[2])
    return mix.outputs["Shader"]
