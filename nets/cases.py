"""What weights are tested on: photos of people that training never saw, and the pictures wanted of them.

The same in every run: what is drawn depends on SEED and on the subject's place in the dataset alone. Arrays are
(H, W, C) float32, scene-linear and straight but for ``photo``, which is sRGB-encoded.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ..scenes.light_map import olat_weights
from ..synth.census import ita_class, ita_deg
from .config import PARSED
from .crops import straight
from .data import ALBEDO, FULL, MATTE, NORMAL, PARSING, Dataset, Subject
from .examples import lit
from .illumination import stage_light
from .photography import backdrop_behind, develop, exposure

SEED = 7
PANORAMAS, LAMPS = 4, 8  # lights that a photo is relit by
# The wanted light: a test panorama; one light of the stage alone; the photo's own; a panorama under which the wanted
# picture was rendered directly instead of summed from OLAT images.
KINDS = ("hdri", "lamp", "own", "rendered")
BEHIND = -0.3  # lamps farther behind the person than this (z of their direction) light no face
SHADE = 0.5  # less than this share of a lamp's light is shadow


class Wanted(NamedTuple):
    """A picture that is wanted of a photo.

    Attributes:
        light_map: (64, 128, 3).
        relit: (H, W, 3).
        shaded: (H, W, 2) for a lamp: what is in shadow, and what can be said of; else None.
    """

    kind: str
    light_map: np.ndarray
    relit: np.ndarray
    shaded: np.ndarray | None = None


class Photo(NamedTuple):
    """A photo, what it was made of, and the pictures that are wanted of it; skin: class of the typology angle."""

    name: str
    skin: str
    photo: np.ndarray
    matte: np.ndarray
    normal: np.ndarray
    albedo: np.ndarray
    parsing: np.ndarray
    wanted: tuple[Wanted, ...]


def photos(dataset: Dataset) -> Iterator[Photo]:
    """One photo of every subject that has OLAT images, under a test panorama."""
    for index, subject in enumerate(dataset.subjects):
        if subject.olat is None:
            continue
        assert subject.directions is not None
        rng = np.random.default_rng([SEED, index])
        first, *lights = (_turned(rng, dataset.lights, index + k) for k in range(1 + PANORAMAS))
        front = np.flatnonzero(subject.directions[:, 2] > BEHIND)
        lamps = rng.choice(front, min(LAMPS, len(front)), replace=False)
        weights = [olat_weights(light, subject.directions, subject.half_angle) for light in (first, *lights)]
        weights += [np.eye(len(subject.directions), dtype=np.float32)[lamp][:, None].repeat(3, 1) for lamp in lamps]
        # Halves hold what comes out when the light's mean is about 1.
        stack = np.stack([w / w.mean() for w in weights])
        pictures = lit(subject, stack)
        pictures = pictures[..., :3] + pictures[..., 3:]
        matte = subject.maps[:, :, MATTE].astype(np.float32)
        maps = [stage_light(w, subject.directions, subject.half_angle) for w in stack]
        kinds = ["own"] + ["hdri"] * PANORAMAS + ["lamp"] * len(lamps)
        shaded = [None] * (1 + PANORAMAS) + [_shaded(subject, lamp) for lamp in lamps]
        wanted = [
            Wanted(kind, light_map, straight(picture, matte), shade)
            for kind, light_map, picture, shade in zip(kinds, maps, pictures, shaded, strict=True)
        ]
        if subject.is_under(dataset.config.test_hdris):
            full = straight(subject.maps[:, :, FULL].astype(np.float32), matte)
            wanted.append(Wanted("rendered", subject.light_map, full))
        yield _photo(subject, pictures[0], first, tuple(wanted))


def _turned(rng: np.random.Generator, lights: list[np.ndarray], index: int) -> np.ndarray:
    """A test panorama, each in its turn, turned at random."""
    return np.roll(lights[index % len(lights)], rng.integers(128), axis=1)


def _shaded(subject: Subject, lamp: int) -> np.ndarray | None:
    if subject.visible is None:
        return None
    height, width = subject.maps.shape[:2]
    out = np.zeros((height * width, 2), np.float32)
    share, sure = subject.visible[:, lamp]
    out[subject.pixels, 0], out[subject.pixels, 1] = share < SHADE, sure > 0.99
    return out.reshape(height, width, 2)


def _photo(subject: Subject, portrait: np.ndarray, light: np.ndarray, wanted: tuple[Wanted, ...]) -> Photo:
    maps = subject.maps.astype(np.float32)
    matte = maps[:, :, MATTE]
    albedo = straight(maps[:, :, ALBEDO], matte)
    normal = maps[:, :, NORMAL]
    normal = normal / np.maximum(np.linalg.norm(normal, axis=2, keepdims=True), 1e-6)
    parsing = maps[:, :, PARSING]
    skin = parsing[:, :, PARSED.index("skin")] > 0.9
    angle = ita_deg(np.median(albedo[skin], axis=0)) if skin.any() else np.nan
    factor = exposure(portrait, matte)
    photo = develop(portrait * factor + (1 - matte) * backdrop_behind(light, portrait.shape[0]))
    return Photo(
        subject.name,
        ita_class(float(angle)) if skin.any() else "no skin",
        photo,
        matte,
        normal,
        albedo,
        np.concatenate([1 - matte, parsing], axis=2),
        wanted,
    )
