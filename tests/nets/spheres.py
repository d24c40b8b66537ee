"""Made-up samples with exact ground truth: a Lambert sphere on a box, lit analytically. Camera frame, y up."""

import numpy as np

from relight_stage.scenes import light_map as light_maps
from relight_stage.scenes.bust import LABELS
from relight_stage.scenes.lights import olat_directions, olat_half_angle
from relight_stage.synth.sample import FORMAT, Olat, Sample


def sphere_normals(size: int, radius: float = 0.38) -> tuple[np.ndarray, np.ndarray]:
    """Normals (size, size, 3), zero outside, and coverage (size, size, 1) of a sphere amid the picture."""
    axis = (np.arange(size) + 0.5) / size - 0.5
    x, y = np.meshgrid(axis / radius, -axis / radius)
    inside = x * x + y * y < 1
    z = np.sqrt(np.clip(1 - x * x - y * y, 0, None))
    normals = np.where(inside[:, :, None], np.stack([x, y, z], axis=-1), 0)
    return normals, inside[:, :, None].astype(float)


def lambert(normals: np.ndarray, light_map: np.ndarray) -> np.ndarray:
    """Irradiance over π at normals (..., 3) by plain summation over texels, (..., 3)."""
    height = light_map.shape[0]
    power = (light_map * light_maps.solid_angles(height)[:, :, None]).reshape(-1, 3)
    cosines = np.clip(normals.reshape(-1, 3) @ light_maps.directions(height).reshape(-1, 3).T, 0, None)
    return (cosines @ power / np.pi).reshape(*normals.shape[:-1], 3)


def sphere_sample(
    seed: int, size: int = 64, lights: int = 12, hdri: str = "made_up", half: float | None = None
) -> tuple[Sample, Olat]:
    """A sphere of random colours with a glossy streak, under a random sky and one light at a time.

    half: the half angle of a light; None for discs that tile the sphere.
    """
    rng = np.random.default_rng(seed)
    normals, matte = sphere_normals(size, rng.uniform(0.25, 0.45))
    upper, lower = rng.uniform(0.1, 0.8, (2, 3))
    albedo = np.where(normals[:, :, 1:2] > rng.uniform(-0.3, 0.3), upper, lower) * matte
    sky = rng.uniform(0.2, 2, (4, 8, 3)).repeat(16, axis=0).repeat(16, axis=1).astype(np.float32)
    directions = olat_directions(lights)
    half = olat_half_angle(lights) if half is None else half
    irradiance = np.clip(normals @ directions.T, 0, None) * (1 + np.cos(half)) / 2  # near enough to a disc's
    diffuse = (albedo / np.pi)[None] * irradiance.transpose(2, 0, 1)[..., None]
    mirror = 2 * normals[:, :, 2:] * normals - [0, 0, 1]
    gloss = 0.3 * np.clip(mirror @ directions.T, 0, None) ** 16
    specular = gloss.transpose(2, 0, 1)[..., None] * matte[None] * np.ones(3)
    open_light = lambert(normals, sky) * matte
    parsing = np.zeros((size, size, len(LABELS)))
    parsing[:, :, LABELS.index("skin")] = np.where(normals[:, :, 1] > 0, matte[:, :, 0], 0)
    parsing[:, :, LABELS.index("clothes")] = matte[:, :, 0] - parsing[:, :, 0]
    shine = 0.02 * lambert(mirror, sky) * matte
    maps = {
        "full": albedo * open_light + shine,
        "diffuse": albedo * open_light,
        "unshadowed": albedo * open_light,
        "specular": shine,
        "albedo": albedo,
        "shading": open_light,
        "shadow": matte * np.ones(3),
        "normal": normals,
        "depth": matte,
        "matte": matte,
        "parsing": parsing,
    }
    spots = rng.uniform(0.35, 0.65, (68, 2)) * size
    meta = {
        "format": FORMAT,
        "seed": seed,
        "index": seed,
        "identity": f"sphere-{seed}",
        "source": "made up",
        "hdri": hdri,
        "hdri_rotation_deg": 0.0,
        "size": size,
        "landmarks": spots.tolist(),
        "olat": {"count": lights, "directions": directions.tolist(), "half_angle_rad": half},
    }
    sample = Sample(meta, {name: a.astype(np.float32) for name, a in maps.items()}, sky)
    diffuse, specular = diffuse.astype(np.float16), specular.astype(np.float16)
    return sample, Olat(diffuse, specular, directions, unshadowed=diffuse, half_angle=half)
