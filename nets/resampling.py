"""Windows of a picture, resampled; box and guided filters. NumPy alone: the add-on runs it.

Shapes: H W the photo's, h w a small picture's, C channels. Pixel (row i, column j) covers [i, i+1) × [j, j+1);
windows are in such coordinates, may be fractional and may reach beyond the picture, whose edge pixels then go on.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

# Output rows to a matrix product: so few that the band of weights is narrow, and that BLAS keeps it on one thread; its
# threads wait for one another on a busy machine, which made enlarging three times slower.
_ROWS = 8


class Window(NamedTuple):
    """A rectangle in a picture's pixel coordinates, (0, 0) its top left corner."""

    top: float
    left: float
    bottom: float
    right: float

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def width(self) -> float:
        return self.right - self.left

    def centres(self, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Where the pixels of a picture (h, w) of this window have their centres: y (h,) and x (w,)."""
        y, x = ((np.arange(count) + 0.5) / count for count in shape)
        return self.top + y * self.height, self.left + x * self.width

    def marked(self, box: "Window", shape: tuple[int, int]) -> np.ndarray:
        """Which pixels of a picture (h, w) of this window have their centres in a box, (h, w)."""
        y, x = self.centres(shape)
        return ((y > box.top) & (y < box.bottom))[:, None] & ((x > box.left) & (x < box.right))[None, :]


class Band(NamedTuple):
    """Some rows of a linear resampling: those from ``first`` on are weights (n, k) @ the input's from ``low`` on."""

    first: int
    low: int
    weights: np.ndarray


@lru_cache(maxsize=128)
def _bands(count: int, length: int, start: float, stop: float, smooth: bool) -> tuple[Band, ...]:
    """Sample ``count`` cells that divide [start, stop) of an axis of ``length`` pixels.

    The kernel is a triangle, or a cubic B-spline when ``smooth``; both widen when the picture shrinks, so that
    nothing aliases. The B-spline does not pass through its samples, but has no corners: enlarged shading stays smooth.
    """
    scale = (stop - start) / count
    widening = max(scale, 1.0)
    radius = (2.0 if smooth else 1.0) * widening
    centres = start + (np.arange(count) + 0.5) * scale - 0.5
    offsets = np.arange(int(np.ceil(2 * radius)) + 1)
    indices = np.floor(centres - radius).astype(np.int64)[:, None] + offsets
    distance = np.abs(indices - centres[:, None]) / widening
    if smooth:
        weights = np.where(distance < 1, (4 - 6 * distance**2 + 3 * distance**3), np.clip(2 - distance, 0, None) ** 3)
    else:
        weights = np.clip(1 - distance, 0, None)
    weights /= weights.sum(axis=1, keepdims=True)
    indices = np.clip(indices, 0, length - 1)
    bands = []
    for first in range(0, count, _ROWS):
        rows = slice(first, first + _ROWS)
        low, high = int(indices[rows].min()), int(indices[rows].max()) + 1
        band = np.zeros((len(indices[rows]), high - low), np.float32)
        np.add.at(band, (np.arange(len(band))[:, None], indices[rows] - low), weights[rows])
        band.setflags(write=False)
        bands.append(Band(first, low, band))
    return tuple(bands)


def _blend_rows(picture: np.ndarray, bands: tuple[Band, ...], first: int, last: int, top: int = 0) -> np.ndarray:
    """Rows ``first`` to ``last`` of a resampled picture, whose rows from ``top`` on are ``picture`` (N, M)."""
    out = np.empty((last - first, picture.shape[1]), np.float32)
    for start, low, weights in bands[first // _ROWS : -(-last // _ROWS)]:
        weights = weights[max(first - start, 0) : last - start]
        place = max(start - first, 0)
        rows = picture[low - top : low - top + weights.shape[1]]
        np.matmul(weights, rows, out=out[place : place + len(weights)])
    return out


def _resample_rows(picture: np.ndarray, count: int, bands: tuple[Band, ...], top: int = 0) -> np.ndarray:
    """Resample (N, ...), the rows from ``top`` on, along its first axis to ``count``."""
    return _blend_rows(picture.reshape(len(picture), -1), bands, 0, count, top).reshape(count, *picture.shape[1:])


def _resample_columns(picture: np.ndarray, count: int, bands: tuple[Band, ...], left: int = 0) -> np.ndarray:
    """Resample (h, W, C), the columns from ``left`` on, along its second axis to ``count``."""
    turned = np.ascontiguousarray(picture.transpose(1, 0, 2))
    return np.ascontiguousarray(_resample_rows(turned, count, bands, left).transpose(1, 0, 2))


def _reach(bands: tuple[Band, ...]) -> tuple[int, int]:
    """The first input row that counts and the one after the last."""
    return min(band.low for band in bands), max(band.low + band.weights.shape[1] for band in bands)


def resize(picture: np.ndarray, size: tuple[int, int], window: Window | None = None) -> np.ndarray:
    """Resample a window (all of it by default) of a picture (H, W, C) or (H, W) to ``size`` (h, w)."""
    flat = picture.ndim == 2
    picture = picture[:, :, None] if flat else picture
    height, width = picture.shape[:2]
    window = window or Window(0, 0, height, width)
    rows = _bands(size[0], height, window.top, window.bottom, smooth=False)
    columns = _bands(size[1], width, window.left, window.right, smooth=False)
    (top, bottom), (left, right) = _reach(rows), _reach(columns)
    shrunk = _resample_rows(np.asarray(picture[top:bottom, left:right], np.float32), size[0], rows, top)
    out = _resample_columns(shrunk, size[1], columns, left)
    return out[:, :, 0] if flat else out


class Enlarged:
    """A small picture (h, w, C) that covers ``window`` of a photo, enlarged to the photo's pixels strip by strip.

    Beyond its window the small picture's edge goes on.
    """

    def __init__(self, small: np.ndarray, window: Window, shape: tuple[int, int]):
        h, w = small.shape[:2]
        y, x = h / window.height, w / window.width
        columns = _bands(shape[1], w, -window.left * x, (shape[1] - window.left) * x, smooth=True)
        self._rows = _bands(shape[0], h, -window.top * y, (shape[0] - window.top) * y, smooth=True)
        self._wide = _resample_columns(np.asarray(small, np.float32), shape[1], columns)  # (h, W, C)

    def rows(self, first: int, last: int) -> np.ndarray:
        """The photo's rows ``first`` to ``last``, (last − first, W, C)."""
        h, width, channels = self._wide.shape
        return _blend_rows(self._wide.reshape(h, -1), self._rows, first, last).reshape(last - first, width, channels)


def box_mean(picture: np.ndarray, radius: int) -> np.ndarray:
    """Mean over a square of 2·radius + 1 px around each pixel of (h, w, ...), at borders over the part inside.

    As precise as it comes in: float32 or float64.
    """
    picture = np.asarray(picture, np.result_type(picture, np.float32))
    for axis in (0, 1):
        count = picture.shape[axis]
        inside = np.minimum(np.arange(count) + radius + 1, count) - np.maximum(np.arange(count) - radius, 0)
        total = _window_sums(picture if axis == 0 else picture.swapaxes(0, 1), radius)
        picture = total if axis == 0 else total.swapaxes(0, 1)
        picture /= inside.astype(picture.dtype).reshape([-1 if a == axis else 1 for a in range(picture.ndim)])
    return picture


def _window_sums(rows: np.ndarray, radius: int) -> np.ndarray:
    """Sum of rows i − radius to i + radius of (N, ...) for each i, with nothing beyond its ends.

    Sums of 1, 2, 4, … rows come from one another, and 2·radius + 1 rows are a few of those: work grows with the
    logarithm of the radius, and nothing is subtracted, as running totals would have it.
    """
    count, first, size, left = len(rows), 0, 1, 2 * radius + 1
    sums = np.zeros((count + 2 * radius, *rows.shape[1:]), rows.dtype)
    sums[radius : radius + count] = rows
    total = np.zeros(rows.shape, rows.dtype)
    while left:
        if left % 2:
            total += sums[first : first + count]
            first += size
        left //= 2
        if left:
            sums = sums[:-size] + sums[size:]
            size *= 2
    return total


def neighbourhood_range(picture: np.ndarray, radius: int) -> np.ndarray:
    """Least and greatest value in a square of 2·radius + 1 px around each pixel of (h, w), as (h, w, 2)."""
    sides = []
    for extreme in (np.minimum, np.maximum):
        out = picture
        for axis in (0, 1):
            padding = [(radius, radius) if a == axis else (0, 0) for a in (0, 1)]
            padded = np.pad(out, padding, mode="edge")
            out = extreme.reduce([padded.take(range(i, i + picture.shape[axis]), axis) for i in range(2 * radius + 1)])
        sides.append(out)
    return np.stack(sides, axis=-1)


def guided_coefficients(guide: np.ndarray, target: np.ndarray, radius: int, epsilon: float) -> np.ndarray:
    """Express ``target`` (h, w) as a local affine function of ``guide`` (h, w, 3).

    Returns:
        (h, w, 4) float32: slopes of the three channels, then the offset. Enlarged and applied to a larger guide they
        make an enlarged target whose edges follow that guide.
    Source: He, Sun, Tang, "Guided image filtering", ECCV 2010, eqs. 14-16; coefficients enlarged as in He, Sun,
        "Fast guided filter", 2015.
    """
    guide, target = np.asarray(guide, np.float64), np.asarray(target, np.float64)
    mean_guide, mean_target = box_mean(guide, radius), box_mean(target, radius)
    cross = box_mean(guide * target[..., None], radius) - mean_guide * mean_target[..., None]
    covariance = box_mean(guide[..., :, None] * guide[..., None, :], radius)
    covariance -= mean_guide[..., :, None] * mean_guide[..., None, :]
    slopes = np.linalg.solve(covariance + epsilon * np.eye(3), cross[..., None])[..., 0]
    offset = mean_target - (slopes * mean_guide).sum(axis=-1)
    return box_mean(np.concatenate([slopes, offset[..., None]], axis=-1), radius).astype(np.float32)


def extrapolate(values: np.ndarray, weight: np.ndarray, reach: int | None = None) -> np.ndarray:
    """Continue ``values`` (h, w, C) smoothly from where ``weight`` (h, w) is 1 to where it is 0.

    Without it, enlarging would mix what stands outside a matte into its edge: a halo.

    Args:
        reach: pixels beyond which the mean will do; None for smooth everywhere, which takes longer.
    """
    values, weight = np.asarray(values, np.float32), np.asarray(weight, np.float32)[..., None]
    if weight.max() <= 0:
        return values
    known = values * weight
    filled = np.broadcast_to(known.mean((0, 1), np.float64) / weight.mean(dtype=np.float64), values.shape)
    # From coarse to fine, each scale says what it knows: near the edge the nearest values win.
    radius = reach or max(values.shape[:2]) // 4
    while radius >= 1:
        near = box_mean(weight, radius)
        trust = np.minimum(near * 8, 1)
        filled = trust * (box_mean(known, radius) / np.maximum(near, 1e-9)) + (1 - trust) * filled
        radius //= 3
    return (known + (1 - weight) * filled).astype(np.float32)
