"""What a photo's own light leaves unexplained is pigment: an albedo mended by the photo over its own rendering.

An albedo net regresses to the mean of all skins and hair. Where the light that a photo was taken in is known, the
photo tells better: it differs from its picture under that light by what the albedo is wrong by, and the shading.
Idea: Shashua and Riklin-Raviv 2001, "The Quotient Image". NumPy alone: the add-on runs it.
"""

import numpy as np

from .lit import LitView
from .resampling import Window, resize
from .views import View

_FLOOR = 0.01  # scene-linear, below which both pictures are mostly noise
_LIMIT = 1.2  # natural logarithm of the largest change
# Trust in the quotient, by how much light reaches the face where least does (2% of its pixels) in shares of where most
# does (95%). In light from many sides the quotient is pigment; under a single lamp the shading's errors are larger.
_LEAST, _MOST = 2, 95
_SHARES, _TRUST = (0.06, 0.2), (0.0, 0.8)
_BLACK = 0.02  # reflectance below which light on it is not told


def trust(view: View, face: Window) -> float:
    """How far the albedo shall follow the quotient, 0 to 0.8, judged by a view of the face; face: in photo pixels."""
    seen = view.window.marked(face, view.matte.shape) & (view.matte > 0.5)
    if not seen.any():
        return 0.0
    arriving = view.foreground.mean(axis=-1)[seen] / np.maximum(view.albedo.mean(axis=-1)[seen], _BLACK)
    least, most = np.percentile(arriving, (_LEAST, _MOST))
    return float(np.interp(least / max(most, 1e-9), _SHARES, _TRUST))


def mended_albedo(view: View, small: View, lit: LitView, trusted: float) -> np.ndarray:
    """The view's albedo (h, w, 3), mended.

    Args:
        small: the view as the network saw it, no larger than the view itself.
        lit: its picture under the estimated light of the photo.
        trusted: what ``trust`` says.
    """
    share = small.matte[:, :, None]
    rendered = small.albedo * lit.arriving + lit.specular
    quotient = np.log((small.foreground + _FLOOR) / (rendered + _FLOOR))
    # The colour and brightness of the whole are the albedo net's to know: the light's estimate has them from it.
    quotient -= (quotient * share).sum((0, 1)) / max(float(share.sum()), 1e-9)
    mended = resize(share * np.clip(quotient, -_LIMIT, _LIMIT), view.matte.shape)
    return np.clip(view.albedo * np.exp(trusted * mended), 0, 1).astype(np.float32)
