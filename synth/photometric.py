"""Photometry under colour-gradient illumination: its patterns, normals and the split of diffuse from specular.

Pattern x is radiance (1 + x)/2 towards direction x of the camera frame, x_inverse its complement (1 − x)/2, full their
sum. Images are (H, W, 3), scene-linear, associated alpha; normals (H, W, 3), unit, camera frame, 0 where nothing is
lit. Sources: Ma et al. 2007, "Rapid Acquisition of Specular and Diffuse Normal Maps from Polarized Spherical Gradient
Illumination"; complements after Wilson et al. 2010, "Temporal Upsampling of Performance Geometry Using Photometric
Alignment".
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ..scenes.light_map import directions, olat_weights
from ..scenes.panorama import world_directions
from .sample import Olat

AXES = ("x", "y", "z")
PATTERNS = ("x", "x_inverse", "y", "y_inverse", "z", "z_inverse", "full")

# ∫ ω max(0, n·ω) dω = 2π/3 · n over the sphere, ∫ max(0, n·ω) dω = π: a pattern less its complement gives a matte
# surface two thirds of its normal times what full gives it; a mirror the mirrored direction itself.
MATTE_SHARE = 2 / 3


def gradient_patterns(height: int) -> dict[str, np.ndarray]:
    """The patterns as light maps, (height, 2·height, 3) float32, camera frame."""
    return _painted(directions(height))


def gradient_panoramas(camera_to_world: np.ndarray, height: int = 256) -> dict[str, np.ndarray]:
    """The patterns as panoramas for ``build_panorama_world``, (height, 2·height, 3) float32.

    Args:
        camera_to_world: (3, 3) rotation, the columns being the camera's axes in the world.
    """
    return _painted(world_directions(height) @ np.asarray(camera_to_world)[:3, :3])


def _painted(toward: np.ndarray) -> dict[str, np.ndarray]:
    out = {"full": np.ones(toward.shape)}
    for k, axis in enumerate(AXES):
        ramp = np.repeat((1 + toward[:, :, k : k + 1]) / 2, 3, axis=2)
        out[axis], out[f"{axis}_inverse"] = ramp, 1 - ramp
    return {name: out[name].astype(np.float32) for name in PATTERNS}


def gradient_images(olat: Olat) -> dict[str, np.ndarray]:
    """The pictures under all patterns summed from single lights: ``<pattern>_diffuse``, ``<pattern>_specular``."""
    out = {}
    for name, pattern in gradient_patterns(64).items():
        weights = olat_weights(pattern, olat.directions, olat.half_angle)
        for kind in ("diffuse", "specular"):
            images = getattr(olat, kind)
            out[f"{name}_{kind}"] = np.einsum("nc,nhwc->hwc", weights, images.astype(np.float32))
    return out


def both(images: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What a camera without polariser sees: diffuse + specular of each pattern."""
    return {name: images[f"{name}_diffuse"] + images[f"{name}_specular"] for name in PATTERNS}


def differences(images: Mapping[str, np.ndarray]) -> np.ndarray:
    """Each pattern less its complement, (3, H, W, 3), axis first."""
    return np.stack([images[axis] - images[f"{axis}_inverse"] for axis in AXES])


def diffuse_normals(images: Mapping[str, np.ndarray]) -> np.ndarray:
    """Normals from diffuse pictures by pattern; exact for an open Lambert surface, bent towards the light elsewhere."""
    return _unit(np.moveaxis(differences(images).sum(axis=-1), 0, -1))


def specular_normals(images: Mapping[str, np.ndarray], view: np.ndarray) -> np.ndarray:
    """Normals from specular pictures by pattern: halfway between the mirrored direction and the viewer.

    Args:
        view: (H, W, 3) unit directions towards the camera.
    """
    mirrored = _unit(np.moveaxis(differences(images).sum(axis=-1), 0, -1))
    return _unit(mirrored + view * (mirrored != 0).any(axis=-1, keepdims=True))


class Separated(NamedTuple):
    """full = diffuse + specular, (H, W, 3), and the normals that go with it."""

    diffuse: np.ndarray
    specular: np.ndarray
    normals: np.ndarray


def separate(images: Mapping[str, np.ndarray], view: np.ndarray, rounds: int = 4) -> Separated:
    """Split unpolarised pictures under gradients into diffuse and white specular reflection.

    A pattern less its complement is ``2/3 · diffuse · n + specular · r`` with r the view mirrored at n. White specular
    light is the same in all channels, so what differs between channels is diffuse and gives n (for coloured
    surfaces); then the specular is the least-squares amount along ``r − 2/3·n``, and taking it away makes n better.
    The idea of the channels' difference: Kampouris, Zafeiriou and Ghosh 2018, "Diffuse-Specular Separation using
    Binary Spherical Gradient Illumination".

    Args:
        images: diffuse + specular by pattern.
        view: (H, W, 3) unit directions towards the camera.
    """
    full, seen = images["full"], differences(images)  # seen (3, H, W, 3)
    # Red less blue, turned so that it points where all light comes from.
    chroma = np.moveaxis(seen[..., 0] - seen[..., 2], 0, -1)
    chroma = chroma * np.sign(full[..., 0] - full[..., 2])[..., None]
    total = np.moveaxis(seen.sum(axis=-1), 0, -1)
    coloured = np.abs(full[..., 0] - full[..., 2]) / np.maximum(full.sum(axis=-1), 1e-9)
    trust = np.clip(coloured / 0.2, 0, 1)[..., None]
    normals = _unit(trust * _unit(chroma) + (1 - trust) * _unit(total))
    specular = np.zeros(full.shape[:2])
    for _ in range(rounds):
        mirrored = 2 * (normals * view).sum(axis=-1, keepdims=True) * normals - view
        along = mirrored - MATTE_SHARE * normals
        rest = np.moveaxis(seen, 0, -1) - MATTE_SHARE * full[..., None] * normals[:, :, None]  # (H, W, 3, axis)
        amount = (rest * along[:, :, None]).sum(axis=-1).mean(axis=-1)
        specular = amount / np.maximum((along * along).sum(axis=-1), 1e-6)
        specular = np.clip(specular, 0, full.min(axis=-1))
        matte = total - 3 * specular[..., None] * mirrored
        normals = _unit(trust * _unit(chroma) + (1 - 0.5 * trust) * _unit(matte))
    shine = np.repeat(specular[..., None], 3, axis=-1)
    return Separated(full - shine, shine, normals)


def angles_deg(normals: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Angle in degrees between two fields of unit normals, (H, W)."""
    return np.degrees(np.arccos(np.clip((normals * true).sum(axis=-1), -1, 1)))


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(length > 1e-9, vectors / np.maximum(length, 1e-9), 0)
