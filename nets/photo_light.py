"""The light that a photo was taken in, estimated from the person in it: what CG objects beside them should be lit by.

Scene-linear Rec.709 float32 radiance at the photo's own exposure; normals and light maps are in the camera frame.
NumPy alone: the add-on runs it.
"""

import numpy as np

from ..scenes import light_map as light_maps
from .resampling import Window, resize
from .views import Portrait, View

HEIGHT = 16  # rows of the estimated map
# Broad lights evenly around; a face of matt skin tells no finer.
_LIGHTS, _SHARPNESS = 96, 12.0
_PIXELS = 8192  # of a view that are looked at
# Of a light's weight: against the mean of all, where nothing that the photo shows says more.
_CAUTION = 5e-3
_STEPS = 200
_DARK = 0.02  # reflectance below which a pixel tells noise


def estimate_light(portrait: Portrait) -> np.ndarray:
    """The light of a portrait's photo.

    Returns:
        (16, 32, 3) radiance; an all-black person gives darkness.
    """
    return view_light(portrait.views[-1], portrait.face) / np.float32(portrait.exposure)


def view_light(view: View, face: Window) -> np.ndarray:
    """Light under which Lambert's law turns a view's albedo and normals into its foreground, (16, 32, 3) radiance.

    Non-negative least squares over broad lights. Cast shadows and highlights are not modelled, so pixels that depart
    far from the fit are left out in a second round. Light from behind hardly reaches what the camera sees: there the
    estimate is what the light net expects, or without one the mean of what is known.
    """
    normals, arriving, weights = _observations(view, face)
    lobes = _lobes()
    texels = light_maps.directions(HEIGHT).reshape(-1, 3).astype(np.float32)
    area = np.broadcast_to(light_maps.solid_angles(HEIGHT), (HEIGHT, 2 * HEIGHT)).reshape(-1)
    shares = lobes * area[:, None]
    received = np.clip(normals @ texels.T, 0, None) @ (shares / np.pi).astype(np.float32)  # (P, lights)
    expected = None if view.light is None else shares.T @ view.light.reshape(-1, 3) / shares.sum(axis=0)[:, None]
    strength = _fit(received, arriving, weights, expected)
    error = np.abs(received @ strength - arriving).mean(axis=1)
    typical = np.median(error) if len(error) else 0.0
    strength = _fit(received, arriving, weights * (error <= 2.5 * typical), expected)
    return (lobes @ strength).reshape(HEIGHT, 2 * HEIGHT, 3).astype(np.float32)


def brightest_direction(light_map: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Part a light map (h, 2h, 3) into one light and an even rest.

    Returns:
        Unit direction towards the light, its irradiance (3,) at perpendicular incidence, and the radiance (3,) of the
        rest; together they hold the map's total light.
    """
    height = light_map.shape[0]
    area = np.broadcast_to(light_maps.solid_angles(height)[:, :, None], (height, 2 * height, 1))
    toward = light_maps.directions(height)
    rest = np.percentile(light_map.reshape(-1, 3), 30, axis=0)
    above = np.maximum(light_map - rest, 0) * area
    peak = toward.reshape(-1, 3)[np.argmax(light_map.sum(axis=-1))]
    near = np.clip(toward @ peak, 0, None)[:, :, None] ** 4
    vector = (toward * (above * near).sum(axis=-1, keepdims=True)).sum(axis=(0, 1))
    length = np.linalg.norm(vector)
    direction = vector / length if length > 0 else np.array([0.0, 0.0, 1.0])
    irradiance = (above * np.clip(toward @ direction, 0, None)[:, :, None]).sum(axis=(0, 1))
    left = np.maximum(light_maps.flux(light_map) - irradiance, 0) / (4 * np.pi)
    return direction, irradiance.astype(np.float32), left.astype(np.float32)


def _observations(view: View, face: Window) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Normals (P, 3), the light that arrives there over π (P, 3), and how much each counts (P,), more than 0."""
    height, width = view.matte.shape
    shrink = max(1.0, np.sqrt(height * width / _PIXELS))
    size = (max(1, round(height / shrink)), max(1, round(width / shrink)))
    maps = [view.normals, view.foreground, view.albedo, view.matte[:, :, None]]
    small = resize(np.concatenate(maps, axis=-1), size)
    normals, foreground, albedo, matte = np.split(small.reshape(-1, 10), [3, 6, 9], axis=-1)
    normals = normals / np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)
    # What is clipped hides its light, what is dark is noise.
    certain = (matte[:, 0] > 0.9) & (albedo.min(axis=-1) > _DARK) & (foreground.max(axis=-1) < 0.98)
    weights = certain * albedo.mean(axis=-1) * _nearness(view.window, face, size)
    counts = weights > 0
    return normals[counts], foreground[counts] / albedo[counts], weights[counts]


def _nearness(window: Window, face: Window, size: tuple[int, int]) -> np.ndarray:
    """Weight of a window's pixels, (h·w,): faces are what the networks know best; clothes are anybody's guess."""
    y, x = window.centres(size)
    y, x = y - (face.top + face.bottom) / 2, x - (face.left + face.right) / 2
    away = (y / max(face.height, 1))[:, None] ** 2 + (x / max(face.width, 1))[None, :] ** 2
    return np.exp(-away).reshape(-1)


def _lobes() -> np.ndarray:
    """Radiance of each light of unit weight at the map's texels, (512, lights)."""
    lobes = np.exp(_SHARPNESS * (light_maps.directions(HEIGHT).reshape(-1, 3) @ light_maps.spiral(_LIGHTS).T - 1))
    # Equal weights make an even sphere of light of that radiance.
    return lobes / lobes.sum(axis=1, keepdims=True)


def _fit(received: np.ndarray, arriving: np.ndarray, weights: np.ndarray, expected: np.ndarray | None) -> np.ndarray:
    """Non-negative strengths (lights, 3) by projected gradients with momentum; expected: (lights, 3), None for even.

    Source: Beck and Teboulle 2009, "A Fast Iterative Shrinkage-Thresholding Algorithm", section 4.
    """
    weighted = received * weights[:, None]
    among, across = (np.asarray(weighted.T @ x, np.float64) for x in (received, arriving))
    # Caution pulls each light towards what is expected of it, brought to the brightness of what is seen.
    caution = _CAUTION * max(float(np.trace(among)), 1e-12)
    if expected is None:
        expected = np.ones((len(among), 3))
    seen = received @ expected
    scale = ((seen * arriving).T @ weights) / np.maximum((seen * seen).T @ weights, 1e-12)
    expected = expected * np.maximum(scale, 0)
    among = among + caution * np.eye(len(among))
    across = across + caution * expected
    stride = 1 / np.linalg.eigvalsh(among)[-1]
    out = ahead = expected
    pace = 1.0
    for _ in range(_STEPS):
        last, out = out, np.maximum(ahead - stride * (among @ ahead - across), 0)
        last_pace, pace = pace, (1 + np.sqrt(1 + 4 * pace**2)) / 2
        ahead = out + (last_pace - 1) / pace * (out - last)
    return out
