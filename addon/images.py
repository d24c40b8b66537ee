"""Blender image <-> array: the add-on's only colour edge.

Arrays are scene-linear Rec.709 float32, straight colour, top row first. H W are the image's sides, C its channels.
Blender's own conventions, on which this file rests: an 8-bit image keeps the file's encoding and straight alpha; an
image with float pixels (16 bit, EXR, HDR) was taken to scene-linear when it was read, and its alpha is associated.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import bpy
import numpy as np

from ..errors import PhotoError
from ..nets.infer import check_size
from ..nets.memory import memory_for
from ..scenes.colour import srgb_to_linear
from .pictures import Exr

# A custom property on the images that we write: they are no photos.
_MARK = "relight_stage"
_LINEAR_SPACES = ("Linear Rec.709", "Linear", "Non-Color", "Raw")


@dataclass(frozen=True)
class Pixels:
    """An image as Blender stores it, so that the slow part of the conversion can leave the main thread.

    Attributes:
        values: (H, W, C) float32, top row first.
        encoded: the values are sRGB-encoded.
        associated: colour is multiplied by alpha.
        opacity: the fourth channel means opacity.
    """

    values: np.ndarray
    encoded: bool
    associated: bool
    opacity: bool


def read_photo(image: bpy.types.Image) -> Pixels:
    """``read_pixels`` of a photo to relight; PhotoError also where its size can't be relit.

    That is told before the pixels are copied: four floats a pixel of a poster may not fit into memory.
    """
    _check_readable(image)
    check_size((image.size[1], image.size[0]), image.name)
    return read_pixels(image)


def read_pixels(image: bpy.types.Image) -> Pixels:
    """Copy an image's pixels out of Blender.

    Raises:
        PhotoError: the image has no pixels to read, a colour space other than sRGB and linear, or more than fits into
            memory.
    """
    _check_readable(image)
    width, height = image.size
    with memory_for(image.name, (height, width)):
        flat = np.empty(len(image.pixels), np.float32)
        image.pixels.foreach_get(flat)
    return Pixels(
        values=flat.reshape(height, width, -1)[::-1],
        encoded=not image.is_float and image.colorspace_settings.name == "sRGB",
        # Byte images hold straight colour whatever the file held; float images associated, unless told that alpha
        # is a channel of its own.
        associated=image.is_float and image.alpha_mode in {"STRAIGHT", "PREMUL"},
        opacity=image.alpha_mode in {"STRAIGHT", "PREMUL"},
    )


def _check_readable(image: bpy.types.Image) -> None:
    if image.type in {"RENDER_RESULT", "COMPOSITING"}:
        raise PhotoError(f"{image.name} can't be read while it is a render. Save it as a file and open that.")
    width, height = image.size
    if width == 0 or height == 0 or not image.channels:
        place = bpy.path.abspath(image.filepath) or image.name
        raise PhotoError(f"{image.name} has no pixels: {place} is no picture that Blender can read. Open another.")
    if not is_known_space(image):
        raise PhotoError(
            f"{image.name} is in the colour space {image.colorspace_settings.name}. Set it to sRGB or Linear Rec.709 "
            "in the Image Editor."
        )


def is_known_space(image: bpy.types.Image) -> bool:
    """Whether ``to_linear`` knows the colour space of an image's pixels."""
    return image.is_float or image.colorspace_settings.name in ("sRGB", *_LINEAR_SPACES)


def to_linear(pixels: Pixels) -> tuple[np.ndarray, np.ndarray | None]:
    """Take an image's pixels to the inside of the package; no bpy, so any thread may.

    Returns:
        photo (H, W, 3), and the matte (H, W) in [0, 1] where the image is not opaque everywhere, else None.
    """
    values = pixels.values
    grey = values.shape[2] < 3
    colour = np.repeat(values[:, :, :1], 3, axis=2) if grey else values[:, :, :3]
    colour = srgb_to_linear(colour) if pixels.encoded else colour
    matte = None
    if values.shape[2] in (2, 4) and pixels.opacity:
        alpha = np.clip(values[:, :, -1], 0, 1)
        if alpha.min() < 1:
            matte = alpha
            if pixels.associated:
                # Where nothing is covered there is no colour to restore.
                colour = np.where(alpha[:, :, None] > 0, colour / np.maximum(alpha, 1e-6)[:, :, None], 0)
    return np.ascontiguousarray(colour, np.float32), matte


def write_image(name: str, exr: Exr) -> bpy.types.Image:
    """Store a picture as a new image inside the .blend file; an image of that name gives the name up."""
    image = add_image(name, exr)
    image.rename(name, mode="ALWAYS")
    return image


def add_image(name: str, exr: Exr) -> bpy.types.Image:
    """``write_image``, which leaves another image its name.

    The picture is packed as it is: Blender reads it when somebody looks at it.

    Args:
        exr: of (H, W, 4) scene-linear, colour associated with alpha; or of components, where it is data.
    """
    image = bpy.data.images.new(name, 1, 1, alpha=True, float_buffer=True)
    # Packed, the image survives saving, undo and redo.
    image.pack(data=exr.content, data_len=len(exr.content))
    image.source = "FILE"
    image.colorspace_settings.name = "Non-Color" if exr.is_data else "Linear Rec.709"
    # Float pixels are associated; saying so keeps them as they are when Blender reads them back.
    image.alpha_mode = "CHANNEL_PACKED" if exr.is_data else "PREMUL"
    image[_MARK] = True
    return image


def overwrite_image(image: bpy.types.Image, rgba: np.ndarray) -> None:
    """Give an image of ``write_image`` another picture, of any size; not packed, so that it is quick."""
    height, width = rgba.shape[:2]
    if tuple(image.size) != (width, height):
        image.scale(width, height)
    image.pixels.foreach_set(np.ascontiguousarray(rgba[::-1], np.float32).ravel())
    image.update()


def discard(pictures: Iterable[bpy.types.Image | None]) -> None:
    """Remove those images of ``write_image`` that nothing in the file uses any more; undo brings them back."""
    made = {image for image in pictures if image is not None and is_relit(image) and not image.use_fake_user}
    for image, users in bpy.data.user_map(subset=made).items() if made else ():
        if not users:
            bpy.data.images.remove(image)


def is_relit(image: bpy.types.Image) -> bool:
    """Whether ``write_image`` made this image."""
    return _MARK in image
