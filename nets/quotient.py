"""What a photo's own light leaves unexplained is pigment: an albedo mended by the photo over its own rendering.

An albedo net regresses to the mean of all skins and hair. Where the light that a photo was taken in is known, the
photo tells better: it differs from its picture under that light by what the albedo is wrong by, and the shading.
Idea: Shashua and Riklin-Raviv 2001, "The Quotient Image". NumPy alone: the add-on runs it.
"""

import numpy as np

from .lit import LitView
from .resampling import resize
from .views import View

_FLOOR = 0.01  # scene-linear, below which both pictures are mostly noise
_LIMIT = 1.2  # natural logarithm of the largest change
# Trust in the quotient, by the share of the person that hardly any light reaches. In light from many sides nothing is
# that dark, and the quotient is pigment; under a single lamp the shading's errors are larger than the albedo's.
_HARDLY = 0.03  # of the brightest light on the person (95%)
_DARK, _TRUST = (0.0, 0.02, 0.08), (0.8, 0.3, 0.0)
_BLACK = 0.02  # reflectance below which light on it is not told


def mended_albedo(view: View, small: View, lit: LitView) -> np.ndarray:
    """The view's albedo (h, w, 3), mended.

    Args:
        small: the view as the network saw it, no larger than the view itself.
        lit: its picture under the estimated light of the photo.
    """
    share = small.matte[:, :, None]
    inside = small.matte > 0.5
    if not inside.any():
        return view.albedo
    rendered = small.albedo * lit.arriving + lit.specular
    quotient = np.log((small.foreground + _FLOOR) / (rendered + _FLOOR))
    # The colour and brightness of the whole are the albedo net's to know: the light's estimate has them from it.
    quotient -= (quotient * share).sum((0, 1)) / share.sum()
    arriving = (small.foreground.mean(axis=-1) / np.maximum(small.albedo.mean(axis=-1), _BLACK))[inside]
    dark = float((arriving < _HARDLY * np.percentile(arriving, 95)).mean())
    trust = np.interp(dark, _DARK, _TRUST)
    mended = resize(share * np.clip(quotient, -_LIMIT, _LIMIT), view.matte.shape)
    return np.clip(view.albedo * np.exp(trust * mended), 0, 1).astype(np.float32)
