"""The photo taken apart, for what needs no light: from the studio's memory where it is the same photo."""

from collections.abc import Callable
from functools import partial

import bpy

from ..errors import PhotoError
from ..nets.infer import Portrait, check_size
from ..nets.memory import memory_for
from . import images, preferences
from .operators import photo_of, studio
from .relighting import Networks
from .worker import Progress


def gather(context: bpy.types.Context) -> tuple[bpy.types.Image, Callable[[Progress], Portrait]]:
    """The chosen photo, and the call, free of bpy, that takes it apart.

    Raises:
        PhotoError: there is no photo, or it can't be read.
    """
    photo = photo_of(context)
    if photo is None:
        raise PhotoError("There is no photo to relight. Open one in the Relight tab.")
    return photo, taking_apart(photo)


def taking_apart(photo: bpy.types.Image) -> Callable[[Progress], Portrait]:
    """The call that takes a picture apart; its pixels are read now."""
    if 0 not in photo.size:
        # Before its pixels are copied: four floats a pixel of a poster may not fit into memory.
        check_size((photo.size[1], photo.size[0]), photo.name)
    pixels = images.read_pixels(photo)
    return partial(_take_apart, pixels, photo.name, preferences.networks())


def _take_apart(pixels: images.Pixels, name: str, networks: Networks, progress: Progress) -> Portrait:
    progress(0.0, "Reading the photo")
    with memory_for(name, pixels.values.shape):
        photo, matte = images.to_linear(pixels)
        return studio.take_apart(photo, matte, name=name, networks=networks, progress=progress)[0]
