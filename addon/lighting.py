"""The light and the background that the panel's menus ask for: read out of Blender here, worked out on any thread."""

from collections.abc import Callable, Hashable
from functools import partial
from typing import NamedTuple

import bpy
import numpy as np
from mathutils import Euler

from ..errors import PhotoError, SceneError
from ..scenes import light_map as light_maps
from ..scenes.world_light import Term, backdrop_of, light_map_of
from . import images, probe, world_nodes
from .relighting import Background, Networks, Studio


class Light(NamedTuple):
    """Where light comes from; equal keys, equal light.

    Attributes:
        read: the light map in the camera frame, given whether a draft will do. It needs no bpy, so any thread may.
        is_rendered: Cycles has been asked already, on the main thread.
    """

    key: Hashable
    read: Callable[[bool], np.ndarray]
    is_rendered: bool = False


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
        place = settings.card.matrix_world.translation if settings.card is not None else scene.cursor.location
        hidden = [] if settings.card is None else [settings.card]
        rendered = probe.scene_light_map(scene, view, place, hidden, draft)
        return _rendered(rendered, f"The scene {scene.name}")
    terms = _terms(scene)
    if terms is None:
        return _rendered(probe.light_map(scene, view, draft), f"The world {scene.world.name}")
    _check_not_dark(bool(terms), "The HDRI" if settings.light_source == "HDRI" else f"The world {scene.world.name}")
    key = (terms, view.camera_to_world.tobytes())
    return Light(key, partial(light_map_of, terms, world_nodes.panoramas_of(terms), view.camera_to_world))


def needs_render(scene: bpy.types.Scene) -> bool:
    """Whether the chosen light can only be had by a render, which holds the window."""
    source = scene.relight_stage.light_source
    return source == "SCENE" or (
        source == "WORLD" and scene.world is not None and world_nodes.terms_of(scene.world) is None
    )


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
    terms = _terms(scene) if settings.light_source == "HDRI" else _world_terms(scene, "Is Camera Ray")
    if terms is None:
        picture = probe.backdrop(scene, view, *shape)
        return lambda size, draft: picture
    panoramas = world_nodes.panoramas_of(terms)

    def read(size: tuple[int, int], draft: bool) -> Background:
        step = 4 if draft else 1
        small = (max(1, size[0] // step), max(1, size[1] // step))
        return backdrop_of(terms, panoramas, view.camera_to_world, view.fov_deg, small)

    return read


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
    return Light(light_map.tobytes(), lambda draft: light_map, is_rendered=True)


def _check_not_dark(shines: bool, name: str) -> None:
    if not shines:
        raise SceneError(f"{name} gives no light. Raise its strength, or give it a colour or an HDRI.")


def _reference_light(reference: bpy.types.Image | None, studio: Studio, networks: Networks) -> Light:
    if reference is None:
        raise PhotoError("No reference photo is chosen. Choose one under Light: its light is estimated.")
    key = ("reference", reference.name, reference.filepath, tuple(reference.size))
    pixels = images.read_pixels(reference)

    return Light(key, partial(_estimate, studio, pixels, reference.name, networks))


def _estimate(studio: Studio, pixels: images.Pixels, name: str, networks: Networks, draft: bool) -> np.ndarray:
    photo, matte = images.to_linear(pixels)
    return light_maps.resize(studio.estimate(photo, matte, name=name, networks=networks), light_maps.HEIGHT)
