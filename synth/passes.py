"""Which maps a sample may hold and how they recombine: full = albedo · shading · shadow + specular.

All maps are (H, W, C) float32, scene-linear, associated alpha, top row first; ratios (shading, shadow, direct,
indirect), position, uv and foreground are straight.
"""

import numpy as np

from ..scenes.bust import LABELS

RGB = ("R", "G", "B")
CRYPTOMATTES = ("CryptoObject", "CryptoMaterial")
CRYPTOMATTE_LAYERS = 3  # of two ids and their coverages each, as Cycles writes them


def layer(name: str, channels: tuple[str, ...]) -> tuple[str, ...]:
    """Channel names in the file, ``name.channel``."""
    return tuple(f"{name}.{channel}" for channel in channels)


# Channels of each map in maps.exr. What has no layer of its own is what a viewer shows first.
MAPS: dict[str, tuple[str, ...]] = {
    "full": RGB,
    "diffuse": layer("diffuse", RGB),
    "unshadowed": layer("unshadowed", RGB),
    "specular": layer("specular", RGB),
    "albedo": layer("albedo", RGB),
    "shading": layer("shading", RGB),
    "shadow": layer("shadow", RGB),
    "direct": layer("direct", RGB),
    "indirect": layer("indirect", RGB),
    "foreground": layer("foreground", RGB),
    "normal": layer("normal", ("X", "Y", "Z")),
    "depth": layer("depth", ("Z",)),
    "position": layer("position", ("X", "Y", "Z")),
    "uv": layer("uv", ("U", "V")),
    "roughness": layer("roughness", ("V",)),
    "specular_weight": layer("specular_weight", ("V",)),
    "subsurface_weight": layer("subsurface_weight", ("V",)),
    "matte": ("A",),
    "trimap": layer("trimap", ("V",)),
    # A layer each: Blender shows no layer of more than four channels.
    "parsing": tuple(f"parsing_{label}.V" for label in LABELS),
    **{
        name: layer(name, channels)
        for direction in ("forward", "backward")
        for name, channels in ((f"flow_{direction}", ("X", "Y")), (f"occlusion_{direction}", ("V",)))
    },
    **{
        f"{name}{k:02d}": layer(f"{name}{k:02d}", (*RGB, "A"))
        for name in CRYPTOMATTES
        for k in range(CRYPTOMATTE_LAYERS)
    },
}

# Halves have eleven bits: too few for metres, for places in a large texture, for pixels, and for Cryptomatte's ids.
FULL_FLOAT = {"depth", "position", "uv", *(name for name in MAPS if name.startswith(("Crypto", "flow")))}
HALF_MAX = 65504.0

# Below this a pixel holds no surface, only rounding: materials keep their albedo at 0.004 or more.
ALBEDO_MIN = 1e-5
# Below this coverage a pixel's own colour is too noisy to divide by; its neighbours' stands in.
COVERAGE_MIN = 0.05


def factors(diffuse: np.ndarray, unshadowed: np.ndarray, albedo: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split the diffuse image into shading and shadow, so that albedo · shading · shadow == diffuse.

    Where light from neighbouring surfaces outweighs what is occluded, diffuse exceeds unshadowed; shading carries
    that and shadow stays 1, so shadow is in [0, 1] everywhere and nothing is lost.

    Returns:
        shading (H, W, 3), 0 where there is no surface, and shadow (H, W, 3) in [0, 1], 1 where nothing occludes.
    """
    open_light = np.maximum(unshadowed, diffuse)
    shading = straighten(open_light, albedo)
    lit = open_light > 0
    shadow = np.where((albedo > ALBEDO_MIN) & lit, diffuse / np.where(lit, open_light, 1), 1)
    return shading, np.clip(shadow, 0, 1).astype(np.float32)


def straighten(reflected: np.ndarray, albedo: np.ndarray) -> np.ndarray:
    """Irradiance / π that a Lambert surface of ``albedo`` turns into ``reflected``; 0 where there is no surface."""
    return np.where(albedo > ALBEDO_MIN, reflected / np.maximum(albedo, ALBEDO_MIN), 0).astype(np.float32)


def recombine(maps: dict[str, np.ndarray]) -> np.ndarray:
    """albedo · shading · shadow + specular, (H, W, 3)."""
    return maps["albedo"] * maps["shading"] * maps["shadow"] + maps["specular"]


def trimap_of(matte: np.ndarray) -> np.ndarray:
    """0 where nothing and 1 where everything near a pixel is covered, 0.5 in the band between, (H, W, 1).

    Near is within 1/128 of the picture's height, at least one pixel.
    """
    reach = max(1, round(matte.shape[0] / 128))
    covered = _everywhere_near(matte >= 0.999, reach)
    empty = _everywhere_near(matte <= 0.001, reach)
    return np.where(covered, 1, np.where(empty, 0, 0.5)).astype(np.float32)


def foreground_of(full: np.ndarray, matte: np.ndarray) -> np.ndarray:
    """The subject's own colour without the background: straight, and carried on outwards where it covers too little.

    Where coverage is COVERAGE_MIN or more, foreground · matte == full.
    """
    seen = matte >= COVERAGE_MIN
    straight = np.where(seen, full / np.maximum(matte, COVERAGE_MIN), 0)
    return np.where(seen, straight, _spread(straight, seen.astype(np.float32))).astype(np.float32)


def cryptomatte_coverage(maps: dict[str, np.ndarray], name: str) -> np.ndarray:
    """Σ over the ids of one Cryptomatte, (H, W, 1)."""
    layers = [maps[f"{name}{k:02d}"] for k in range(CRYPTOMATTE_LAYERS)]
    return sum((pair[:, :, 1:2] + pair[:, :, 3:4] for pair in layers), np.zeros_like(layers[0][:, :, :1]))


def _everywhere_near(mask: np.ndarray, reach: int) -> np.ndarray:
    """Whether the mask (H, W, 1) holds in the whole square of ``reach`` pixels around; it goes on beyond the border."""
    for axis in (0, 1):
        width = [(0, 0)] * 3
        width[axis] = (reach, reach)
        padded = np.pad(mask, width, mode="edge")
        windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=axis)
        mask = windows.all(axis=-1)
    return mask


def _spread(colour: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Fill where ``weight`` is 0 from halved pictures, smoothly (pull and push).

    Source: Gortler et al. 1996, "The Lumigraph", section 3.4.2.
    """
    if weight.min() > 0 or weight.max() == 0 or min(weight.shape[:2]) == 1:
        return colour
    height, width = weight.shape[:2]
    even = ((0, height % 2), (0, width % 2), (0, 0))
    sums, weights = (
        np.pad(a, even).reshape((height + 1) // 2, 2, (width + 1) // 2, 2, -1).sum(axis=(1, 3))
        for a in (colour * weight, weight)
    )
    known = (weights > 0).astype(np.float32)
    halved = _spread(sums / np.maximum(weights, 1e-6), known)
    fine = _doubled(_doubled(halved, 0), 1)[:height, :width]
    return np.where(weight > 0, colour, fine)


def _doubled(pixels: np.ndarray, axis: int) -> np.ndarray:
    """Twice the pixels along an axis, linear in between."""
    width = [(0, 0)] * 3
    width[axis] = (1, 1)
    padded = np.pad(pixels, width, mode="edge")
    before, here, after = (np.take(padded, np.arange(pixels.shape[axis]) + k, axis=axis) for k in range(3))
    pairs = np.stack([0.25 * before + 0.75 * here, 0.75 * here + 0.25 * after], axis=axis + 1)
    shape = list(pixels.shape)
    shape[axis] *= 2
    return pairs.reshape(shape)
