"""The photo taken apart, for what needs no light: from the studio's memory where it is the same photo."""

from collections.abc import Callable
from functools import partial

import bpy

from ..errors import PhotoError
from ..nets.infer import Portrait
from ..nets.memory import memory_for
from . import images, preferences
from .operators import photo_of, studio
from .relighting import Networks
from .worker import Progress


def gather(context: bpy.types.Context) -> tuple[bpy.types.Image, Callable[[Progress], Portrait]]:
    """The chosen photo, and the call, free of bpy, that takes it apart, or the one of its people that is chosen.

    Raises:
        PhotoError: there is no photo, or it can't be read.
    """
    photo = photo_of(context)
    if photo is None:
        raise PhotoError("There is no photo to relight. Open one in the Relight tab.")
    pixels = images.read_photo(photo)
    return photo, partial(_take_apart, pixels, photo.name, preferences.networks(), context.scene.relight_stage.face)


def _take_apart(pixels: images.Pixels, name: str, networks: Networks, face: int, progress: Progress) -> Portrait:
    progress(0.0, "Reading the photo")
    with memory_for(name, pixels.values.shape):
        photo, matte = images.to_linear(pixels)
        return studio.take_apart(photo, matte, name=name, networks=networks, progress=progress, face=face)[0]
