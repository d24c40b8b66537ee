"""The surface under a photo: depth whose slopes fit the normals, and a mesh of it. No bpy: a thread runs it.

Heights grow towards the camera; rows of arrays go down, +y goes up. h w are a small picture's sides.
"""

from typing import NamedTuple

import numpy as np

from ..nets.infer import Portrait, resize

# Brows to lips of an adult: 0.1 m, where a head is 0.23 m high.
FACE_M = 0.10
# What a person cut out by hand, without a face that was found, is taken to measure: head and chest.
BUST_M = 0.6
# The nearest point of a person in a depth map; how far the camera was, a photo does not say.
NEAREST_M = 1.0
GRID_PX = 192  # longer side of a relief

# Normals that look away by more say little about the slope: cos 78°.
_LEAST_Z = 0.2
_OUTSIDE = 0.005  # weight of the slopes where there is nobody, whose height is free to follow
_CONVERGED = 1e-4
_MOST_STEPS = 120


class Relief(NamedTuple):
    """A surface of quads in metres: x right, y up from the picture's lower edge, z towards the camera.

    Attributes:
        vertices: (N, 3), its mean height 0.
        faces: (M, 4) indices, counter-clockwise seen from the camera.
        uv: (N, 2) of each vertex in the picture, (0, 0) its lower left corner.
    """

    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray


def metres_per_pixel(portrait: Portrait) -> float:
    """The scale of a photo, from the size of the face in it."""
    height = len(portrait.matte)
    rows = np.flatnonzero((portrait.matte > 0.5).any(axis=1))
    person = rows[-1] + 1 - rows[0] if len(rows) else height
    # A face's box is a small part of the person; the box of a matte is all of them.
    if portrait.face.height > 0.9 * person:
        return BUST_M / portrait.face.height
    return FACE_M / portrait.face.height


def integrate(normals: np.ndarray, matte: np.ndarray) -> np.ndarray:
    """The heights (h, w), in pixels, whose slopes fit the normals best by least squares; 0 in the mean on the matte.

    Conjugate gradients on the normal equations of the weighted slopes, preconditioned with the solution for even
    weights, which the Fourier transform of the mirrored picture gives at once.

    Args:
        normals: (h, w, 3) in the camera frame.
        matte: (h, w) in [0, 1].
    """
    normals = np.where(matte[:, :, None] > 0.02, normals, (0.0, 0.0, 1.0)).astype(np.float64)
    z = np.maximum(normals[:, :, 2], _LEAST_Z)
    slopes = (normals[:, :, 1] / z, -normals[:, :, 0] / z)  # down the rows, along the columns
    trust = np.maximum(matte * z, _OUTSIDE)
    # At the outline the slope is the person's own.
    sums = [_ahead(trust, axis) + _behind(trust, axis) for axis in (0, 1)]
    wanted = [(_ahead(s * trust, axis) + _behind(s * trust, axis)) / sums[axis] for axis, s in enumerate(slopes)]
    weights = [np.minimum(_ahead(trust, axis), _behind(trust, axis)) for axis in (0, 1)]

    def apply(height: np.ndarray) -> np.ndarray:
        return sum(_gather(weights[axis] * np.diff(height, axis=axis), axis) for axis in (0, 1))

    target = sum(_gather(weights[axis] * wanted[axis], axis) for axis in (0, 1))
    solve_evenly = _poisson(matte.shape)
    height = np.zeros(matte.shape)
    residual = target
    direction = ready = solve_evenly(residual)
    power = first = float((residual * ready).sum())
    for _ in range(_MOST_STEPS):
        if power <= _CONVERGED**2 * first:
            break
        pushed = apply(direction)
        step = power / float((direction * pushed).sum())
        height = height + step * direction
        residual = residual - step * pushed
        ready = solve_evenly(residual)
        last, power = power, float((residual * ready).sum())
        direction = ready + power / last * direction
    return (height - np.average(height, weights=np.maximum(matte, 1e-6))).astype(np.float32)


def depth_of(portrait: Portrait) -> np.ndarray:
    """Metres along the viewing axis, (H, W): NEAREST_M at the nearest point, 0 outside the matte."""
    height, pitch_m = _heights(portrait)
    depth = -resize(height[:, :, None], portrait.matte.shape)[:, :, 0] * pitch_m
    inside = portrait.matte > 0.02
    nearest = float(depth[inside].min()) if inside.any() else 0.0
    return np.where(inside, depth - nearest + NEAREST_M, 0).astype(np.float32)


def build_relief(portrait: Portrait) -> Relief:
    """The person's surface as the normals tell it, in metres."""
    height, pitch_m = _heights(portrait)
    h, w = height.shape
    inside = resize(portrait.matte[:, :, None], (h, w))[:, :, 0] > 0.02
    corners = np.arange(h * w).reshape(h, w)
    # A quad stands between four pixels' centres; the matte's own alpha cuts the outline out of it.
    covered = inside[1:, 1:] | inside[1:, :-1] | inside[:-1, 1:] | inside[:-1, :-1]
    quads = np.stack([corners[1:, :-1], corners[1:, 1:], corners[:-1, 1:], corners[:-1, :-1]], axis=-1)[covered]
    used, faces = np.unique(quads, return_inverse=True)
    rows, columns = np.divmod(used, w)
    uv = np.stack([(columns + 0.5) / w, 1 - (rows + 0.5) / h], axis=-1)
    across, up = (uv[:, 0] - 0.5) * w, uv[:, 1] * h
    vertices = np.stack([across, up, height.reshape(-1)[used]], axis=-1) * pitch_m
    return Relief(vertices.astype(np.float32), faces.reshape(-1, 4).astype(np.int32), uv.astype(np.float32))


def _heights(portrait: Portrait) -> tuple[np.ndarray, float]:
    """Heights (h, w) in pixels of a small picture, and such a pixel in metres."""
    shape = portrait.matte.shape
    shrink = max(1.0, max(shape) / GRID_PX)
    size = (round(shape[0] / shrink), round(shape[1] / shrink))
    matte = resize(portrait.matte[:, :, None], size)[:, :, 0]
    height = integrate(resize(portrait.normals, size), np.clip(matte, 0, 1))
    return height, metres_per_pixel(portrait) * shape[0] / size[0]


def _ahead(x: np.ndarray, axis: int) -> np.ndarray:
    return x[1:] if axis == 0 else x[:, 1:]


def _behind(x: np.ndarray, axis: int) -> np.ndarray:
    return x[:-1] if axis == 0 else x[:, :-1]


def _gather(edges: np.ndarray, axis: int) -> np.ndarray:
    """What edges between pixels bring to the pixels at their ends: the transpose of ``np.diff``."""
    nothing = [(0, 0), (0, 0)]
    nothing[axis] = (1, 1)
    return -np.diff(np.pad(edges, nothing), axis=axis)


def _poisson(shape: tuple[int, int]):
    """The inverse of the even Laplacian with free edges on (h, w) pictures of mean 0."""
    h, w = shape
    down, across = (2 - 2 * np.cos(2 * np.pi * np.fft.fftfreq(2 * n)) for n in (h, w))
    gain = down[:, None] + across[None, : w + 1]
    gain[0, 0] = np.inf

    def solve(picture: np.ndarray) -> np.ndarray:
        mirrored = np.concatenate([picture, picture[::-1]])
        mirrored = np.concatenate([mirrored, mirrored[:, ::-1]], axis=1)
        return np.fft.irfft2(np.fft.rfft2(mirrored) / gain, s=mirrored.shape)[:h, :w]

    return solve
