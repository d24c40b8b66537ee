"""Painting on a surface: which texels of its texture layout it covers, and where each of them lies on it.

Textures are (H, W, …) with the top row first; uv has v up, as in ``bust.Part``. M: texels covered, V vertices, F faces.
"""

from dataclasses import dataclass

import numpy as np

_MARGIN = 4  # texels painted beyond the edge of a chart, for the filter that looks them up


@dataclass(frozen=True)
class Canvas:
    """The texels of a texture that show a surface.

    Attributes:
        index: (H, W) int32, the row of ``values`` that a texel shows; −1 where nothing does.
        texels: (M, 2) row and column of each value's own texel.
        values: (M, C) the surface's vertex values there.
    """

    index: np.ndarray
    texels: np.ndarray
    values: np.ndarray

    def picture(self, painted: np.ndarray, blank: np.ndarray | float) -> np.ndarray:
        """The texture (H, W, C) of what was painted on each texel, (M, C); ``blank`` where there is no surface."""
        filled = np.concatenate([painted, np.full((1, painted.shape[1]), blank, painted.dtype)])
        return filled[self.index]


def canvas_of(uv: np.ndarray, faces: np.ndarray, values: np.ndarray, height: int, width: int) -> Canvas:
    """Spread vertex values over the texels of a layout.

    Args:
        uv: (F, 4, 2) in [0, 1].
        faces: (F, 4), −1 last for a triangle.
        values: (V, C).
    """
    corners = np.where(faces < 0, faces[:, 2:3], faces)
    uv = np.where((faces < 0)[..., None], uv[:, 2:3], uv)
    at = np.stack([(1 - uv[..., 1]) * height, uv[..., 0] * width], -1)
    extent = np.ptp(at, axis=1).max(1)
    # Corners first, so that a product of matrices interpolates place and values of all faces at once.
    known = np.concatenate([at, values[corners]], -1).astype(np.float32).transpose(1, 0, 2)  # (4, F, 2 + C)
    texture = np.zeros((height, width, values.shape[1]), np.float32)
    covered = np.zeros((height, width), bool)
    # Each face is sampled on a grid a little finer than the texels: plain, and quick without a rasteriser.
    for steps in (3, 5, 8, 12, 18, 28, 44, 70, 110):
        last = steps == 110
        chosen = (extent * 1.2 + 1 <= steps) | last
        chosen &= extent >= 0
        if not chosen.any():
            continue
        t = np.linspace(0, 1, steps, dtype=np.float32)
        a, b = (g.ravel() for g in np.meshgrid(t, t, indexing="ij"))
        weights = np.stack([(1 - a) * (1 - b), a * (1 - b), a * b, (1 - a) * b], -1)
        found = (weights @ known[:, chosen].reshape(4, -1)).reshape(-1, known.shape[2])
        place = np.clip(found[:, :2].astype(np.int32), 0, (height - 1, width - 1))
        texture[place[:, 0], place[:, 1]] = found[:, 2:]
        covered[place[:, 0], place[:, 1]] = True
        extent = np.where(chosen, -1, extent)
    texels = np.argwhere(covered).astype(np.int32)
    index = np.full((height, width), -1, np.int32)
    index[covered] = np.arange(len(texels))
    return Canvas(_spread(index), texels, texture[covered])


def _spread(index: np.ndarray) -> np.ndarray:
    """Let empty texels near the edge of a chart show their neighbour."""
    for _ in range(_MARGIN):
        for shift, axis in ((1, 0), (-1, 0), (1, 1), (-1, 1)):
            index = np.where(index < 0, np.roll(index, shift, axis), index)
    return index
