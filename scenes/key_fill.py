"""A light map's key, what is bright and concentrated in it, and its fill, the rest; weighed against each other.

Light maps as in ``light_map``.
"""

import numpy as np

from .colour import luminance
from .light_map import solid_angles

# Key is what stands above this many times the mean radiance: a softbox or a window does, an overcast sky does not.
KEY_OVER_MEAN = 2.0


def split(light_map: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The key and the fill of a light map (h, 2h, 3); they sum to it, and neither is negative."""
    bright = luminance(light_map)
    angles = solid_angles(len(light_map))
    level = KEY_OVER_MEAN * float((bright * angles).sum() / (angles.sum() * bright.shape[1]))
    share = np.clip(1 - level / np.maximum(bright, 1e-12), 0, 1)[..., None].astype(np.float32)
    return light_map * share, light_map * (1 - share)


def balance(light_map: np.ndarray, stops: float) -> np.ndarray:
    """Raise the key over the fill by so many stops, or lower it; the total luminance stays.

    Light that has no key, such as an even sky, is returned as it is.
    """
    if not stops:
        return light_map
    key, fill = split(light_map)
    weighed = key * np.float32(2.0 ** (stops / 2)) + fill * np.float32(2.0 ** (-stops / 2))
    before, after = (float((luminance(light) * solid_angles(len(light))).sum()) for light in (light_map, weighed))
    return weighed * np.float32(before / max(after, 1e-20))
