"""Other clothes and hair on a rendered person: what passes through albedo scales with it, so dyeing is exact but for
interreflection. All (H, W, C) float32, scene-linear.
"""

import cv2
import numpy as np

from .config import PARSED

BRIGHTEST = 0.9  # albedo of the whitest cloth
CLOTHES, HAIR = PARSED.index("clothes"), PARSED.index("hair")


def dye_rand(rng: np.random.Generator, albedo: np.ndarray, matte: np.ndarray, parsing: np.ndarray) -> np.ndarray:
    """Draw factors for the diffuse light and albedo of each pixel.

    Args:
        albedo: (H, W, 3) associated.
        matte: (H, W, 1).
        parsing: (H, W, 7) coverage of each label.

    Returns:
        (H, W, 3), 1 outside clothes and hair.
    """
    factors = np.ones_like(albedo)
    if rng.uniform() < 0.6:
        share = parsing[:, :, CLOTHES : CLOTHES + 1] / np.maximum(matte, 0.01)
        weight = parsing[:, :, CLOTHES]
        mean = (albedo * weight[:, :, None]).sum(axis=(0, 1)) / max(float(weight.sum()), 1.0)
        cloth = _pattern_rand(rng, len(albedo)) / np.maximum(mean, 0.01)
        factors = factors + share * (cloth - 1)
    if rng.uniform() < 0.3:
        share = parsing[:, :, HAIR : HAIR + 1] / np.maximum(matte, 0.01)
        factors = factors + share * (np.exp(rng.normal(0, 0.5) + rng.normal(0, 0.08, 3)) - 1)
    # Nothing reflects more than it receives.
    straight = albedo / np.maximum(matte, 0.01)
    ceiling = np.maximum(BRIGHTEST / np.maximum(straight, 1e-3), 1)
    return np.clip(factors, 0.02, ceiling).astype(np.float32)


def _pattern_rand(rng: np.random.Generator, size: int) -> np.ndarray:
    """Albedo of a cloth: any colour, plain, striped or patched with a second one; (3,) or (size, size, 3)."""
    first, second = _colour_rand(rng), _colour_rand(rng)
    kind = rng.uniform()
    if kind < 0.6:
        return first
    if kind < 0.8:
        angle, period = rng.uniform(0, np.pi), size / rng.uniform(8, 40)
        axis = np.arange(size)
        mask = (np.cos(angle) * axis[None, :] + np.sin(angle) * axis[:, None]) / period % 1 < rng.uniform(0.2, 0.8)
    else:
        noise = rng.normal(size=(int(rng.integers(3, 16)),) * 2).astype(np.float32)
        mask = cv2.resize(noise, (size, size), interpolation=cv2.INTER_CUBIC) > rng.normal(0, 0.5)
    return np.where(mask[:, :, None], first, second)


def _colour_rand(rng: np.random.Generator) -> np.ndarray:
    """Any hue, from grey to saturated, from black to white, (3,)."""
    hue, saturation, value = rng.uniform(0, 360), rng.beta(1.2, 1.2), np.exp(rng.uniform(np.log(0.02), np.log(0.85)))
    pixel = np.array([[[hue, saturation, value]]], np.float32)
    return cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0]
