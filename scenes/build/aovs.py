"""What every material writes for the light stage to measure.

Cycles' own passes see the first surface alone and hair is half transparent, so each material writes AOVs: ``albedo``
(base colour), ``normal`` (world frame, without bump), ``depth`` (metres along the viewing axis) and the parsing labels
one-hot in three colours (``parsing_0`` … ``parsing_2``, three labels each). They are right only while the materials
show their measuring surface (``subject.show_measuring_surface``).
"""

import bpy

from .nodes import multiply

AOVS = ("albedo", "normal", "depth", "parsing_0", "parsing_1", "parsing_2")

REAL, MEASURING = "Real", "Measuring"  # a material's two output nodes


def write_aovs(
    tree: bpy.types.NodeTree, colour: bpy.types.NodeSocket, opacity: bpy.types.NodeSocket | None, label: int | None
) -> None:
    """Add the measuring surface and all AOV outputs to a material whose nodes are complete.

    Args:
        colour: what the albedo is read from.
        opacity: None where the surface is opaque.
        label: one label for all of it, or None to read the mesh's ``parsing_k`` attributes.
    """
    add_output(tree, MEASURING, _measuring_surface(tree, opacity))
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
