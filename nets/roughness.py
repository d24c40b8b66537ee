"""How rough what a photo shows is: a guess from the matting network's labels, since no network predicts gloss."""

import numpy as np

from .config import PARSED

# The Principled's roughness in the light stage's maps, means over 44 people. The eyes' is of the tears over them.
ROUGHNESS = {
    "skin": 0.51,
    "brows": 0.45,
    "eyes": 0.1,
    "lips": 0.38,
    "mouth": 0.31,
    "hair": 0.47,
    "clothes": 0.80,
}
_OF_LABELS = np.array([ROUGHNESS[name] for name in PARSED], np.float32)


def roughness_of(parsing: np.ndarray) -> np.ndarray:
    """Roughness (h, w) in [0, 1], whatever share of a pixel is background.

    Args:
        parsing: (h, w, 8) probabilities: background, then the labels of ``PARSED``.
    """
    shown = parsing[:, :, 1:] + 1e-4
    return (shown @ _OF_LABELS / shown.sum(axis=-1)).astype(np.float32)
