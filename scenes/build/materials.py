"""Materials as Principled shader trees."""

import bpy

from ..bust import Material
from .aovs import REAL, add_output, write_aovs
from .cloth import weave_colour
from .nodes import let_through, multiply, place_at_rest
from .pictures import PHOTO_LAYOUT, add_relief, array_colour, file_colour
from .versions import enable_nodes


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
    colour = _base_colour(tree, material, painted)
    tree.links.new(colour, principled.inputs["Base Color"])
    principled.inputs["Roughness"].default_value = material.roughness
    principled.inputs["Specular IOR Level"].default_value = material.specular
    principled.inputs["Coat Weight"].default_value = material.coat
    principled.inputs["Coat Roughness"].default_value = 0.05
    principled.inputs["Metallic"].default_value = material.metallic
    if material.subsurface > 0:
        # A random walk makes renders a tenth to a third dearer, for pictures that nobody tells apart at these weights.
        principled.subsurface_method = "BURLEY"
        principled.inputs["Subsurface Weight"].default_value = material.subsurface
        principled.inputs["Subsurface Radius"].default_value = material.scattering_mm
        principled.inputs["Subsurface Scale"].default_value = 0.001
    if material.relief is not None:
        add_relief(tree, material, principled)
    elif material.bump_mm > 0:
        tree.links.new(_bump(tree, material), principled.inputs["Normal"])
    if material.anisotropy > 0:
        # Light on a fibre is drawn out across it: the tangent of the lobe is the fibre's own.
        principled.inputs["Anisotropic"].default_value = material.anisotropy
        strand = tree.nodes.new("ShaderNodeHairInfo")
        tree.links.new(strand.outputs["Tangent Normal"], principled.inputs["Tangent"])
    surface, opacity = principled.outputs["BSDF"], None
    if material.transmission is not None:
        surface, opacity = _clear(tree, material, surface)
    if material.alpha is not None:
        opacity = file_colour(tree, material.alpha, "Non-Color")
        tree.links.new(opacity, principled.inputs["Alpha"])
    add_output(tree, REAL, surface)
    write_aovs(tree, colour, opacity, label, material.index)
    return data


def _base_colour(tree: bpy.types.NodeTree, material: Material, painted: bool) -> bpy.types.NodeSocket:
    """Colour × texture × paint × vertex colours."""
    constant = tree.nodes.new("ShaderNodeRGB")
    constant.outputs[0].default_value = (*material.colour, 1.0)
    colour = constant.outputs[0]
    factors = []
    if material.texture is not None:
        factors.append(file_colour(tree, material.texture, "sRGB", PHOTO_LAYOUT if material.photo_uv else None))
    if material.paint is not None:
        factors.append(array_colour(tree, f"{material.name} paint", material.paint, "sRGB"))
    if painted:
        attribute = tree.nodes.new("ShaderNodeAttribute")
        attribute.attribute_name = "albedo"
        factors.append(attribute.outputs["Vector"])
    for factor in factors:
        colour = multiply(tree, colour, factor)
    if material.weave is not None:
        colour = weave_colour(tree, material.weave, colour)
    if material.root != 1 or material.strand_spread:
        colour = multiply(tree, colour, _strand_tone(tree, material))
    # Nothing reflects more than it receives, and shading = diffuse / albedo needs albedo above zero.
    floor, ceiling = tree.nodes.new("ShaderNodeVectorMath"), tree.nodes.new("ShaderNodeVectorMath")
    floor.operation, ceiling.operation = "MAXIMUM", "MINIMUM"
    floor.inputs[1].default_value, ceiling.inputs[1].default_value = (0.004,) * 3, (0.95,) * 3
    tree.links.new(colour, floor.inputs[0])
    tree.links.new(floor.outputs["Vector"], ceiling.inputs[0])
    return ceiling.outputs["Vector"]


def _strand_tone(tree: bpy.types.NodeTree, material: Material) -> bpy.types.NodeSocket:
    """Factor on a strand's colour: from root to tip, and another for each strand, 1 on average at the tip."""
    strand = tree.nodes.new("ShaderNodeHairInfo")
    along, spread = tree.nodes.new("ShaderNodeMapRange"), tree.nodes.new("ShaderNodeMapRange")
    along.inputs["To Min"].default_value, along.inputs["From Max"].default_value = material.root, 0.7
    # A uniform number of standard deviation s is within ±√3 s.
    reach = 3**0.5 * material.strand_spread
    spread.inputs["To Min"].default_value, spread.inputs["To Max"].default_value = 1 - reach, 1 + reach
    tree.links.new(strand.outputs["Intercept"], along.inputs["Value"])
    tree.links.new(strand.outputs["Random"], spread.inputs["Value"])
    return multiply(tree, along.outputs["Result"], spread.outputs["Result"])


def _clear(
    tree: bpy.types.NodeTree, material: Material, surface: bpy.types.NodeSocket
) -> tuple[bpy.types.NodeSocket, bpy.types.NodeSocket]:
    """A surface that mirrors and is seen through; also its opacity."""
    assert material.transmission is not None
    fresnel, left = tree.nodes.new("ShaderNodeFresnel"), tree.nodes.new("ShaderNodeMath")
    left.operation, left.inputs[0].default_value = "SUBTRACT", 1.0
    # Seen from behind, the node takes its surface for the end of a solid, which would mirror all slanting light; what
    # is on its way through a lens slants less within.
    side, index = tree.nodes.new("ShaderNodeNewGeometry"), tree.nodes.new("ShaderNodeMapRange")
    index.inputs["To Min"].default_value, index.inputs["To Max"].default_value = 1.5, 1 / 1.5
    tree.links.new(side.outputs["Backfacing"], index.inputs["Value"])
    tree.links.new(index.outputs["Result"], fresnel.inputs["IOR"])
    tree.links.new(fresnel.outputs["Fac"], left.inputs[1])
    tint = tree.nodes.new("ShaderNodeRGB")
    tint.outputs[0].default_value = (*material.transmission, 1.0)
    both = tree.nodes.new("ShaderNodeAddShader")
    through = let_through(tree, multiply(tree, tint.outputs[0], left.outputs[0]), material.index)
    tree.links.new(through, both.inputs[0])
    tree.links.new(surface, both.inputs[1])
    opacity = tree.nodes.new("ShaderNodeValue")
    opacity.outputs[0].default_value = 1 - sum(material.transmission) / 3
    return both.outputs["Shader"], opacity.outputs[0]


def _bump(tree: bpy.types.NodeTree, material: Material) -> bpy.types.NodeSocket:
    noise = tree.nodes.new("ShaderNodeTexNoise")
    noise.inputs["Scale"].default_value = material.bump_scale
    noise.inputs["Detail"].default_value = 3.0
    bump = tree.nodes.new("ShaderNodeBump")
    bump.inputs["Distance"].default_value = material.bump_mm / 1000
    tree.links.new(place_at_rest(tree), noise.inputs["Vector"])
    tree.links.new(noise.outputs["Fac"], bump.inputs["Height"])
    return bump.outputs["Normal"]
