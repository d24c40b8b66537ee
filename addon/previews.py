"""What Live shows, on arrays: small pictures of the photo under a light that changes. No bpy: a thread runs it.

Scene-linear Rec.709 float32, top row first; light maps are in the camera frame.
"""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..nets.lit import Lit, Sliders, compose
from ..nets.memory import memory_for
from ..nets.views import Portrait
from ..scenes.balls import draw_icons
from .relighting import Background, Networks, Studio, over

# What the network sees while the light changes: a seventh of the time of its full size.
DRAFT_PX = 64


@dataclass(frozen=True)
class Request:
    """One look of the picture; equal keys promise equal pixels and equal light.

    Attributes:
        shape: the photo's sides (H, W), for what is said when memory runs out.
        read_photo: the photo (H, W, 3) and its matte (H, W) or None.
        read_light: the light map, as a draft or for good.
        is_rough: a better light is on its way; a draft will do.
        background_key: as ``light_key``, for the background.
        read_background: what to put behind a picture (h, w), as a draft or for good.
        longest_px: longer side of the picture.
        face: which of several people, from 1 on; 0 for all.
    """

    name: str
    shape: tuple[int, int]
    photo_key: Hashable
    read_photo: Callable[[], tuple[np.ndarray, np.ndarray | None]]
    light_key: Hashable
    read_light: Callable[[bool], np.ndarray]
    is_rough: bool
    sliders: Sliders
    background_key: Hashable
    read_background: Callable[[tuple[int, int], bool], Background]
    longest_px: int
    face: int
    networks: Networks


class Preview(NamedTuple):
    """rgba and, with nothing behind it, cutout, both (h, w, 4) with associated colour; the balls under its light.

    A draft is to be replaced.
    """

    rgba: np.ndarray
    cutout: np.ndarray
    balls: tuple[np.ndarray, np.ndarray]
    is_draft: bool


class Previewer:
    """Draws previews; what did not change since the last one is not computed again."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._portrait: tuple[Hashable, Portrait] | None = None
        self._lit: tuple[Hashable, np.ndarray, Lit] | None = None
        self._background: tuple[Hashable, Background] | None = None

    def draw(self, request: Request, report: Callable[[float, str], Any]) -> Iterator[Preview]:
        """A draft at once where the light changed, then the full picture; where only sliders did, that at once."""
        with memory_for(request.name, request.shape):
            yield from self._draw(request, report)

    def _draw(self, request: Request, report: Callable[[float, str], Any]) -> Iterator[Preview]:
        portrait = self._portrait_of(request, report)
        light_key = (request.photo_key, request.longest_px, request.light_key)
        if self._lit is None or self._lit[0] != light_key:
            light_map = request.read_light(True)
            lit = self._studio.light(portrait, light_map, networks=request.networks, working_px=DRAFT_PX)
            yield self._compose(request, portrait, light_map, lit, is_draft=True)
            if request.is_rough:
                return
            light_map = request.read_light(False)
            lit = self._studio.light(portrait, light_map, networks=request.networks)
            self._lit = (light_key, light_map, lit)
        yield self._compose(request, portrait, *self._lit[1:], is_draft=False)

    def _compose(
        self, request: Request, portrait: Portrait, light_map: np.ndarray, lit: Lit, is_draft: bool
    ) -> Preview:
        colour = compose(portrait, lit, request.sliders)
        cutout = np.concatenate([colour, portrait.matte[:, :, None]], axis=-1)
        rgba = over(cutout, self._background_of(request, portrait, is_draft), portrait)
        return Preview(rgba, cutout, draw_icons(light_map, request.sliders.exposure_ev), is_draft)

    def _background_of(self, request: Request, portrait: Portrait, is_draft: bool) -> Background:
        key = (request.background_key, portrait.matte.shape, is_draft)
        if self._background is None or self._background[0] != key:
            self._background = (key, request.read_background(portrait.matte.shape, is_draft))
        return self._background[1]

    def _portrait_of(self, request: Request, report: Callable[[float, str], Any]) -> Portrait:
        key = (request.photo_key, request.longest_px, request.face, request.networks)
        if self._portrait is None or self._portrait[0] != key:
            photo, matte = request.read_photo()
            whole, _ = self._studio.take_apart(
                photo, matte, name=request.name, networks=request.networks, progress=report, face=request.face
            )
            self._portrait = (key, whole.shrink(request.longest_px))
            self._lit = None
        return self._portrait[1]
