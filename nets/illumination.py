"""Light to train under: random light maps, and the light map that an OLAT stage can really make.

Light maps (64, 128, 3) float32, scene-linear, camera frame; mean luminance 1 when drawn.
"""

import numpy as np

from ..scenes import light_map as maps
from ..scenes.colour import luminance
from ..scenes.lights import olat_half_angle

HEIGHT = maps.HEIGHT


def light_rand(rng: np.random.Generator, lights: list[np.ndarray]) -> np.ndarray:
    """Draw a light: turned panoramas and mixtures of them, lamps over dim ambient light, soft skies.

    Args:
        lights: light maps of panoramas; without any all light is made up.
    """
    kind = rng.uniform()
    if lights and kind < 0.5:
        light = _panorama_rand(rng, lights)
        if kind < 0.12:
            light = light + rng.uniform(0.2, 1.5) * _panorama_rand(rng, lights)
        if kind > 0.42:
            light = 0.3 * light + _lamp_rand(rng, 0.1, 0.5)
    elif kind < 0.93:
        ambient = _panorama_rand(rng, lights) if lights and rng.uniform() < 0.5 else _sky_rand(rng)
        light = np.exp(rng.uniform(-7, -0.7)) * ambient
        for _ in range(1 if rng.uniform() < 0.7 else 2):
            light = light + rng.uniform(0.3, 1) * _lamp_rand(rng, 0.05, 0.4)
    else:
        light = _sky_rand(rng)
    return _normalised(light)


def _normalised(light: np.ndarray) -> np.ndarray:
    mean = float(luminance(maps.flux(light).astype(np.float32))) / (4 * np.pi)
    return (light / max(mean, 1e-12)).astype(np.float32)


def _panorama_rand(rng: np.random.Generator, lights: list[np.ndarray]) -> np.ndarray:
    light = np.roll(lights[rng.integers(len(lights))], rng.integers(2 * HEIGHT), axis=1)
    light = light[:, ::-1] if rng.uniform() < 0.5 else light
    return _normalised(light)


def _tint_rand(rng: np.random.Generator, strength: float) -> np.ndarray:
    return np.exp(rng.normal(0, strength, 3)).astype(np.float32)


def _lamp_rand(rng: np.random.Generator, smallest: float, largest: float) -> np.ndarray:
    """A soft disc of some angular radius (rad), mostly from the front half and rarely from below."""
    toward = rng.normal(size=3) + np.array([0.0, 0.4, 0.5])
    toward /= np.linalg.norm(toward)
    radius = np.exp(rng.uniform(np.log(smallest), np.log(largest)))
    angle = np.arccos(np.clip(maps.directions(HEIGHT) @ toward, -1, 1))
    disc = np.clip((radius - angle) / 0.05 + 0.5, 0, 1)[:, :, None]
    return _normalised(disc * _tint_rand(rng, 0.25))


def _sky_rand(rng: np.random.Generator) -> np.ndarray:
    """A vertical gradient with a few broad lobes."""
    directions = maps.directions(HEIGHT)
    up = 0.5 + 0.5 * directions[:, :, 1:2]
    light = up * _tint_rand(rng, 0.3) + (1 - up) * _tint_rand(rng, 0.3) * rng.uniform(0.05, 0.8)
    for _ in range(rng.integers(0, 4)):
        toward = rng.normal(size=3)
        cosine = directions @ (toward / np.linalg.norm(toward))
        lobe = np.exp(rng.uniform(2, 30) * (cosine - 1))[:, :, None]
        light = light + rng.uniform(0.5, 6) * lobe * _tint_rand(rng, 0.4)
    return _normalised(light)


def lamps_rand(
    rng: np.random.Generator, lights: list[np.ndarray], directions: np.ndarray, half_angle: float
) -> np.ndarray:
    """Draw weights (N, 3) of a stage's lights: one or two of them, mostly from the front, over dim ambient light.

    What ``light_rand`` draws would be divided among several lights, and of small ones each casts a shadow of its own.

    Args:
        lights: light maps of panoramas; without any the ambient light is made up.
        directions: (N, 3) unit, towards the stage's lights.
        half_angle: of each, in radians.
    """
    chance = np.exp(1.5 * (directions @ np.array([0.0, 0.3, 1.0])))
    even = maps.olat_weights(np.ones((HEIGHT, 2 * HEIGHT, 3), np.float32), directions, half_angle).sum(axis=0)
    ambient = _panorama_rand(rng, lights) if lights and rng.uniform() < 0.5 else _sky_rand(rng)
    weights = np.exp(rng.uniform(-7, -1)) * maps.olat_weights(ambient, directions, half_angle)
    for lamp in rng.choice(len(directions), 1 if rng.uniform() < 0.75 else 2, replace=False, p=chance / chance.sum()):
        weights[lamp] += rng.uniform(0.3, 1) * even * _tint_rand(rng, 0.25)
    return (weights * (luminance(even) / luminance(weights.sum(axis=0)))).astype(np.float32)


def stage_light(weights: np.ndarray, directions: np.ndarray, half_angle: float | None = None) -> np.ndarray:
    """The light map (64, 128, 3) of an OLAT stage whose lights burn with ``weights`` (N, 3).

    The sum of OLAT images with these weights is the image under exactly this map, which a panorama with small lights
    is not: the stage has N discs and no others.

    Args:
        directions: (N, 3) unit; turning or mirroring them turns or mirrors the light.
        half_angle: of the discs, in radians; None for a solid angle of 4π/N.
    """
    half = olat_half_angle(len(directions)) if half_angle is None else half_angle
    cosines = maps.directions(HEIGHT).reshape(-1, 3) @ np.asarray(directions).T  # (8192, N)
    angles = np.arccos(np.clip(cosines, -1, 1))
    texel = np.pi / HEIGHT
    discs = np.clip((half - angles) / texel + 0.5, 0, 1)
    area = np.broadcast_to(maps.solid_angles(HEIGHT), (HEIGHT, 2 * HEIGHT)).reshape(-1, 1)
    # Each light gives irradiance 1 at perpendicular incidence, whatever the texels make of its disc.
    discs /= (discs * cosines * area).sum(axis=0)
    return (discs @ weights).reshape(HEIGHT, 2 * HEIGHT, 3).astype(np.float32)
