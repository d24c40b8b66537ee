"""Windows of a rendered picture for training: drawn, and resampled. Pictures (H, W, C), associated colour."""

from typing import NamedTuple

import cv2
import numpy as np


class Crop(NamedTuple):
    """A similarity of the picture.

    Attributes:
        matrix: (2, 3), takes source pixels to target pixels.
        angle: counter-clockwise turn in radians as seen in the picture.
        flip: mirrored left to right before the turn.
    """

    matrix: np.ndarray
    angle: float
    flip: bool

    def turn(self, vectors: np.ndarray) -> np.ndarray:
        """Turn camera-frame vectors (..., 3) with the picture."""
        c, s = np.cos(self.angle), np.sin(self.angle)
        mirror = np.diag([-1.0 if self.flip else 1.0, 1.0, 1.0])
        rotation = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
        return (vectors @ (rotation @ mirror).T.astype(vectors.dtype)).astype(vectors.dtype)


def crop_rand(
    rng: np.random.Generator,
    side: int,
    face: tuple[float, float, float],
    size: int,
    tight: float,
    upright: bool,
    wide: bool = False,
) -> Crop:
    """Draw a crop between the whole picture and a tight face.

    Args:
        side: of the picture, px.
        face: centre (x, y) and width of the face, as shares of the picture.
        size: side of the crop as it is resampled, px.
        tight: share of crops that show nothing but the face, or half as closely.
        upright: no turn, as when the light map cannot be turned with the picture.
        wide: a quarter of the crops reach beyond the picture, whose border repeats there: a smaller person.
    """
    x, y, width = face
    # The others go up to a face that fills half of the width.
    is_tight = rng.uniform() < tight
    tightest = np.clip((1 if is_tight else 0.55) / width, 1.05, 4)
    zoom = float(np.exp(np.log(tightest) * rng.uniform(0.5 if is_tight else 0, 1)))
    if wide and rng.uniform() < 0.25:
        zoom = float(rng.uniform(0.5, 1))
    toward_face = np.clip((zoom - 1) / 0.6, 0, 1)
    centre = np.array([0.5, 0.5]) * (1 - toward_face) + np.array([x, y]) * toward_face
    # A crop stays inside the picture, or the picture inside the crop.
    low, high = sorted((0.5 / zoom, 1 - 0.5 / zoom))
    centre = rng.uniform(low, high, 2) if zoom < 1 else np.clip(centre + rng.normal(0, 0.06, 2), low, high)
    centre = centre * side
    flip = bool(rng.uniform() < 0.5)
    angle = 0.0 if upright else float(np.clip(rng.normal(0, 0.1), -0.35, 0.35))
    scale = zoom * size / side
    c, s = np.cos(angle) * scale, np.sin(angle) * scale
    linear = np.array([[c, s], [-s, c]]) @ np.diag([-1.0 if flip else 1.0, 1.0])  # y points down
    offset = np.array([size / 2, size / 2]) - linear @ centre
    # Pixel centres lie at whole numbers for warpAffine and at halves here.
    offset += linear @ [0.5, 0.5] - 0.5
    return Crop(np.column_stack([linear, offset]), angle, flip)


def warp(picture: np.ndarray, crop: Crop, size: int) -> np.ndarray:
    """Resample (H, W, C) to (size, size, C); shrinking is antialiased, the border repeats."""
    matrix = crop.matrix.copy()
    while np.hypot(*matrix[:, 0]) < 0.75:
        picture = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        matrix[:, 2] += matrix[:, :2] @ [0.5, 0.5]
        matrix[:, :2] *= 2
    out = [
        cv2.warpAffine(part, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for part in np.split(picture, range(4, picture.shape[2], 4), axis=2)
    ]
    return np.concatenate([part if part.ndim == 3 else part[:, :, None] for part in out], axis=2)


def straight(associated: np.ndarray, matte: np.ndarray) -> np.ndarray:
    """Divide by coverage; black where hardly anything is covered."""
    return np.where(matte > 0.01, associated / np.maximum(matte, 0.01), 0).astype(np.float32)
