"""The compositor's node group that joins a photo's maps: albedo · shading · shadow + specular, over a background."""

import bpy

from ..scenes.build import versions

GROUP = "Recombine Relit Photo"
# The group's inputs: the maps by name.
INPUTS = ("albedo", "shading", "shadow", "specular", "matte")
_WIDTH = 260


def build_group() -> bpy.types.NodeTree:
    """The node group; the one in the file if it is already there."""
    tree = bpy.data.node_groups.get(GROUP)
    if tree is not None and tree.bl_idname == "CompositorNodeTree":
        return tree
    tree = bpy.data.node_groups.new(GROUP, "CompositorNodeTree")
    for name in (*INPUTS, "background"):
        tree.interface.new_socket(name.title(), in_out="INPUT", socket_type="NodeSocketColor")
    tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
    maps, result = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
    shaded = versions.new_blend(tree, "MULTIPLY", maps.outputs["Albedo"], maps.outputs["Shading"])
    shadowed = versions.new_blend(tree, "MULTIPLY", shaded, maps.outputs["Shadow"])
    full = versions.new_blend(tree, "ADD", shadowed, maps.outputs["Specular"])
    cut = tree.nodes.new("CompositorNodeSetAlpha")
    versions.keep_colour(cut)
    over = tree.nodes.new("CompositorNodeAlphaOver")
    behind, before = versions.alpha_over_inputs(over)
    tree.links.new(full, cut.inputs["Image"])
    tree.links.new(maps.outputs["Matte"], cut.inputs["Alpha"])
    tree.links.new(maps.outputs["Background"], behind)
    tree.links.new(cut.outputs["Image"], before)
    tree.links.new(over.outputs["Image"], result.inputs["Image"])
    for place, node in enumerate(node for node in tree.nodes if node != result):
        node.location.x = place * _WIDTH
    result.location.x = len(tree.nodes) * _WIDTH
    return tree


def show(scene: bpy.types.Scene, images: dict[str, bpy.types.Image]) -> bpy.types.Node:
    """Put maps and group into the scene's compositor; its result is the scene's where the compositor was empty.

    Args:
        images: by the names of INPUTS.

    Returns:
        the group's node.
    """
    tree, is_new = versions.compositor_of(scene)
    left = max((node.location.x + node.width for node in tree.nodes), default=0.0)
    group = tree.nodes.new("CompositorNodeGroup")
    group.node_tree = build_group()
    group.location = (left + 2 * _WIDTH, 0)
    for row, name in enumerate(INPUTS):
        picture = tree.nodes.new("CompositorNodeImage")
        picture.image = images[name]
        picture.location = (left + _WIDTH / 2, -300 * row)
        tree.links.new(picture.outputs["Image"], group.inputs[name.title()])
    if is_new:
        output = versions.new_compositor_output(tree)
        output.location = (left + 3.5 * _WIDTH, 0)
        tree.links.new(group.outputs["Image"], output.inputs["Image"])
    return group
