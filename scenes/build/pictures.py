"""Pictures in shader trees: files, and the textures that are painted in memory."""

from pathlib import Path

import bpy
import numpy as np

from ..bust import Material

PHOTO_LAYOUT = "Photo"  # the layout of a texture that is not the mesh's own


def file_colour(
    tree: bpy.types.NodeTree, path: Path, colorspace: str, layout: str | None = None
) -> bpy.types.NodeSocket:
    """Colour of a picture file, in the mesh's own layout or in the one that is named."""
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = bpy.data.images.load(str(path), check_existing=True)
    node.image.colorspace_settings.name = colorspace
    if layout is not None:
        place = tree.nodes.new("ShaderNodeUVMap")
        place.uv_map = layout
        tree.links.new(place.outputs["UV"], node.inputs["Vector"])
    return node.outputs["Color"]


def array_colour(tree: bpy.types.NodeTree, name: str, levels: np.ndarray, colorspace: str) -> bpy.types.NodeSocket:
    """Colour of a texture (H, W, 1 to 3), top row first, in the mesh's own layout: uint8, or float32 in [0, 1]."""
    height, width, channels = levels.shape
    pixels = np.ones((height, width, 4), np.float32)
    fine = levels.dtype != np.uint8
    pixels[:, :, :channels] = levels[::-1] * np.float32(1 if fine else 1 / 255)
    image = bpy.data.images.new(name, width, height, float_buffer=fine)
    image.colorspace_settings.name = colorspace
    image.pixels.foreach_set(pixels.ravel())
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    return node.outputs["Color"]


def add_relief(tree: bpy.types.NodeTree, material: Material, principled: bpy.types.Node) -> None:
    """Let a material's relief bend its normals and set its roughness."""
    parts = tree.nodes.new("ShaderNodeSeparateColor")
    tree.links.new(array_colour(tree, f"{material.name} relief", material.relief, "Non-Color"), parts.inputs["Color"])
    bump = tree.nodes.new("ShaderNodeBump")
    bump.inputs["Distance"].default_value = material.relief_mm / 1000
    tree.links.new(parts.outputs["Red"], bump.inputs["Height"])
    tree.links.new(bump.outputs["Normal"], principled.inputs["Normal"])
    tree.links.new(parts.outputs["Green"], principled.inputs["Roughness"])
