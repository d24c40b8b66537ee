"""Where the face is, and which windows of a photo the networks look at. NumPy alone: the add-on runs it.

Windows are in the photo's pixels. Parsing is (h, w, 8): background, then the labels of ``config.PARSED``.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from .config import PARSED
from .resampling import Window, box_mean, resize

STRIDE = 32  # the networks halve a picture five times

_SKIN = PARSED.index("skin") + 1
_FEATURES = [PARSED.index(name) + 1 for name in ("brows", "eyes", "lips", "mouth")]

# Shares of a picture that a face's skin and its brows, eyes and lips must cover to count as one. A face 1/16 of the
# picture's height is above the first pair, which asks for a closer look; the second pair is asked of that look.
FAINT = (0.0008, 0.00004)
CERTAIN = (0.02, 0.0008)

# In heights of brows-to-lips (about 0.1 m): a window from above the hair to the chest, as in the training pictures.
_PORTRAIT_SIDE = 4.2
# Brows to lips are about 0.7 of the root of a face's area; features that spread further are mistaken.
_FEATURES_PER_ROOT_AREA = 0.85
_PORTRAIT_DROP = 0.35
_SAME = 0.8  # of the longer box: a rough first box of a small face is 0.6 off, what a cup shows of one 1.1
# Of a window's side: one that ends so near the photo's border is moved there, where it needs no fading.
_EDGE = 0.1


def snap(length: float) -> int:
    """The multiple of the networks' stride nearest to ``length``, at least one."""
    return max(1, round(length / STRIDE)) * STRIDE


def fit(window: Window, working_px: int) -> tuple[Window, tuple[int, int]]:
    """Scale a window so that its longer side is ``working_px``, and widen it to whole strides.

    Returns:
        the widened window and the size (h, w) it is resampled to, with square pixels.
    """
    scale = working_px / max(window.height, window.width)
    h, w = (STRIDE * int(np.ceil(side * scale / STRIDE - 1e-6)) for side in (window.height, window.width))
    grow_y, grow_x = (h / scale - window.height) / 2, (w / scale - window.width) / 2
    return Window(window.top - grow_y, window.left - grow_x, window.bottom + grow_y, window.right + grow_x), (h, w)


def closer_looks(shape: tuple[int, int]) -> Iterator[Window]:
    """Overlapping squares that search a photo (H, W) in which the whole showed no face, from the top."""
    side = min(shape) if max(shape) > 1.3 * min(shape) else min(shape) * 0.5
    for top in _starts(shape[0], side):
        for left in _starts(shape[1], side):
            yield Window(top, left, top + side, left + side)


def _starts(length: int, side: float) -> np.ndarray:
    count = int(np.ceil((length - side) / (side / 2))) + 1
    return np.linspace(0, length - side, max(count, 1))


def find_face(parsing: np.ndarray, window: Window, shares: tuple[float, float] = CERTAIN) -> Window | None:
    """The box around the brows, eyes and lips of the most prominent face, in the photo's pixels.

    Args:
        parsing: (h, w, 8) probabilities of what ``window`` shows.
        shares: least shares of the window that skin with features, and features alone, must cover.
    """
    found = _most_prominent(parsing, window, shares)
    return found[0] if found is not None else None


def find_faces(parsing: np.ndarray, window: Window, shares: tuple[float, float] = CERTAIN) -> list[Window]:
    """The boxes of all faces, the most prominent first; arguments as for ``find_face``."""
    faces, rest = [], parsing
    while (found := _most_prominent(rest, window, shares)) is not None:
        faces.append(found[0])
        rest = np.where(found[1][:, :, None], 0, rest)
    return faces


