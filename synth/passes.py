"""Which maps a sample holds and how they recombine: full = albedo · shading · shadow + specular.

All maps are (H, W, C) float32, scene-linear, associated alpha, top row first; shading and shadow are ratios and
therefore straight.
"""

import numpy as np

from ..scenes.bust import LABELS

# Channels of each map, in the order in which they are written.
MAPS: dict[str, tuple[str, ...]] = {
    "full": ("R", "G", "B"),
    "diffuse": ("R", "G", "B"),
    "unshadowed": ("R", "G", "B"),
    "specular": ("R", "G", "B"),
    "albedo": ("R", "G", "B"),
    "shading": ("R", "G", "B"),
    "shadow": ("R", "G", "B"),
    "normal": ("X", "Y", "Z"),
    "depth": ("V",),
    "matte": ("V",),
    "parsing": LABELS,
}

# Below this a pixel holds no surface, only rounding: materials keep their albedo at 0.004 or more.
ALBEDO_MIN = 1e-5


def factors(diffuse: np.ndarray, unshadowed: np.ndarray, albedo: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split the diffuse image into shading and shadow, so that albedo · shading · shadow == diffuse.

    Where light from neighbouring surfaces outweighs what is occluded, diffuse exceeds unshadowed; shading carries
    that and shadow stays 1, so shadow is in [0, 1] everywhere and nothing is lost.

    Returns:
        shading (H, W, 3), 0 where there is no surface, and shadow (H, W, 3) in [0, 1], 1 where nothing occludes.
    """
    open_light = np.maximum(unshadowed, diffuse)
    shading = np.where(albedo > ALBEDO_MIN, open_light / np.maximum(albedo, ALBEDO_MIN), 0)
    shadow = np.where((albedo > ALBEDO_MIN) & (open_light > 0), diffuse / np.maximum(open_light, 1e-12), 1)
    return shading.astype(np.float32), np.clip(shadow, 0, 1).astype(np.float32)


def recombine(maps: dict[str, np.ndarray]) -> np.ndarray:
    """albedo · shading · shadow + specular, (H, W, 3)."""
    return maps["albedo"] * maps["shading"] * maps["shadow"] + maps["specular"]
