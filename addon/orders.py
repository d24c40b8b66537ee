"""A photo to be relit as the panel is set: gathered from Blender at once, relit by any thread later."""

from collections.abc import Callable
from typing import NamedTuple

import bpy
import numpy as np

from ..nets.lit import Sliders
from . import images, lighting, preferences, probe, properties
from .portraits import studio
from .relighting import Background, Networks, Relit
from .worker import Progress


class Order(NamedTuple):
    """What the Relight button reads before it lets the window go on.

    Attributes:
        name: what errors call the photo.
        read_light: the light map (h, 2h, 3) in the camera frame, radiance, as a draft or for good.
        read_background: what to put behind a picture (h, w), as a draft or for good.
        face: which of several people, from 1 on; 0 for all.
    """

    name: str
    pixels: images.Pixels
    read_light: Callable[[bool], np.ndarray]
    read_background: Callable[[tuple[int, int], bool], Background]
    sliders: Sliders
    face: int
    networks: Networks

    def relight(self, progress: Progress) -> Relit:
        """Relight the photo; needs no bpy.

        Raises:
            PhotoError, ModelError, SceneError: as the networks' side raises them.
        """
        progress(0.0, "Reading the photo")
        photo, matte = images.to_linear(self.pixels)
        progress(0.0, "Reading the light")
        return studio.relight(
            photo,
            matte,
            self.read_light(False),
            self.read_background(photo.shape[:2], False),
            name=self.name,
            networks=self.networks,
            sliders=self.sliders,
            face=self.face,
            progress=progress,
        )


def gather(context: bpy.types.Context, name: str, pixels: images.Pixels) -> Order:
    """The order to relight a photo under the light of the context's scene, over its background.

    Raises:
        SceneError, PhotoError: there is no light, or it cannot be read.
    """
    scene, networks = context.scene, preferences.networks()
    settings = scene.relight_stage
    view = probe.view_of(context, settings.frame)
    return Order(
        name=name,
        pixels=pixels,
        read_light=lighting.gather_light(context, view, studio, networks).balanced(settings.balance).read,
        read_background=lighting.gather_background(scene, view, pixels.values.shape[:2]),
        sliders=properties.sliders_of(settings),
        face=settings.face,
        networks=networks,
    )
