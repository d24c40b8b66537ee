"""A world's nodes as a sum of turned and tinted panoramas, where they are one; and those panoramas' pixels.

What is read here lights as Cycles would (a test compares them), but in milliseconds and on any thread.
"""

import operator
from collections.abc import Callable

import bpy
import numpy as np
from mathutils import Euler

from ..errors import SceneError
from ..scenes import light_map as light_maps
from ..scenes.build import versions
from ..scenes.panorama import triple
from ..scenes.world_light import Panorama, Term, panorama_of
from . import images

_NO_TURN = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
# Of the Math node; Cycles divides by zero to zero.
_MATH: dict[str, Callable[[float, float], float]] = {
    "ADD": operator.add,
    "SUBTRACT": operator.sub,
    "MULTIPLY": operator.mul,
    "DIVIDE": lambda a, b: a / b if b else 0.0,
}
_Sum = tuple[Term, ...]
_shrunk: dict[str, tuple[tuple, Panorama]] = {}


class _Unreadable(Exception):
    """The tree holds something that is no sum of panoramas."""


def terms_of(world: bpy.types.World, ray: str = "Is Diffuse Ray") -> tuple[Term, ...] | None:
    """The world as a sum of panoramas; None where only Cycles knows what it is (a sky, mixes by texture, groups).

    Args:
        ray: the output of Light Path that is 1: what lights surfaces, or what the camera sees ("Is Camera Ray").
    """
    if not versions.has_nodes(world):
        return (Term("", _NO_TURN, tuple(world.color)),)
    output = world.node_tree.get_output_node("CYCLES")
    try:
        return _merged(_shader(output.inputs["Surface"], ray)) if output is not None else ()
    except (_Unreadable, RecursionError):
        return None


def check_pictures(world: bpy.types.World) -> None:
    """Raise SceneError where an environment texture has no picture: Blender shows pink, and would light with it."""
    for node in world.node_tree.nodes if versions.has_nodes(world) else ():
        if node.type == "TEX_ENVIRONMENT" and not node.mute and node.outputs["Color"].is_linked:
            if node.image is None:
                raise SceneError(
                    f"The world {world.name} has an environment texture without a picture. Open one in the panel."
                )
            check_picture(node.image, f"the world {world.name}")


def check_picture(image: bpy.types.Image, owner: str) -> None:
    """Raise SceneError where a panorama's file is gone."""
    if 0 in image.size:
        raise SceneError(
            f"{image.name}, the HDRI of {owner}, is missing: there is no picture that Blender can read at "
            f"{bpy.path.abspath(image.filepath)}, and Blender shows pink. Open one with HDRI in the panel, or look for "
            "it with File > External Data > Find Missing Files."
        )


def panoramas_of(terms: tuple[Term, ...]) -> dict[str, Panorama]:
    """The panoramas that the terms name; pixels are copied and shrunk the first time only.

    Raises:
        SceneError: texels that are not numbers.
        PhotoError: pixels that cannot be read.
    """
    found = {}
    for name in {term.panorama for term in terms if term.panorama}:
        image = bpy.data.images[name]
        key = (image.session_uid, image.filepath, tuple(image.size), image.colorspace_settings.name)
        if name not in _shrunk or _shrunk[name][0] != key:
            pixels, _ = images.to_linear(images.read_pixels(image))
            light_maps.check_light_map(pixels, image.name)
            _shrunk.clear()  # one at a time: they are large
            _shrunk[name] = (key, panorama_of(pixels))
        found[name] = _shrunk[name][1]
    return found


def forget(name: str) -> None:
    """Read a panorama's pixels again next time: it was painted on or reloaded."""
    _shrunk.pop(name, None)


def _shader(socket: bpy.types.NodeSocket, ray: str) -> _Sum:
    source = _source(socket)
    if source is None:
        return ()
    node = source.node
    if node.type == "BACKGROUND":
        return _scaled(_colour(node.inputs["Color"], ray), _constant(node.inputs["Strength"], ray))
    if node.type == "ADD_SHADER":
        return _shader(node.inputs[0], ray) + _shader(node.inputs[1], ray)
    if node.type == "MIX_SHADER":
        share = min(max(_constant(node.inputs[0], ray), 0.0), 1.0)
        return _scaled(_shader(node.inputs[1], ray), 1 - share) + _scaled(_shader(node.inputs[2], ray), share)
    raise _Unreadable


