"""Woven and printed colours of cloth as shader nodes."""

import bpy

from ..bust import Weave
from .nodes import place_at_rest

# The object's axes along which each kind repeats: x across the body, y through it, z up.
_AXES = {"stripes": ("Z",), "pinstripes": ("X",), "checks": ("X", "Z"), "dots": ("X", "Z")}


def weave_colour(tree: bpy.types.NodeTree, weave: Weave, ground: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
    """The cloth's ground colour with the weave's second one laid over it; threads of both where two stripes cross."""
    parts = tree.nodes.new("ShaderNodeSeparateXYZ")
    tree.links.new(place_at_rest(tree), parts.inputs[0])
    waves = [_wave(tree, parts.outputs[axis], weave.period_m) for axis in _AXES[weave.kind]]
    if weave.kind == "dots":
        cover = _math(tree, "LESS_THAN", _math(tree, "ADD", waves[0], waves[1]), weave.share)
    else:
        stripes = [_math(tree, "LESS_THAN", wave, weave.share) for wave in waves]
        cover = stripes[0]
        if len(stripes) == 2:
            cover = _math(tree, "MULTIPLY", _math(tree, "ADD", stripes[0], stripes[1]), 0.5)
    second, mix = tree.nodes.new("ShaderNodeRGB"), tree.nodes.new("ShaderNodeMix")
    second.outputs[0].default_value = (*weave.colour, 1.0)
    mix.data_type = "VECTOR"
    tree.links.new(cover, mix.inputs["Factor"])
    # A Mix node has sockets of one name for each of its types.
    first, over = (socket for socket in mix.inputs if socket.type == "VECTOR" and socket.name in "AB")
    tree.links.new(ground, first)
    tree.links.new(second.outputs[0], over)
    return next(socket for socket in mix.outputs if socket.type == "VECTOR")


def _wave(tree: bpy.types.NodeTree, place: bpy.types.NodeSocket, period_m: float) -> bpy.types.NodeSocket:
    """Rises from 0 in the middle of a stripe to 1 half-way to the next."""
    return _math(tree, "MULTIPLY", _math(tree, "PINGPONG", place, period_m / 2), 2 / period_m)


def _math(
    tree: bpy.types.NodeTree, operation: str, a: bpy.types.NodeSocket, b: bpy.types.NodeSocket | float
) -> bpy.types.NodeSocket:
    node = tree.nodes.new("ShaderNodeMath")
    node.operation = operation
    tree.links.new(a, node.inputs[0])
    if isinstance(b, float):
        node.inputs[1].default_value = b
    else:
        tree.links.new(b, node.inputs[1])
    return node.outputs[0]
