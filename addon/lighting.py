"""The light and the background that the panel's menus ask for: read out of Blender here, worked out on any thread."""

from collections.abc import Callable, Hashable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import bpy
import numpy as np
from mathutils import Euler, Vector

from ..errors import PhotoError, SceneError
from ..scenes import light_map as light_maps
from ..scenes.key_fill import balance
from ..scenes.world_light import Term, backdrop_of, light_map_of
from . import images, probe, world_nodes
from .card import card_in
from .relighting import Background, Networks, Studio

# A custom property on the worlds that we make.
_MARK = "relight_stage"


class Light(NamedTuple):
    """Where light comes from; equal keys, equal light.

    Attributes:
        read: the light map in the camera frame, given whether a draft will do. It needs no bpy, so any thread may.
    """

    key: Hashable
    read: Callable[[bool], np.ndarray]

    def balanced(self, stops: float) -> "Light":
        """The same light with the key so many stops over the fill; 0 changes nothing."""
        return Light((self.key, stops), lambda draft: balance(self.read(draft), stops))


class _Reference(NamedTuple):
    """The pixels of the reference photo; another version, other pixels."""

    stamp: Hashable
    pixels: images.Pixels
    version: int


_reference: _Reference | None = None


def gather_light(
    context: bpy.types.Context, view: probe.View, studio: Studio, networks: Networks, draft: bool = False
) -> Light:
    """The light of the chosen source as a view sees it.

    Args:
        draft: where it takes a render, a small one will do.

    Raises:
        SceneError, PhotoError: there is none, or it cannot be read.
    """
    scene = context.scene
    settings = scene.relight_stage
    if settings.light_source == "PHOTO":
        return _reference_light(settings.reference, studio, networks)
    if settings.light_source == "SCENE":
        cards = cards_of(scene)
        place = _centre(cards[0]) if cards else scene.cursor.location
        rendered = probe.scene_light_map(scene, view, place, cards, draft)
        return _rendered(rendered, f"The scene {scene.name}")
    terms = _terms(scene)
    if terms is None:
        return _rendered(probe.light_map(scene, view, draft), f"The world {scene.world.name}")
    _check_not_dark(bool(terms), "The HDRI" if settings.light_source == "HDRI" else f"The world {scene.world.name}")
    key = (terms, view.camera_to_world.tobytes())
    return Light(key, partial(light_map_of, terms, world_nodes.panoramas_of(terms), view.camera_to_world))


def set_world(scene: bpy.types.Scene, world: bpy.types.World) -> None:
    """Light the scene with a world of ours; one that we did not make stays in the file though nothing uses it."""
    world[_MARK] = True
    if scene.world is not None and _MARK not in scene.world:
        scene.world.use_fake_user = True
    scene.world = world


