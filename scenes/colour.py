"""Colour: sRGB <-> scene-linear Rec.709, and luminance. Arrays of any shape, colour last."""

import numpy as np

# Rec.709 / sRGB primaries, D65: ITU-R BT.709-6, item 3.2.
LUMINANCE_WEIGHTS = (0.2126, 0.7152, 0.0722)


def srgb_to_linear(encoded: np.ndarray) -> np.ndarray:
    """Decode sRGB values; negative ones are mirrored, those over 1 follow the curve on.

    Source: IEC 61966-2-1:1999, 5.2.
    """
    encoded = np.asarray(encoded, np.float32)
    size = np.abs(encoded)
    linear = np.where(size <= 0.04045, size / 12.92, ((size + 0.055) / 1.055) ** 2.4)
    return np.copysign(linear, encoded).astype(np.float32)


def linear_to_srgb(linear: np.ndarray) -> np.ndarray:
    """Encode scene-linear values as sRGB; the inverse of :func:`srgb_to_linear`."""
    linear = np.asarray(linear, np.float32)
    size = np.abs(linear)
    encoded = np.where(size <= 0.0031308, size * 12.92, 1.055 * size ** (1 / 2.4) - 0.055)
    return np.copysign(encoded, linear).astype(np.float32)


def luminance(linear: np.ndarray) -> np.ndarray:
    """Relative luminance of scene-linear colours (..., 3) -> (...)."""
    return np.asarray(linear) @ np.asarray(LUMINANCE_WEIGHTS, np.float32)
