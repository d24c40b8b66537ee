"""A portrait under a light, kept as layers: what sliders change is arithmetic on them, without any network.

Everything is scene-linear Rec.709 float32, straight colour, top row first, in the light map's absolute units.
The law of the layers is the samples' (docs/architecture.md): relit == albedo · diffuse_light · shadow + specular.
Shapes: H W the photo's, h w a view's. NumPy alone: the add-on runs it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .resampling import extrapolate
from .views import Blend, Portrait, enlarge, for_strips

_DARKEST = 1e-3  # albedo below which no shading can be told from a picture
_FAINTEST = 1e-6  # light below which there is none
_REACH = 6  # pixels that enlarging looks beyond a matte, and a soft matte's edge


class LitView(NamedTuple):
    """A view under a light, (h, w, 3) each; outside the matte they go on smoothly.

    arriving: light that is reflected by white, with cast shadow and what skin throws on skin; shadow: in [0, 1], the
    share that cast shadow leaves of it; specular: what does not pass through albedo.
    """

    arriving: np.ndarray
    shadow: np.ndarray
    specular: np.ndarray


Lit = tuple[LitView, ...]  # of the portrait's views, coarse to fine; their sizes may be smaller than the views'


@dataclass(frozen=True)
class Sliders:
    """What an artist changes after the light is known.

    Attributes:
        exposure_ev: stops; 1 doubles the light.
        specular: factor on what does not pass through albedo.
        shadow: strength of cast shadow; 0 removes it, 1 leaves it, 2 squares it.
        blend: 0 is the relit person, 1 the person as photographed.
    """

    exposure_ev: float = 0.0
    specular: float = 1.0
    shadow: float = 1.0
    blend: float = 0.0


NEUTRAL = Sliders()


class Layers(NamedTuple):
    """The maps of a lit portrait at the photo's size, (H, W, 3) each, straight; relit is what the others compose."""

    relit: np.ndarray
    albedo: np.ndarray
    diffuse_light: np.ndarray
    shadow: np.ndarray
    specular: np.ndarray


def lit_view(
    albedo: np.ndarray, matte: np.ndarray, diffuse: np.ndarray, diffuse_light: np.ndarray, specular: np.ndarray
) -> LitView:
    """Take a network's picture of a view apart.

    Args:
        albedo: (h, w, 3).
        matte: (h, w).
        diffuse: (h, w, 3) what passes through albedo.
        diffuse_light: (h, w, 3) Lambert's light for reflectance 1, divided by π, without cast shadow.
        specular: (h, w, 3).
    """
    arriving = np.maximum(diffuse, 0) / np.maximum(albedo, _DARKEST)
    # As in the samples: light that neighbouring skin adds counts as shading, so that a shadow never exceeds 1.
    shadow = arriving / np.maximum(np.maximum(diffuse_light, arriving), _FAINTEST)
    stack = extrapolate(np.concatenate([arriving, shadow, np.maximum(specular, 0)], axis=-1), matte, _REACH)
    return LitView(*np.split(stack, 3, axis=-1))


def compose(
    portrait: Portrait,
    lit: Lit,
    sliders: Sliders = NEUTRAL,
    report: Callable[[float], Any] = lambda fraction: None,
) -> np.ndarray:
    """The relit subject times its matte, (H, W, 3)."""
    light = Blend(portrait.matte.shape, portrait.views, [_shone(view, sliders) for view in lit])
    albedo = portrait.albedo
    out = np.empty_like(portrait.photo)

    def work(rows: slice) -> None:
        diffuse, specular = np.split(light.rows(rows), 2, axis=-1)
        relit = albedo[rows] * diffuse + portrait.detail[rows] * specular
        if sliders.blend:
            relit += sliders.blend * (portrait.foreground[rows] - relit)
        out[rows] = portrait.matte[rows, :, None] * relit

    for_strips(work, portrait.matte.shape, report)
    return out


def layers(portrait: Portrait, lit: Lit, sliders: Sliders = NEUTRAL) -> Layers:
    """The maps that ``compose`` multiplies and adds, straight, before any blend; the sliders are in them."""
    shone = enlarge(portrait, [_shone(view, sliders) for view in lit], detailed=False)
    shadow = enlarge(portrait, [np.clip(view.shadow, 0, 1) ** sliders.shadow for view in lit], detailed=False)
    np.clip(shadow, _DARKEST, 1, out=shadow)
    arriving, specular = np.split(shone, 2, axis=-1)
    specular *= portrait.detail
    albedo = portrait.albedo
    return Layers(albedo * arriving + specular, albedo, arriving / shadow, shadow, specular)


def _shone(view: LitView, sliders: Sliders) -> np.ndarray:
    """Diffuse light and specular of a view as the sliders have them, (h, w, 6)."""
    gain = np.float32(2.0**sliders.exposure_ev)
    arriving = view.arriving
    if sliders.shadow != 1:
        arriving = arriving * np.clip(view.shadow, _DARKEST, 1) ** (sliders.shadow - 1)
    return np.concatenate([arriving * gain, view.specular * (gain * np.float32(sliders.specular))], axis=-1)
