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
