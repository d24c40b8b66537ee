"""Shader nodes that materials, AOVs and worlds share."""

import bpy

# The geometry's attribute of where its points were when it was built.
REST = "rest"


def multiply(tree: bpy.types.NodeTree, a: bpy.types.NodeSocket, b: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
    node = tree.nodes.new("ShaderNodeVectorMath")
    node.operation = "MULTIPLY"
    tree.links.new(a, node.inputs[0])
    tree.links.new(b, node.inputs[1])
    return node.outputs["Vector"]


def place_at_rest(tree: bpy.types.NodeTree) -> bpy.types.NodeSocket:
    """Metres along the object's axes, as it was built: what is painted by place stays on a surface that moves."""
    node = tree.nodes.new("ShaderNodeAttribute")
    node.attribute_name = REST
    return node.outputs["Vector"]


def let_through(
    tree: bpy.types.NodeTree, colour: bpy.types.NodeSocket | None = None, index: float = 1.0
) -> bpy.types.NodeSocket:
    """A surface that lets this share of light through, all without ``colour``.

    With an index of refraction the camera sees it bent by Snell's law. A ray portal does that: Cycles' passes look
    through it as through a transparent surface, and not through glass. Light on its way from the lamps passes straight:
    what it would be bent into are caustics.
    """
    through = tree.nodes.new("ShaderNodeBsdfTransparent")
    bsdfs = [through]
    if index != 1.0:
        bsdfs.append(portal := tree.nodes.new("ShaderNodeBsdfRayPortal"))
        tree.links.new(_bent(tree, index), portal.inputs["Direction"])
    for bsdf in bsdfs:
        if colour is None:
            bsdf.inputs["Color"].default_value = (1, 1, 1, 1)
        else:
            tree.links.new(colour, bsdf.inputs["Color"])
    if index == 1.0:
        return through.outputs["BSDF"]
    path, mix = tree.nodes.new("ShaderNodeLightPath"), tree.nodes.new("ShaderNodeMixShader")
    tree.links.new(path.outputs["Is Camera Ray"], mix.inputs["Fac"])
    for k, bsdf in enumerate(bsdfs):
        tree.links.new(bsdf.outputs["BSDF"], mix.inputs[1 + k])
    return mix.outputs["Shader"]


def _bent(tree: bpy.types.NodeTree, index: float) -> bpy.types.NodeSocket:
    """The direction of a ray refracted into a solid of this index or out of it; unchanged where all is mirrored."""
    geometry = tree.nodes.new("ShaderNodeNewGeometry")
    onward, bent = tree.nodes.new("ShaderNodeVectorMath"), tree.nodes.new("ShaderNodeVectorMath")
    onward.operation, onward.inputs["Scale"].default_value, bent.operation = "SCALE", -1.0, "REFRACT"
    ratio = tree.nodes.new("ShaderNodeMapRange")
    ratio.inputs["To Min"].default_value, ratio.inputs["To Max"].default_value = 1 / index, index
    tree.links.new(geometry.outputs["Backfacing"], ratio.inputs["Value"])
    tree.links.new(geometry.outputs["Incoming"], onward.inputs[0])
    tree.links.new(onward.outputs["Vector"], bent.inputs[0])
    tree.links.new(geometry.outputs["Normal"], bent.inputs[1])
    tree.links.new(ratio.outputs["Result"], bent.inputs["Scale"])
    length, choice = tree.nodes.new("ShaderNodeVectorMath"), tree.nodes.new("ShaderNodeMix")
    length.operation, choice.data_type = "LENGTH", "VECTOR"
    tree.links.new(bent.outputs["Vector"], length.inputs[0])
    for socket, k in ((length.outputs["Value"], 0), (onward.outputs["Vector"], 4), (bent.outputs["Vector"], 5)):
        tree.links.new(socket, choice.inputs[k])
    return choice.outputs[1]
