"""Colour: sRGB <-> scene-linear Rec.709, luminance, and CIELAB. Arrays of any shape, colour last."""

import numpy as np

# Rec.709 / sRGB primaries, D65: ITU-R BT.709-6, item 3.2.
LUMINANCE_WEIGHTS = (0.2126, 0.7152, 0.0722)
# Rec.709 to CIE XYZ, and the white D65 in it.
_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], LUMINANCE_WEIGHTS, [0.0193, 0.1192, 0.9505]])


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


def lab(linear: np.ndarray) -> np.ndarray:
    """CIELAB under D65 of scene-linear Rec.709 colours (..., 3). Source: CIE 015:2018, 8.2.1."""
    share = np.asarray(linear, np.float64) @ _TO_XYZ.T / _TO_XYZ.sum(1)
    root = np.where(share > (6 / 29) ** 3, np.cbrt(np.maximum(share, 0)), share / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)
