"""Pictures on their way into the .blend file, one after the other, so that large ones do not hold the window."""

from collections.abc import Generator

import bpy

from . import images
from .pictures import Exr
from .task import Work, still_there
from .worker import Progress

_LARGE_BYTES = 2**25  # the window may go on after each of so many: they take a fiftieth of a second


def store(stem: str, pictures: dict[str, Exr]) -> Generator[Work, None, dict[str, bpy.types.Image]]:
    """Steps of a Task that store images called "stem name"; all of them, or, where it is cancelled, none."""
    written: dict[str, str] = {}
    try:
        for name, exr in pictures.items():
            written[name] = images.add_image(f"{stem} {name}", exr).name
            if len(exr.content) > _LARGE_BYTES:
                yield _rest
        stored = {name: still_there(bpy.data.images, own, "it was being stored") for name, own in written.items()}
    except BaseException:
        images.discard(bpy.data.images.get(own) for own in written.values())
        raise
    for name, image in stored.items():
        image.rename(f"{stem} {name}", mode="ALWAYS")
    return stored


def _rest(progress: Progress) -> None:
    progress(1.0, "Storing the pictures")
