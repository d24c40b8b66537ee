"""Every difference between the supported Blender versions (4.5 LTS to 5.2 LTS), and nothing else."""

from collections.abc import Iterable

import bpy

from ...errors import SceneError

OLDEST = (4, 5, 0)
NEWEST_TRIED = (5, 2)

# Cycles' passes as the EXR of this version names them.
if bpy.app.version >= (5, 0, 0):
    PASS_NAMES = {
        "DiffDir": "Diffuse Direct",
        "DiffInd": "Diffuse Indirect",
        "DiffCol": "Diffuse Color",
        "GlossDir": "Glossy Direct",
        "GlossInd": "Glossy Indirect",
        "GlossCol": "Glossy Color",
    }
else:
    PASS_NAMES = {name: name for name in ("DiffDir", "DiffInd", "DiffCol", "GlossDir", "GlossInd", "GlossCol")}


def set_multilayer_exr(settings: bpy.types.ImageFormatSettings) -> None:
    """Write one interleaved multilayer EXR, half float (Cycles keeps depth and normals in full by itself)."""
    if bpy.app.version >= (5, 0, 0):
        settings.media_type = "MULTI_LAYER_IMAGE"
        settings.file_format = "OPEN_EXR_MULTILAYER"
        settings.use_exr_interleave = True
    else:
        settings.file_format = "OPEN_EXR_MULTILAYER"
    settings.color_depth = "32"
    settings.exr_codec = "NONE"


def set_exr(settings: bpy.types.ImageFormatSettings) -> None:
    """Write an EXR of RGB in 32 bit floats, whatever was chosen before: from 5.0 on, video takes no picture format."""
    if bpy.app.version >= (5, 0, 0):
        settings.media_type = "IMAGE"
    settings.file_format = "OPEN_EXR"
    settings.color_mode, settings.color_depth, settings.exr_codec = "RGB", "32", "NONE"


def crypto_channels(planes: Iterable[str], name: str) -> tuple[str, ...]:
    """The four channels of a Cryptomatte's layer in an EXR, which some versions write in small letters."""
    found = {plane.lower(): plane for plane in planes}
    return tuple(found.get(f"{name}.{channel}".lower(), f"{name}.{channel}") for channel in "RGBA")


def enable_nodes(data: bpy.types.Material | bpy.types.World) -> None:
    """Give a new material or world its node tree; from 5.0 on it always has one."""
    if bpy.app.version < (5, 0, 0):
        data.use_nodes = True


def check_version() -> None:
    """Raise SceneError in a Blender older than the oldest supported one."""
    if bpy.app.version < OLDEST:
        oldest = ".".join(map(str, OLDEST[:2]))
        raise SceneError(f"This is Blender {bpy.app.version_string}; Relight Stage needs {oldest} or later.")


def has_nodes(data: bpy.types.Material | bpy.types.World) -> bool:
    """Whether the node tree is what counts; from 5.0 on it always is."""
    return data.node_tree is not None and (bpy.app.version >= (5, 0, 0) or data.use_nodes)


# bpy 4.5 can hang when the interpreter exits while an operator is registered.
HANGS_AT_EXIT = bpy.app.version < (5, 0, 0)


def untried() -> str:
    """A sentence for a version newer than all that were tried; empty for the others."""
    if bpy.app.version[:2] <= NEWEST_TRIED:
        return ""
    newest = ".".join(map(str, NEWEST_TRIED))
    return (
        f"This is Blender {bpy.app.version_string}; Relight Stage was tried up to {newest}. "
        "If something fails, look for a newer Relight Stage."
    )


def compositor_of(scene: bpy.types.Scene) -> tuple[bpy.types.NodeTree, bool]:
    """The scene's compositor, and whether it had none, or only the nodes of a new one, before."""
    if bpy.app.version < (5, 0, 0):
        is_new = not scene.use_nodes
        scene.use_nodes = True
        if is_new:
            scene.node_tree.nodes.clear()
        return scene.node_tree, is_new
    if scene.compositing_node_group is None:
        scene.compositing_node_group = bpy.data.node_groups.new("Compositor", "CompositorNodeTree")
        return scene.compositing_node_group, True
    return scene.compositing_node_group, False


def new_compositor_output(tree: bpy.types.NodeTree) -> bpy.types.Node:
    """The node whose ``Image`` is the scene's picture, in a compositor without one."""
    if bpy.app.version < (5, 0, 0):
        return tree.nodes.new("CompositorNodeComposite")
    tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
    return tree.nodes.new("NodeGroupOutput")


def new_blend(
    tree: bpy.types.NodeTree, blend: str, first: bpy.types.NodeSocket, second: bpy.types.NodeSocket
) -> bpy.types.NodeSocket:
    """A compositor's ``blend`` (MULTIPLY, ADD) of two colours; its result."""
    if bpy.app.version < (5, 0, 0):
        node = tree.nodes.new("CompositorNodeMixRGB")
        factor, one, two = node.inputs
        result = node.outputs[0]
    else:
        node = tree.nodes.new("ShaderNodeMix")
        node.data_type = "RGBA"
        factor = node.inputs[0]
        one, two = (socket for socket in node.inputs if socket.name in {"A", "B"} and socket.type == "RGBA")
        result = next(socket for socket in node.outputs if socket.type == "RGBA")
    node.blend_type = blend
    factor.default_value = 1.0
    tree.links.new(first, one)
    tree.links.new(second, two)
    return result


def keep_colour(node: bpy.types.Node) -> None:
    """Let a Set Alpha node put a new alpha beside the colour instead of multiplying by it."""
    if bpy.app.version < (5, 0, 0):
        node.mode = "REPLACE_ALPHA"
    else:
        node.inputs["Type"].default_value = "Replace Alpha"


def alpha_over_inputs(node: bpy.types.Node) -> tuple[bpy.types.NodeSocket, bpy.types.NodeSocket]:
    """Background and foreground of an Alpha Over node."""
    if bpy.app.version < (5, 0, 0):
        return node.inputs[1], node.inputs[2]
    return node.inputs["Background"], node.inputs["Foreground"]