def cards_of(scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """Where the person stands in the scene: the card of the relit picture, then the photo card."""
    cards = (scene.relight_stage.card, scene.relight_stage_photo_card.card)
    return [card for card in cards if card_in(scene, card) is not None]


def _centre(thing: bpy.types.Object) -> Vector:
    """The middle of a thing's bounding box, in the world."""
    return thing.matrix_world @ (sum((Vector(corner) for corner in thing.bound_box), Vector()) / 8)


def needs_render(scene: bpy.types.Scene) -> bool:
    """Whether the chosen light can only be had by a render, which holds the window."""
    source = scene.relight_stage.light_source
    return source == "SCENE" or (
        source == "WORLD" and scene.world is not None and world_nodes.terms_of(scene.world) is None
    )


def background_needs_render(scene: bpy.types.Scene) -> bool:
    """Whether what stands behind the person can only be had by a render."""
    return scene.relight_stage.background == "WORLD" and _seen_terms(scene) is None


def gather_background(
    scene: bpy.types.Scene, view: probe.View, shape: tuple[int, int]
) -> Callable[[tuple[int, int], bool], Background]:
    """What stands behind the person; the call that is left takes the picture's sides and whether a draft will do."""
    settings = scene.relight_stage
    if settings.background == "TRANSPARENT":
        return lambda size, draft: None
    if settings.background == "PHOTO":
        return lambda size, draft: "PHOTO"
    if settings.background == "COLOUR":
        colour = np.array(settings.colour, np.float32)
        return lambda size, draft: colour
    terms = _seen_terms(scene)
    if terms is None:
        picture = probe.backdrop(scene, view, *shape)
        return lambda size, draft: picture
    panoramas = world_nodes.panoramas_of(terms)

    def read(size: tuple[int, int], draft: bool) -> Background:
        step = 4 if draft else 1
        small = (max(1, size[0] // step), max(1, size[1] // step))
        return backdrop_of(terms, panoramas, view.camera_to_world, view.fov_deg, small)

    return read


def _seen_terms(scene: bpy.types.Scene) -> tuple[Term, ...] | None:
    """What the camera sees of the light's world."""
    return _terms(scene) if scene.relight_stage.light_source == "HDRI" else _world_terms(scene, "Is Camera Ray")


def _terms(scene: bpy.types.Scene) -> tuple[Term, ...] | None:
    settings = scene.relight_stage
    if settings.light_source != "HDRI":
        return _world_terms(scene)
    if settings.hdri is None:
        raise SceneError("No HDRI is chosen. Choose one under Light, or take the world for the light.")
    world_nodes.check_picture(settings.hdri, "the light")
    turn = np.array(Euler((0, 0, settings.hdri_turn)).to_matrix())
    strength = float(settings.hdri_strength)
    return (Term(settings.hdri.name, tuple(float(x) for x in turn.ravel()), (strength,) * 3),) if strength else ()


def _world_terms(scene: bpy.types.Scene, ray: str = "Is Diffuse Ray") -> tuple[Term, ...] | None:
    if scene.world is None:
        raise SceneError(
            "The scene has no world to take light from. Add one in the World tab, or open an HDRI in the panel."
        )
    world_nodes.check_pictures(scene.world)
    return world_nodes.terms_of(scene.world, ray)


def _rendered(light_map: np.ndarray, name: str) -> Light:
    _check_not_dark(bool(light_map.any()), name)
    return Light(light_map.tobytes(), lambda draft: light_map)


def _check_not_dark(shines: bool, name: str) -> None:
    if not shines:
        raise SceneError(f"{name} gives no light. Raise its strength, or give it a colour or an HDRI.")


def _reference_light(reference: bpy.types.Image | None, studio: Studio, networks: Networks) -> Light:
    if reference is None:
        raise PhotoError("No reference photo is chosen. Choose one under Light: its light is estimated.")
    read = _read_reference(reference)
    return Light(("reference", read.version), partial(_estimate, studio, read.pixels, reference.name, networks))


def _read_reference(reference: bpy.types.Image) -> _Reference:
    """A reference photo's pixels; from memory where nothing tells that they may have changed."""
    global _reference
    path = Path(bpy.path.abspath(reference.filepath))
    written = path.stat().st_mtime_ns if path.is_file() else 0
    stamp = (reference.session_uid, path, written, reference.colorspace_settings.name, reference.alpha_mode)
    # What is painted on changes unseen; after a reload Blender has no pixels until somebody asks for them.
    is_still = reference.has_data and not reference.is_dirty
    if _reference is not None and is_still and _reference.stamp == stamp:
        return _reference
    pixels = images.read_photo(reference)
    # A file that was written anew is looked at until Blender has loaded it: only then do the pixels differ.
    if _reference is None or not _is_same(pixels, _reference.pixels):
        _reference = _Reference(stamp, pixels, 1 if _reference is None else _reference.version + 1)
    return _reference


def _is_same(one: images.Pixels, other: images.Pixels) -> bool:
    means = [(pixels.encoded, pixels.associated, pixels.opacity) for pixels in (one, other)]
    return means[0] == means[1] and np.array_equal(one.values, other.values)


def _estimate(studio: Studio, pixels: images.Pixels, name: str, networks: Networks, draft: bool) -> np.ndarray:
    photo, matte = images.to_linear(pixels)
    return light_maps.resize(studio.estimate(photo, matte, name=name, networks=networks), light_maps.HEIGHT)
