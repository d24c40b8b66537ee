"""What cards are made of: a picture that is light itself, or a surface that the scene's lamps light."""

import bpy

from ..scenes.build.versions import enable_nodes, has_nodes

# Skin: an index of refraction of 1.4 and an oily sheen (Weyrich et al., "Analysis of human faces using a
# measurement-based skin reflectance model", SIGGRAPH 2006: Torrance-Sparrow m of 0.2 to 0.4 over the face).
SKIN_IOR, SKIN_ROUGHNESS = 1.4, 0.5
_ALBEDO, _NORMALS = "Albedo and matte", "Normals"


def set_picture(card: bpy.types.Object, picture: bpy.types.Image) -> None:
    """Let a card shine with a picture; its material is built where it has none that shows one."""
    if not _pictures(card):
        _set_material(card, _build_picture_material())
    next(iter(_pictures(card).values())).image = picture


def set_maps(card: bpy.types.Object, albedo: bpy.types.Image, normals: bpy.types.Image) -> None:
    """Give a card's surface its pictures; its material is built where it has none that shows them.

    Args:
        albedo: its alpha is the matte.
        normals: (n + 1)/2 in the camera frame.
    """
    if not {_ALBEDO, _NORMALS} <= _pictures(card).keys():
        _set_material(card, _build_surface_material())
    pictures = _pictures(card)
    pictures[_ALBEDO].image, pictures[_NORMALS].image = albedo, normals


def _pictures(card: bpy.types.Object) -> dict[str, bpy.types.Node]:
    """The image textures of a card's material by their names."""
    material = card.material_slots[0].material if card.material_slots else None
    if material is None or not has_nodes(material):
        return {}
    return {node.name: node for node in material.node_tree.nodes if node.type == "TEX_IMAGE"}


def _set_material(card: bpy.types.Object, material: bpy.types.Material) -> None:
    if card.material_slots:
        last, card.material_slots[0].material = card.material_slots[0].material, material
        if last is not None:
            last.use_fake_user = True  # the user's own work stays in the file
    else:
        card.data.materials.append(material)


def _build_picture_material() -> bpy.types.Material:
    """Emission of a picture where its alpha is, nothing elsewhere."""
    material, nodes, links = _empty("Relit card")
    material.surface_render_method = "BLENDED"
    picture = nodes.new("ShaderNodeTexImage")
    picture.extension = "CLIP"
    emission = nodes.new("ShaderNodeEmission")
    clear = nodes.new("ShaderNodeBsdfTransparent")
    mix = nodes.new("ShaderNodeMixShader")
    output = nodes.new("ShaderNodeOutputMaterial")
    for node, x in ((picture, -600), (emission, -250), (clear, -250), (mix, 0), (output, 200)):
        node.location.x = x
    clear.location.y = 150
    links.new(picture.outputs["Color"], emission.inputs["Color"])
    links.new(picture.outputs["Alpha"], mix.inputs[0])
    links.new(clear.outputs[0], mix.inputs[1])
    links.new(emission.outputs[0], mix.inputs[2])
    links.new(mix.outputs[0], output.inputs["Surface"])
    return material


def _build_surface_material() -> bpy.types.Material:
    """A surface of albedo and normals, cut out by the albedo's alpha."""
    material, nodes, links = _empty("Photo card")
    # Shadows take the outline of the alpha; blending would sort whole cards instead.
    material.surface_render_method = "DITHERED"
    material.use_transparent_shadow = True
    albedo, normals = nodes.new("ShaderNodeTexImage"), nodes.new("ShaderNodeTexImage")
    albedo.name = albedo.label = _ALBEDO
    normals.name = normals.label = _NORMALS
    turn = nodes.new("ShaderNodeNormalMap")
    # The camera's frame is the card's own: x right, y up, z out of the picture.
    turn.space = "OBJECT"
    surface = nodes.new("ShaderNodeBsdfPrincipled")
    surface.inputs["IOR"].default_value = SKIN_IOR
    surface.inputs["Roughness"].default_value = SKIN_ROUGHNESS
    output = nodes.new("ShaderNodeOutputMaterial")
    for node, place in (
        (albedo, (-700, 250)),
        (normals, (-700, -150)),
        (turn, (-350, -150)),
        (surface, (-50, 200)),
        (output, (300, 200)),
    ):
        node.location = place
    for picture in (albedo, normals):
        picture.extension = "CLIP"
    links.new(albedo.outputs["Color"], surface.inputs["Base Color"])
    links.new(albedo.outputs["Alpha"], surface.inputs["Alpha"])
    links.new(normals.outputs["Color"], turn.inputs["Color"])
    links.new(turn.outputs["Normal"], surface.inputs["Normal"])
    links.new(surface.outputs["BSDF"], output.inputs["Surface"])
    return material


def _empty(name: str) -> tuple[bpy.types.Material, bpy.types.Nodes, bpy.types.NodeLinks]:
    material = bpy.data.materials.new(name)
    enable_nodes(material)
    material.node_tree.nodes.clear()
    return material, material.node_tree.nodes, material.node_tree.links
