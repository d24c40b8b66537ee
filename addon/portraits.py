"""The photo to relight, and the studio that takes it apart: from its memory where it is the same photo."""

from collections.abc import Callable
from functools import partial

import bpy

from ..errors import PhotoError
from ..nets.infer import Portrait
from ..nets.memory import memory_for
from . import images, preferences
from .relighting import Networks, Studio
from .worker import Progress

studio = Studio()


def photo_of(context: bpy.types.Context) -> bpy.types.Image | None:
    """The chosen photo; where none is chosen, the one that the Image Editor shows."""
    chosen = context.scene.relight_stage.photo
    if chosen is None and getattr(context.space_data, "type", "") == "IMAGE_EDITOR":
        shown = context.space_data.image
        return shown if shown is not None and not images.is_relit(shown) else None
    return chosen


def read_photo(context: bpy.types.Context) -> tuple[bpy.types.Image, images.Pixels]:
    """The chosen photo and its pixels; PhotoError where there is none, or it can't be read or relit."""
    photo = photo_of(context)
    if photo is None:
        raise PhotoError("There is no photo to relight. Open one in the Relight tab.")
    return photo, images.read_photo(photo)


def gather(context: bpy.types.Context) -> tuple[bpy.types.Image, Callable[[Progress], Portrait]]:
    """The chosen photo, and the call, free of bpy, that takes it apart, or the one of its people that is chosen.

    Raises:
        PhotoError: as ``read_photo``.
    """
    photo, pixels = read_photo(context)
    return photo, partial(_take_apart, pixels, photo.name, preferences.networks(), context.scene.relight_stage.face)


def _take_apart(pixels: images.Pixels, name: str, networks: Networks, face: int, progress: Progress) -> Portrait:
    progress(0.0, "Reading the photo")
    with memory_for(name, pixels.values.shape):
        photo, matte = images.to_linear(pixels)
        return studio.take_apart(photo, matte, name=name, networks=networks, progress=progress, face=face)[0]
