"""A photo relit by the light it was taken in is the photo: how much of it a relit picture keeps.

What the networks tell of any light is less than what a photo shows of its own. Where their picture looks like the
photo, brightness aside, the light is the photo's or close to it, and the photo takes over. NumPy alone: the add-on
runs it.
"""

import numpy as np

from ..scenes.colour import linear_to_srgb
from .lit import LitView, lit_view
from .resampling import Window, resize
from .views import View

# PSNR of the two faces in dB between which the photo takes over. Nine in ten of 18 people's pictures lie at 17 to 32 in
# the photo's own light, half of them above 28, at 13 to 24 under other panoramas, at 7 to 21 under lamps.
_ALIKE_DB = (24.0, 28.0)
_COMPARED_PX = 64  # so that a draft says what the full picture says
_GREY = 0.18  # mean of the people as they are compared, scene-linear


def kept(views: list[View], lit: list[LitView], face: Window) -> list[LitView]:
    """The views' light, drawn towards the one in which they were photographed where the two look alike.

    Args:
        views: coarse to fine, as large as their light; the last one shows the face.
        face: in the photo's pixels.
    """
    likeness_db, gain = alike_db(views[-1], lit[-1], face)
    share = float(np.interp(likeness_db, _ALIKE_DB, (0, 1)))
    if not share:
        return lit
    return [_drawn(view, light, share, gain) for view, light in zip(views, lit, strict=True)]


def alike_db(view: View, lit: LitView, face: Window) -> tuple[float, float]:
    """PSNR of the face in dB between its picture and its photo, and the factor on the photo that makes both as bright.

    Minus infinity where there is no face or no light.
    """
    matte = view.matte[:, :, None]
    inside = view.window.marked(face, view.matte.shape)[:, :, None]
    shrink = max(1.0, max(view.matte.shape) / _COMPARED_PX)
    size = (round(view.matte.shape[0] / shrink), round(view.matte.shape[1] / shrink))
    relit = view.albedo * lit.arriving + lit.specular
    stack = resize(np.concatenate([relit * matte, view.foreground * matte, matte, matte * inside], axis=-1), size)
    relit, photo, covered, weight = np.split(stack, [3, 6, 7], axis=-1)
    wanted, given = float(relit.sum()), float(photo.sum())
    if min(wanted, given, float(weight.sum())) < 1e-6:
        return -np.inf, 1.0
    # Straight colours, both as bright as photos are.
    scales = np.array([1 / wanted, 1 / given]) * (3 * _GREY * float(covered.sum()))
    straight = [x * scale / np.maximum(covered, 1e-3) for x, scale in zip((relit, photo), scales, strict=True)]
    shown, own = (linear_to_srgb(np.clip(x, 0, 1)) for x in straight)
    error = float(((shown - own) ** 2 * weight).sum() / (3 * weight.sum()))
    return -10 * np.log10(max(error, 1e-10)), wanted / given


def _drawn(view: View, lit: LitView, share: float, gain: float) -> LitView:
    """Light under which the view's picture is ``share`` of the way to ``gain`` times its photo."""
    diffuse = view.albedo * lit.arriving
    diffuse += share * (gain * view.foreground - lit.specular - diffuse)
    open_light = lit.arriving / np.maximum(lit.shadow, 1e-6)
    return lit_view(view.albedo, view.matte, diffuse, open_light, lit.specular)
