"""A photo taken apart: the views that the networks see of it, and their maps at the photo's own resolution.

Everything is scene-linear Rec.709 float32, straight colour, top row first; normals are in the camera frame.
Shapes: H W the photo's, h w a view's. NumPy alone: the add-on runs it.
"""

import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from .framing import snap
from .resampling import Enlarged, Window, box_mean, extrapolate, guided_coefficients, neighbourhood_range, resize

# The photo's detail is the ratio of the photo to its blurred self. Below DETAIL_FLOOR (scene-linear) a photo is
# mostly noise, and over DETAIL_LIMIT a pixel stands against a background that the matte missed.
DETAIL_FLOOR, DETAIL_LIMIT = 0.01, 4.0
# Half the width, in the networks' pixels, of what is smoothed out of an albedo before the photo's texture goes in.
TEXTURE, TEXTURE_LIMIT = 1, 2.0


@dataclass(frozen=True)
class View:
    """A window of the photo as the networks see it, (h, w, C); weight (h, w) blends it over the view before it.

    visible: (1, V, h/2, w/2), the share of light that arrives from each direction, as decompose.onnx gives it; None
    from networks that have none.
    roughness: (h, w).
    light: (16, 32, 3), what the light net takes the photo's light for, at the foreground's exposure; None from networks
    that have none.
    """

    window: Window
    weight: np.ndarray
    matte: np.ndarray
    foreground: np.ndarray
    normals: np.ndarray
    albedo: np.ndarray
    visible: np.ndarray | None
    roughness: np.ndarray
    light: np.ndarray | None = None
    _smaller: dict[int, "View"] = field(default_factory=dict, init=False, repr=False, compare=False)

    def shrink(self, longest_px: int | None) -> "View":
        """The view with its longer side ``longest_px``, both in whole strides; itself where it is no larger.

        Live asks for the same one with every light, so it is kept.
        """
        if longest_px is None or max(self.matte.shape) <= longest_px:
            return self
        if longest_px not in self._smaller:
            self._smaller[longest_px] = self._shrunk(longest_px / max(self.matte.shape))
        return self._smaller[longest_px]

    def _shrunk(self, scale: float) -> "View":
        size = (snap(self.matte.shape[0] * scale), snap(self.matte.shape[1] * scale))
        maps = (self.weight, self.matte, self.foreground, self.normals, self.albedo, self.roughness)
        weight, matte, foreground, normals, albedo, roughness = (resize(x, size) for x in maps)
        normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)
        visible = self.visible
        if visible is not None:
            small = resize(visible[0].transpose(1, 2, 0), (size[0] // 2, size[1] // 2))
            visible = np.ascontiguousarray(small.transpose(2, 0, 1)[None])
        return View(self.window, weight, matte, foreground, normals, albedo, visible, roughness, self.light)


@dataclass(frozen=True)
class Portrait:
    """A photo taken apart once; relighting it again costs only the last network.

    Attributes:
        photo: (H, W, 3) scene-linear, as it came in.
        matte: (H, W) in [0, 1].
        foreground: (H, W, 3) the subject's colour without background, at the photo's exposure.
        faces: boxes of brows to lips in the photo's pixels, the most prominent first; the matte's box where only a
            given matte says who it is.
        crop: the window of the photo with the finest view.
        exposure: factor that brings the photo into the networks' range.
        detail: (H, W, 3) float16, the foreground over its blurred self.
        views: coarse to fine.
    """

    photo: np.ndarray
    matte: np.ndarray
    foreground: np.ndarray
    faces: tuple[Window, ...]
    crop: Window
    exposure: float
    detail: np.ndarray
    views: tuple[View, ...]

    @property
    def face(self) -> Window:
        return self.faces[0]

    def shrink(self, longest_px: int) -> "Portrait":
        """The portrait as of a photo whose longer side is ``longest_px``; itself where it is no larger."""
        height, width = self.matte.shape
        if max(height, width) <= longest_px:
            return self
        scale = longest_px / max(height, width)
        size = (max(1, round(height * scale)), max(1, round(width * scale)))
        y, x = size[0] / height, size[1] / width

        def scaled(window: Window) -> Window:
            return Window(window.top * y, window.left * x, window.bottom * y, window.right * x)

        photo, matte, foreground, detail = (
            resize(maps, size) for maps in (self.photo, self.matte, self.foreground, self.detail)
        )
        views = tuple(replace(view, window=scaled(view.window)) for view in self.views)
        return Portrait(
            photo, matte, foreground, tuple(map(scaled, self.faces)), scaled(self.crop), self.exposure, detail, views
        )

    @cached_property
    def normals(self) -> np.ndarray:
        """(H, W, 3) unit vectors in the camera frame; 0 outside the matte."""
        normals = enlarge(self, [extrapolate(view.normals, view.matte) for view in self.views], detailed=False)
        normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)
        normals *= self.matte[:, :, None] > 0
        return normals

    @cached_property
    def albedo(self) -> np.ndarray:
        """(H, W, 3) diffuse reflectance, with the photo's detail; 0 outside the matte."""
        albedo = enlarge(self, [extrapolate(view.albedo, view.matte) for view in self.views], detailed=True)
        np.clip(albedo, 0, 1, out=albedo)
        albedo *= self.matte[:, :, None] > 0
        return albedo

    @cached_property
    def roughness(self) -> np.ndarray:
        """(H, W) in [0, 1], a guess from what each pixel shows; 0 outside the matte."""
        maps = [extrapolate(view.roughness[:, :, None], view.matte) for view in self.views]
        return enlarge(self, maps, detailed=False)[:, :, 0] * (self.matte > 0)


def _certain(coverage: np.ndarray) -> np.ndarray:
    """Weight for extrapolation: mixed pixels hold the other side's colour and count little."""
    return coverage**4


def complete_foreground(photo: np.ndarray, guess: np.ndarray, matte: np.ndarray) -> np.ndarray:
    """The subject's straight colour (h, w, 3): the photo itself where the matte is full, ``guess`` where it is empty.

    Between them the composition equation is met: photo = matte · foreground + (1 − matte) · background.
    Source: Forte, "Approximate fast foreground colour estimation", ICIP 2021, eq. 3.
    """
    alpha = matte[:, :, None]
    background = extrapolate(photo, _certain(1 - matte))
    return np.clip(guess + alpha * (photo - alpha * guess - (1 - alpha) * background), 0, 1).astype(np.float32)


def textured(albedo: np.ndarray, foreground: np.ndarray, matte: np.ndarray) -> np.ndarray:
    """The albedo with the photo's finest texture for its own, (h, w, 3): networks blur what they are not sure of.

    What is finer than TEXTURE pixels in a photo is pigment and pores rather than shading.
    """
    floor = np.float32(DETAIL_FLOOR)
    smooth = [box_mean(box_mean(extrapolate(x, matte), TEXTURE), TEXTURE) + floor for x in (foreground, albedo)]
    ratio = np.clip((foreground + floor) / smooth[0], 1 / TEXTURE_LIMIT, TEXTURE_LIMIT)
    share = _certain(matte)[:, :, None]
    return np.clip(albedo + share * (smooth[1] * ratio - floor - albedo), 0, 1).astype(np.float32)


def assemble(
    photo: np.ndarray,
    given_matte: np.ndarray | None,
    faces: tuple[Window, ...],
    exposure: float,
    views: tuple[View, ...],
    report: Callable[[float], Any],
) -> Portrait:
    """Bring matte and foreground to the photo's resolution and measure its detail."""
    shape = photo.shape[:2]
    matte = np.zeros(shape, np.float32) if given_matte is None else given_matte
    foreground, detail = np.empty((*shape, 3), np.float32), np.empty((*shape, 3), np.float16)

    def small_maps(view: View) -> np.ndarray:
        pixels = np.clip(resize(photo, view.matte.shape, view.window) * exposure, 0, None)
        blurred = extrapolate(view.foreground, _certain(view.matte))
        behind = extrapolate(pixels, _certain(1 - view.matte))
        guide = np.sqrt(np.minimum(pixels, 1))
        # Radius: half the width of the networks' uncertainty at an edge. Epsilon: (3% of the square-rooted range)².
        edges = guided_coefficients(guide, view.matte, radius=4, epsilon=1e-3)
        return np.concatenate([blurred, behind, edges, neighbourhood_range(view.matte, 2)], axis=-1)

    blend = Blend(shape, views, side_by_side(small_maps, views))

    def work(rows: slice) -> None:
        maps = blend.rows(rows)
        blurred, behind, slopes, offset, least, most = np.split(maps, [3, 6, 9, 10, 11], axis=-1)
        pixels = np.maximum(photo[rows] * np.float32(exposure), 0)
        if given_matte is None:
            sharp = (np.sqrt(np.minimum(pixels, 1)) * slopes).sum(axis=-1, keepdims=True) + offset
            # The photo may move an edge by two of the network's pixels; a hundredth of haze on either side is none.
            matte[rows] = np.clip(np.clip(sharp, least, most) * 1.02 - 0.01, 0, 1)[..., 0]
        alpha = matte[rows, :, None]
        own = np.maximum(blurred + alpha * (pixels - alpha * blurred - (1 - alpha) * behind), 0)
        foreground[rows] = own / np.float32(exposure)
        floor = np.float32(DETAIL_FLOOR)
        detail[rows] = np.minimum((own + floor) / (np.maximum(blurred, 0) + floor), DETAIL_LIMIT)

    for_strips(work, shape, report)
    return Portrait(photo, matte, foreground, faces, views[-1].window, exposure, detail, views)


class Blend:
    """Small pictures of all views, enlarged to the photo and blended coarse to fine."""

    def __init__(self, shape: tuple[int, int], views: tuple[View, ...], maps: list[np.ndarray]):
        self._layers = [
            (Enlarged(values, view.window, shape), Enlarged(view.weight[:, :, None], view.window, shape), view.window)
            for view, values in zip(views, maps, strict=True)
        ]

    def rows(self, rows: slice) -> np.ndarray:
        out = self._layers[0][0].rows(rows.start, rows.stop)
        for values, weight, window in self._layers[1:]:
            if window.top < rows.stop and rows.start < window.bottom:
                share = weight.rows(rows.start, rows.stop)
                out += share * (values.rows(rows.start, rows.stop) - out)
        return out


def enlarge(
    portrait: Portrait, maps: list[np.ndarray], detailed: bool, report: Callable[[float], Any] = lambda fraction: None
) -> np.ndarray:
    """Small pictures (h, w, C) of all views as one (H, W, C), times the photo's detail, C being 3, if ``detailed``."""
    shape = portrait.matte.shape
    out = np.empty((*shape, maps[0].shape[2]), np.float32)
    blend = Blend(shape, portrait.views, maps)

    def work(rows: slice) -> None:
        out[rows] = blend.rows(rows)
        if detailed:
            out[rows] *= portrait.detail[rows]

    for_strips(work, shape, report)
    return out


def side_by_side(work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    """``work`` of each item, all at once: half of what a small view costs runs on one thread, in a graph and around."""
    with ThreadPoolExecutor(len(items)) as pool:
        return list(pool.map(work, items))


def strips(height: int, width: int) -> Iterator[slice]:
    """Rows in equal strips of at most 65,536 pixels: their intermediate arrays stay in the cache."""
    count = math.ceil(height / max(1, 2**16 // width))
    step = math.ceil(height / count)
    for first in range(0, height, step):
        yield slice(first, min(first + step, height))


def for_strips(work: Callable[[slice], None], shape: tuple[int, int], report: Callable[[float], Any]) -> None:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        parts = list(strips(*shape))
        for i, _ in enumerate(pool.map(work, parts)):
            report((i + 1) / len(parts))