def _colour(socket: bpy.types.NodeSocket, ray: str) -> _Sum:
    source = _source(socket)
    if source is None:
        return (Term("", _NO_TURN, tuple(socket.default_value[:3])),)
    node = source.node
    if node.type == "RGB":
        return (Term("", _NO_TURN, tuple(node.outputs[0].default_value[:3])),)
    if node.type == "TEX_ENVIRONMENT" and node.projection == "EQUIRECTANGULAR":
        image = node.image
        if image is None or image.source not in {"FILE", "GENERATED"} or not images.is_known_space(image):
            raise _Unreadable
        return (Term(image.name, _turn(node.inputs["Vector"]), (1.0, 1.0, 1.0)),)
    if node.type == "MIX" and node.data_type == "RGBA" and not node.clamp_result:
        sockets = {each.identifier: each for each in node.inputs}
        factor, first, second = (sockets[name] for name in ("Factor_Float", "A_Color", "B_Color"))
        return _mixed(node.blend_type, _constant(factor, ray), _colour(first, ray), _colour(second, ray))
    if node.type == "MIX_RGB" and not node.use_clamp:
        return _mixed(
            node.blend_type, _constant(node.inputs[0], ray), _colour(node.inputs[1], ray), _colour(node.inputs[2], ray)
        )
    raise _Unreadable


def _mixed(kind: str, factor: float, first: _Sum, second: _Sum) -> _Sum:
    factor = min(max(factor, 0.0), 1.0)
    if kind == "MIX":
        return _scaled(first, 1 - factor) + _scaled(second, factor)
    if kind == "ADD":
        return first + _scaled(second, factor)
    if kind == "MULTIPLY":
        # One side has to be plain: a product of panoramas is no sum of them.
        pictures, plain = (second, first) if all(not term.panorama for term in first) else (first, second)
        if any(term.panorama for term in plain):
            raise _Unreadable
        tint = np.sum([term.tint for term in plain], axis=0)
        if plain is second:
            return _scaled(pictures, 1 - factor) + _scaled(pictures, factor * tint)
        return _scaled(plain, 1 - factor) + _scaled(pictures, factor * tint)
    raise _Unreadable


def _turn(socket: bpy.types.NodeSocket) -> tuple[float, ...]:
    """The rotation that a vector takes before it is looked up."""
    source = _source(socket)
    if source is None:
        return _NO_TURN
    node = source.node
    if node.type == "TEX_COORD" and (source.name == "Generated" or (source.name == "Object" and node.object is None)):
        return _NO_TURN
    if node.type == "MAPPING":
        values = {name: node.inputs[name] for name in ("Rotation", "Scale", "Location") if name in node.inputs}
        if any(each.is_linked for each in values.values()):
            raise _Unreadable
        scale = values["Scale"].default_value
        moved = "Location" in values and any(values["Location"].default_value)
        if moved or min(scale) <= 0 or max(scale) - min(scale) > 1e-6:
            raise _Unreadable
        turn = np.array(Euler(values["Rotation"].default_value).to_matrix())
        turn = turn.T if node.vector_type == "TEXTURE" else turn
        before = np.array(_turn(node.inputs["Vector"])).reshape(3, 3)
        return tuple(float(x) for x in (turn @ before).ravel())
    raise _Unreadable


def _constant(socket: bpy.types.NodeSocket, ray: str) -> float:
    source = _source(socket)
    if source is None:
        return float(socket.default_value)
    node = source.node
    if node.type == "VALUE":
        return float(node.outputs[0].default_value)
    if node.type == "LIGHT_PATH" and source.name.startswith("Is "):
        return float(source.name == ray)
    if node.type == "MATH" and node.operation in _MATH:
        value = _MATH[node.operation](*(_constant(each, ray) for each in node.inputs[:2]))
        return min(max(value, 0.0), 1.0) if node.use_clamp else value
    raise _Unreadable


def _source(socket: bpy.types.NodeSocket) -> bpy.types.NodeSocket | None:
    """The output that feeds a socket, by way of any reroutes; None where the socket's own value counts."""
    if not socket.is_linked:
        return None
    link = socket.links[0]
    if link.is_muted or link.from_node.mute:
        raise _Unreadable
    if link.from_node.type != "REROUTE":
        return link.from_socket
    found = _source(link.from_node.inputs[0])
    if found is None:
        raise _Unreadable  # a reroute from nowhere
    return found


def _scaled(terms: _Sum, factor: float | np.ndarray) -> _Sum:
    return tuple(term._replace(tint=triple(np.multiply(term.tint, factor))) for term in terms)


def _merged(terms: _Sum) -> _Sum:
    """Terms of the same panorama, turned alike, as one; those that are black, as none."""
    sums: dict[tuple[str, tuple[float, ...]], np.ndarray] = {}
    for term in terms:
        key = (term.panorama, term.turn)
        sums[key] = sums.get(key, np.zeros(3)) + term.tint
    return tuple(Term(name, turn, triple(tint)) for (name, turn), tint in sums.items() if tint.any())