def _most_prominent(
    parsing: np.ndarray, window: Window, shares: tuple[float, float]
) -> tuple[Window, np.ndarray] | None:
    """A face's box, and the skin and features that hang together with it, (h, w)."""
    h, w = parsing.shape[:2]
    features = parsing[:, :, _FEATURES].sum(axis=-1)
    features = np.where(features > 0.4, features, 0)
    if not features.any():
        return None
    # The most prominent face is where most features lie close together.
    crowd = box_mean(features, max(2, max(h, w) // 24)) * (features > 0)
    face = _connected((features > 0) | (features + parsing[:, :, _SKIN] > 0.5), crowd == crowd.max())
    own = np.where(face, features, 0)
    if face.mean() < shares[0] or own.sum() / own.size < shares[1]:
        return None
    most = _FEATURES_PER_ROOT_AREA * float(np.sqrt(face.sum()))
    top, bottom = _extent(own.sum(axis=1), most)
    left, right = _extent(own.sum(axis=0), most)
    y, x = window.height / h, window.width / w
    box = Window(window.top + top * y, window.left + left * x, window.top + bottom * y, window.left + right * x)
    return box, face


def attached(matte: np.ndarray, window: Window, faces: Sequence[Window]) -> np.ndarray:
    """The part of a view's matte (h, w) that hangs together with the faces; things elsewhere are not these people.

    Args:
        window: what the view shows of the photo.
        faces: boxes of the faces in the photo's pixels.
    """
    return np.max([_attached(matte, window, face) for face in faces if shows(window, face)], axis=0)


def overruled(
    matte: np.ndarray, window: Window, closer: np.ndarray, closer_window: Window, shape: tuple[int, int]
) -> np.ndarray:
    """A coarse look's matte (h, w), replaced where a closer look at the photo (H, W) has seen the same, (h, w).

    What the coarse look takes for a part of the person (a lamp over the head, a column of the backdrop) no longer
    hangs together with them where the closer one sees through.
    """
    y, x = closer.shape[0] / closer_window.height, closer.shape[1] / closer_window.width
    top, left = (window.top - closer_window.top) * y, (window.left - closer_window.left) * x
    same = Window(top, left, top + window.height * y, left + window.width * x)
    stack = np.stack([closer, fade(closer_window, closer.shape, shape)], axis=-1)
    known, weight = np.moveaxis(resize(stack, matte.shape, same), -1, 0)
    # Beyond a border inside the photo the weight stays the 0 that it has faded to.
    return matte + weight * (known - matte)


def shows(window: Window, face: Window) -> bool:
    """Whether the middle of a face lies in a window."""
    y, x = _middle(face)
    return window.top <= y <= window.bottom and window.left <= x <= window.right


def nearest(faces: Sequence[Window], face: Window) -> Window:
    """The face whose middle is nearest to another's."""
    y, x = _middle(face)
    return min(faces, key=lambda other: (_middle(other)[0] - y) ** 2 + (_middle(other)[1] - x) ** 2)


def are_same(first: Window, second: Window) -> bool:
    """Whether boxes that two looks drew around a face can be of one: the middles are nearer than the boxes are long."""
    (y, x), (v, u) = _middle(first), _middle(second)
    longest = max(first.height, first.width, second.height, second.width)
    return float(np.hypot(y - v, x - u)) < _SAME * longest


def _middle(window: Window) -> tuple[float, float]:
    return (window.top + window.bottom) / 2, (window.left + window.right) / 2


def _attached(matte: np.ndarray, window: Window, face: Window) -> np.ndarray:
    body = _connected(matte > 0.5, window.marked(face, matte.shape)).astype(np.float32)
    if not body.any():  # a face that the matte missed says nothing about the rest
        return matte
    # The soft edge reaches a few pixels beyond the solid part.
    return matte * np.clip(box_mean(body, 4) * 8, 0, 1)


def _connected(mask: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """The parts of ``mask`` that hang together with some of ``seeds``; both (h, w)."""
    # Whole runs of rows, then of columns, are taken in turn: a few rounds reach around a head.
    grown, last = mask & seeds, None
    rows, columns = _runs(mask), _runs(mask.T).T
    while last is None or (grown != last).any():
        last = grown
        for runs in (rows, columns):
            reached = np.zeros(mask.size + 1, bool)
            reached[runs[grown]] = True
            grown = reached[runs] & mask
    return grown


def _runs(mask: np.ndarray) -> np.ndarray:
    """A number for each pixel (h, w), the same within a run of set pixels of a row and in no other run."""
    starts = mask.copy()
    starts[:, 1:] &= ~mask[:, :-1]
    return np.cumsum(starts).reshape(mask.shape)


def _extent(profile: np.ndarray, most: float) -> tuple[float, float]:
    """The interval, at most ``most`` long, that holds all but the outer 2% at either end: strays do not widen it."""
    total = np.cumsum(profile) / profile.sum()
    low, high = float(np.searchsorted(total, 0.02)), float(np.searchsorted(total, 0.98) + 1)
    excess = max(high - low - most, 0) / 2
    return low + excess, high - excess


def portrait_window(face: Window, shape: tuple[int, int]) -> Window:
    """The window from hair to chest around a face, moved and cut to lie in the photo (H, W)."""
    # A turned face is narrower than it is high, a bowed one lower than wide: the larger says the head's size.
    unit = max(face.height, 0.9 * face.width)
    side = _PORTRAIT_SIDE * unit
    middle_y = (face.top + face.bottom) / 2 + _PORTRAIT_DROP * unit
    middle_x = (face.left + face.right) / 2
    window = Window(middle_y - side / 2, middle_x - side / 2, middle_y + side / 2, middle_x + side / 2)
    return _inside(window, shape, _EDGE)


def matte_window(matte: np.ndarray) -> Window:
    """The box of a matte (H, W) with a margin of a tenth, cut to lie in the photo."""
    rows, columns = np.flatnonzero((matte > 0.5).any(axis=1)), np.flatnonzero((matte > 0.5).any(axis=0))
    margin = 0.1 * max(np.ptp(rows), np.ptp(columns)) + 1
    box = Window(rows[0] - margin, columns[0] - margin, rows[-1] + 1 + margin, columns[-1] + 1 + margin)
    return _inside(box, matte.shape)


def _inside(window: Window, shape: tuple[int, int], edge: float = 0.0) -> Window:
    """A window moved and cut to lie in the photo (H, W), and moved to a border nearer than ``edge`` of its side."""
    sides = []
    for low, high, length in ((window.top, window.bottom, shape[0]), (window.left, window.right, shape[1])):
        size = min(high - low, length)
        low = 0 if low < edge * size else min(max(low, 0), length - size)
        low = length - size if length - size - low < edge * size else low
        sides.append((low, low + size))
    return Window(sides[0][0], sides[1][0], sides[0][1], sides[1][1])


def fade(window: Window, size: tuple[int, int], shape: tuple[int, int]) -> np.ndarray:
    """Weight (h, w) of a view: 1 inside, falling to 0 at those of its borders that lie inside the photo (H, W)."""
    ramps = []
    for low, high, count, length in (
        (window.top, window.bottom, size[0], shape[0]),
        (window.left, window.right, size[1], shape[1]),
    ):
        place = (np.arange(count) + 0.5) / count
        ramp = np.ones(count)
        if low > 1:
            ramp = np.minimum(ramp, place / 0.1 - 0.15)
        if high < length - 1:
            ramp = np.minimum(ramp, (1 - place) / 0.1 - 0.15)
        ramps.append(np.clip(ramp, 0, 1))
    return (ramps[0][:, None] * ramps[1]).astype(np.float32)
