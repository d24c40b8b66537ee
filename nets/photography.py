"""What lies behind a person, and how bright a photographer makes the two.

Pictures (H, W, 3) float32; scene-linear unless called encoded.
"""

import cv2
import numpy as np

from ..scenes.colour import linear_to_srgb, luminance, srgb_to_linear
from ..scenes.light_map import sample, view

GREY = 0.18  # middle grey


def backdrop_rand(rng: np.random.Generator, size: int, panoramas: list[np.ndarray], views: float) -> np.ndarray:
    """Draw a background, scene-linear with mean about 1: views of panoramas, plain walls, made-up clutter.

    Args:
        views: share of views of panoramas, where there are any.
    """
    if panoramas and rng.uniform() < views:
        picture = _view_rand(rng, size, panoramas[rng.integers(len(panoramas))])
    elif rng.uniform() < 0.3:
        picture = _wall_rand(rng, size)
    else:
        picture = _clutter_rand(rng, size)
    if rng.uniform() < 0.4:  # a wide aperture
        picture = cv2.GaussianBlur(picture, (0, 0), size / 128 * np.exp(rng.uniform(-0.5, 2.0)))
    return picture / max(float(np.median(luminance(picture))), 0.2 * float(picture.mean()), 1e-6)


def _view_rand(rng: np.random.Generator, size: int, panorama: np.ndarray) -> np.ndarray:
    """A look into a panorama, at most as enlarged as its texels allow."""
    yaw, pitch = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.2)
    tangent = np.tan(np.radians(rng.uniform(40, 90)) / 2)
    axis = ((np.arange(size) + 0.5) / size * 2 - 1) * tangent
    x, y = axis[None, :] + 0 * axis[:, None], -axis[:, None] + 0 * axis[None, :]
    y, z = y * np.cos(pitch) - np.sin(pitch), -y * np.sin(pitch) - np.cos(pitch)
    toward = np.stack([x * np.cos(yaw) + z * np.sin(yaw), y, z * np.cos(yaw) - x * np.sin(yaw)], axis=-1)
    return np.minimum(sample(panorama, toward), 50 * float(panorama.mean())).astype(np.float32)


def _colour_rand(rng: np.random.Generator) -> np.ndarray:
    """Any colour, now and then one of the range of skin and hair, which must not betray a person."""
    if rng.uniform() < 0.25:
        return np.array([0.45, 0.28, 0.2], np.float32) * np.exp(rng.uniform(-2, 0.6) + rng.normal(0, 0.1, 3))
    return np.exp(rng.normal(-1.2, 0.8) + rng.normal(0, 0.35, 3)).astype(np.float32)


def _wall_rand(rng: np.random.Generator, size: int) -> np.ndarray:
    """Two colours across the picture in some direction, or around a spot of light."""
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    t = np.cos(angle) * axis[None, :] + np.sin(angle) * axis[:, None] + 0.5
    if rng.uniform() < 0.4:
        t = np.hypot(axis[None, :] - rng.uniform(-0.5, 0.5), axis[:, None] - rng.uniform(-0.5, 0.5))
    t = np.clip(t, 0, 1)[:, :, None]
    first = _colour_rand(rng)
    second = first * np.exp(rng.normal(0, 0.5)) if rng.uniform() < 0.6 else _colour_rand(rng)
    return (first * (1 - t) + second * t).astype(np.float32)


def _clutter_rand(rng: np.random.Generator, size: int) -> np.ndarray:
    """Noise of several scales, stripes and solid shapes over a wall."""
    picture = _wall_rand(rng, size)
    for octave in range(2, 7):
        if rng.uniform() < 0.6:
            noise = rng.normal(0, rng.uniform(0, 0.5), (2**octave, 2**octave, 3)).astype(np.float32)
            noise = noise.mean(axis=2, keepdims=True) * 1.5 if rng.uniform() < 0.7 else noise
            noise = cv2.resize(noise, (size, size), interpolation=cv2.INTER_CUBIC).reshape(size, size, -1)
            picture = picture * np.exp(noise)
    if rng.uniform() < 0.3:
        angle, period = rng.uniform(0, np.pi), size / rng.uniform(4, 40)
        axis = np.arange(size)
        phase = (np.cos(angle) * axis[None, :] + np.sin(angle) * axis[:, None]) / period % 1
        picture = np.where((phase < rng.uniform(0.2, 0.8))[:, :, None], picture, picture * _colour_rand(rng) * 3)
    picture = np.ascontiguousarray(picture, np.float32)
    for _ in range(rng.integers(0, 12)):
        colour = tuple(float(c) for c in _colour_rand(rng))
        x, y = (int(v) for v in rng.integers(0, size, 2))
        width, height = (max(int(v), 1) for v in np.exp(rng.uniform(np.log(3), np.log(size * 0.5), 2)))
        if rng.uniform() < 0.5:
            cv2.ellipse(picture, (x, y), (width, height), float(rng.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
        else:
            corners = cv2.boxPoints(((x, y), (width, height), float(rng.uniform(0, 90))))
            cv2.fillConvexPoly(picture, corners.astype(np.int32), colour, cv2.LINE_AA)
    return picture


def exposure(picture: np.ndarray, matte: np.ndarray, grey: float = GREY) -> float:
    """The factor that brings the mean luminance of the subject, or of the frame without one, to ``grey``.

    Args:
        matte: (H, W, 1).
    """
    weight = matte if matte.mean() > 0.02 else np.ones_like(matte)
    mean = float((luminance(picture)[:, :, None] * weight).sum() / weight.sum())
    return grey / max(mean, 1e-9)


def exposure_rand(rng: np.random.Generator, picture: np.ndarray, matte: np.ndarray) -> np.ndarray:
    """Factors (3,) that expose and white-balance a picture as photographers do, a stop off at times."""
    weight = matte if matte.mean() > 0.02 else np.ones_like(matte)
    mean = (picture * weight).sum(axis=(0, 1)) / weight.sum()
    # Cameras take out most, not all, of the light's colour.
    cast = (mean / max(float(luminance(mean)), 1e-9)).clip(0.2, 5) ** rng.uniform(0, 0.6)
    balance = (np.exp(rng.normal(0, 0.06, 3)) / cast).astype(np.float32)
    grey = GREY * float(np.exp(np.clip(rng.normal(0.1, 0.45), -1.2, 1.0)))
    return balance * exposure(picture * balance, matte, grey)


def backdrop_behind(light_map: np.ndarray, size: int) -> np.ndarray:
    """What a camera sees behind the subject of a light map, its median at middle grey, (size, size, 3)."""
    picture = view(light_map, size, size, fov_deg=40)
    return picture * (GREY / max(float(np.median(picture)), 1e-6))


def develop(picture: np.ndarray) -> np.ndarray:
    """Encode an exposed scene-linear picture as sRGB in [0, 1] without any fault of a camera."""
    return linear_to_srgb(np.clip(picture, 0, 1))


def as_grey(linear: np.ndarray) -> np.ndarray:
    """Luminance in all three channels."""
    return np.repeat(luminance(linear)[..., None], 3, axis=-1).astype(np.float32)


def seen_foreground(photo: np.ndarray, foreground: np.ndarray, matte: np.ndarray) -> np.ndarray:
    """The straight foreground with the photo's noise where the person covers the pixel, (H, W, 3) scene-linear."""
    share = np.clip(matte * 20 - 19, 0, 1)
    return foreground + share * (srgb_to_linear(photo) - foreground)
