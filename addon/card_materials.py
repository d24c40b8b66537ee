"""What cards are made of: a picture that is light itself, or a surface that the scene's lamps light."""

import bpy

from ..scenes.build.versions import enable_nodes, has_nodes

# Source: Weyrich et al., "Analysis of human faces using a measurement-based skin reflectance model", SIGGRAPH 2006.
SKIN_IOR = 1.4
_ALBEDO, _NORMALS, _ROUGHNESS = "Albedo and matte", "Normals", "Roughness"


def set_picture(card: bpy.types.Object, picture: bpy.types.Image) -> None:
    """Let a card shine with a picture; its material is built where it has none that shows one."""
    if not _pictures(card):
        _set_material(card, _build_picture_material())
    if pictures_of(card) != [picture]:  # to set is to change, for whoever watches
        next(iter(_pictures(card).values())).image = picture


def pictures_of(card: bpy.types.Object) -> list[bpy.types.Image]:
    """What a card shines with, or what its surface is made of."""
    return [node.image for node in _pictures(card).values() if node.image is not None]


def set_maps(
    card: bpy.types.Object, albedo: bpy.types.Image, normals: bpy.types.Image, roughness: bpy.types.Image
) -> None:
    """Give a card's surface its pictures; its material is built where it has none that shows them.

    Args:
        albedo: its alpha is the matte.
        normals: (n + 1)/2 in the camera frame.
        roughness: of the Principled BSDF, in [0, 1].
    """
    maps = {_ALBEDO: albedo, _NORMALS: normals, _ROUGHNESS: roughness}
    if not maps.keys() <= _pictures(card).keys():
        _set_material(card, _build_surface_material())
    pictures = _pictures(card)
    for name, image in maps.items():
        pictures[name].image = image


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
    """A surface of albedo, normals and roughness, cut out by the albedo's alpha."""
    material, nodes, links = _empty("Photo card")
    # Shadows take the outline of the alpha; blending would sort whole cards instead.
    material.surface_render_method = "DITHERED"
    material.use_transparent_shadow = True
    albedo, normals, roughness = (nodes.new("ShaderNodeTexImage") for _ in range(3))
    for picture, name in ((albedo, _ALBEDO), (normals, _NORMALS), (roughness, _ROUGHNESS)):
        picture.name = picture.label = name
        picture.extension = "CLIP"
    turn = nodes.new("ShaderNodeNormalMap")
    # The camera's frame is the card's own: x right, y up, z out of the picture.
    turn.space = "OBJECT"
    surface = nodes.new("ShaderNodeBsdfPrincipled")
    surface.inputs["IOR"].default_value = SKIN_IOR
    output = nodes.new("ShaderNodeOutputMaterial")
    for node, place in (
        (albedo, (-700, 350)),
        (roughness, (-700, 50)),
        (normals, (-700, -250)),
        (turn, (-350, -250)),
        (surface, (-50, 200)),
        (output, (300, 200)),
    ):
        node.location = place
    links.new(albedo.outputs["Color"], surface.inputs["Base Color"])
    links.new(albedo.outputs["Alpha"], surface.inputs["Alpha"])
    links.new(roughness.outputs["Color"], surface.inputs["Roughness"])
    links.new(normals.outputs["Color"], turn.inputs["Color"])
    links.new(turn.outputs["Normal"], surface.inputs["Normal"])
    links.new(surface.outputs["BSDF"], output.inputs["Surface"])
    return material


def _empty(name: str) -> tuple[bpy.types.Material, bpy.types.Nodes, bpy.types.NodeLinks]:
    material = bpy.data.materials.new(name)
    enable_nodes(material)
    material.node_tree.nodes.clear()
    return material, material.node_tree.nodes, material.node_tree.links
