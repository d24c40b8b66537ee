"""Rendered samples to batches: this is where light, crop and camera become augmentation.

An OLAT sample is lit by one random light to make the photo and by another to make the picture that is wanted; a
sample without OLAT serves with the one light it was rendered under. Arrays are (H, W, C), batches (B, C, H, W)
float32; colours scene-linear and straight, except ``photo``, which is sRGB-encoded.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from ..errors import RelightError, SampleError
from ..scenes import light_map as light_maps
from ..scenes.colour import srgb_to_linear
from ..scenes.hdris import studio_hdris
from ..scenes.light_map import olat_weights
from ..scenes.packs import find_packs
from ..synth.sample import Olat, Sample, list_samples, read_olat, read_sample
from ..synth.splits import is_test, is_under
from .camera import camera_rand, grade, photograph
from .config import PARSED, DataConfig
from .dyes import dye_rand
from .illumination import light_rand, stage_light
from .photography import as_grey, backdrop_rand, exposure_rand, seen_foreground

PANORAMA_HEIGHT = 512  # for backdrops


@dataclass(frozen=True)
class Subject:
    """A rendered portrait in memory.

    Attributes:
        maps: (H, W, 20) float16, associated: full 3, specular 3, albedo 3, normal 3, matte 1, parsing 7.
        light_map: (64, 128, 3), the light of ``full``.
        face: centre (x, y) and width of the face, as shares of the picture.
        pixels: (P,) indices of covered pixels in row-major order.
        olat: (2, 3, N, P) float16, diffuse and specular, or None.
        directions: (N, 3) of the OLAT lights, or None.
    """

    name: str
    identity: str
    hdri: str
    maps: np.ndarray
    light_map: np.ndarray
    face: tuple[float, float, float]
    pixels: np.ndarray
    olat: Tensor | None
    directions: np.ndarray | None

    def is_under(self, hdris: Iterable[str]) -> bool:
        """Whether one of these panoramas, by name, is in the light of ``full``; a mixture joins its names by "+"."""
        return is_under(self.hdri, hdris)


# Channels of Subject.maps.
FULL, SPECULAR, ALBEDO, NORMAL, MATTE = slice(0, 3), slice(3, 6), slice(6, 9), slice(9, 12), slice(12, 13)
PARSING = slice(13, 13 + len(PARSED))


def subject_of(sample: Sample, olat: Olat | None, name: str = "") -> Subject:
    """Pack a sample for training: halves, and OLAT images at covered pixels only."""
    parsing = sample.maps["parsing"][:, :, : len(PARSED)].copy()
    # What is worn or held besides clothes is clothes.
    parsing[:, :, PARSED.index("clothes")] += sample.maps["parsing"][:, :, len(PARSED) :].sum(axis=2)
    maps = np.concatenate(
        [*(sample.maps[key] for key in ("full", "specular", "albedo", "normal", "matte")), parsing], axis=2
    )
    height, width = maps.shape[:2]
    pixels = np.flatnonzero(sample.maps["matte"].reshape(-1) > 0)
    packed, directions = None, None
    if olat is not None:
        both = np.stack([olat.diffuse, olat.specular])  # (2, N, H, W, 3)
        both = both.reshape(2, len(olat.directions), height * width, 3)[:, :, pixels]
        packed = torch.from_numpy(np.ascontiguousarray(both.transpose(0, 3, 1, 2)))
        directions = np.asarray(olat.directions, np.float64)
    landmarks = np.asarray(sample.meta["landmarks"], np.float64) / [width, height]
    low, high = landmarks.min(axis=0), landmarks.max(axis=0)
    middle = (low + high) / 2
    return Subject(
        name,
        str(sample.meta["identity"]),
        str(sample.meta["hdri"]),
        maps.astype(np.float16),
        sample.light_map.astype(np.float32),
        (float(middle[0]), float(middle[1]), float(max(high[0] - low[0], 0.05))),
        pixels,
        packed,
        directions,
    )


def lit(subject: Subject, weights: np.ndarray) -> np.ndarray:
    """Sum OLAT images: weights (K, N, 3) -> (K, H, W, 6) float32, diffuse then specular, associated."""
    assert subject.olat is not None
    factors = torch.from_numpy(np.ascontiguousarray(weights.transpose(2, 0, 1))).to(torch.float16)
    sums = torch.matmul(factors, subject.olat).float().numpy()  # (2, 3, K, P)
    height, width = subject.maps.shape[:2]
    out = np.zeros((len(weights), height * width, 6), np.float32)
    out[:, subject.pixels] = sums.transpose(2, 3, 0, 1).reshape(len(weights), -1, 6)
    return out.reshape(len(weights), height, width, 6)


def sample_folders(folder: Path) -> list[Path]:
    """Folders of the complete samples of a dataset, or of all datasets in a folder of datasets."""
    inside = sorted(path for path in Path(folder).glob("*/") if not path.name[:1].isdigit() and path.name[0] != ".")
    return list_samples(folder) + [sample for path in inside for sample in list_samples(path)]


class Dataset:
    """All subjects of a folder in memory, with the lights and backdrops that go with them."""

    def __init__(self, folder: Path, config: DataConfig, test: bool = False):
        """Args:
        test: keep the test identities and the test panoramas instead of the others.
        """
        self.folder, self.config, self.test = Path(folder), config, test
        self.subjects: list[Subject] = []
        self.lights: list[np.ndarray] = []
        self.panoramas: list[np.ndarray] = []
        self.skipped: dict[str, str] = {}
        self._seen: set[str] = set()
        self._bytes = 0
        self._read_panoramas()

    def rescan(self, most: int | None = None) -> int:
        """Read samples that are new in the folder, ``most`` at a time; how many were read.

        A damaged sample is left out and named in ``skipped``: a render may be running beside.
        """
        count = 0
        for path in sample_folders(self.folder):
            name = path.relative_to(self.folder).as_posix()
            if name in self._seen or (most is not None and count >= most):
                continue
            self._seen.add(name)
            try:
                count += self._read(path, name)
            except RelightError as error:
                self.skipped[name] = str(error)
        return count

    def add(self, subject: Subject) -> None:
        """Take a subject in if it is on this side of the split."""
        test_light = subject.is_under(self.config.test_hdris)
        if test_light == self.test:
            self.lights.append(subject.light_map)
        # A training identity under a test panorama is trained on by its OLAT images alone, which no panorama lit.
        usable = self.test or subject.olat is not None or not test_light
        if is_test(subject.identity, self.config.test_percent) == self.test and usable:
            self.subjects.append(subject)
            self._bytes += subject.maps.nbytes + (0 if subject.olat is None else subject.olat.nbytes)

    def _read(self, path: Path, name: str) -> int:
        sample = read_sample(path)
        mine = is_test(str(sample.meta["identity"]), self.config.test_percent) == self.test
        room = self._bytes < self.config.cache_gib * 2**30
        olat = read_olat(path) if mine and room and sample.meta.get("olat") else None
        self.add(subject_of(sample, olat, name))
        return 1

    def _read_panoramas(self) -> None:
        paths: list[Path] = []
        for folder in self.config.panoramas:
            if folder == "blender":
                paths += studio_hdris()
            elif folder == "assets":
                root = os.environ.get("RELIGHT_STAGE_ASSETS")
                paths += find_packs(Path(root)).hdris if root else ()
            else:
                paths += sorted(Path(folder).glob("*.[he][dx]r"))
        for path in paths:
            if (path.stem in self.config.test_hdris) == self.test:
                panorama = light_maps.read_light_map(path)
                self.panoramas.append(light_maps.resize(panorama, min(PANORAMA_HEIGHT, panorama.shape[0])))
                self.lights.append(light_maps.resize(panorama, light_maps.HEIGHT))

    def require(self) -> None:
        """Raise SampleError when there is nothing to learn from."""
        if not self.subjects:
            kind = "test" if self.test else "training"
            bad = f" {len(self.skipped)} could not be read." if self.skipped else ""
            share = f" {self.config.test_percent} in 100 identities are held out for the test." if self.test else ""
            raise SampleError(
                f"{self.folder} holds no complete {kind} samples.{share}{bad} Render more: relight-stage render."
            )


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


def crop_rand(rng: np.random.Generator, subject: Subject, size: int, upright: bool, wide: bool = False) -> Crop:
    """Draw a crop between the whole picture and a tight face.

    Args:
        upright: no turn, as when the light map cannot be turned with the picture.
        wide: a quarter of the crops reach beyond the picture, whose border repeats there: a smaller person.
    """
    side = subject.maps.shape[0]
    x, y, width = subject.face
    # Mostly up to a face that fills half of the width, now and then nothing but the face.
    tightest = np.clip((1 if rng.uniform() < 0.35 else 0.55) / width, 1.05, 4)
    zoom = float(np.exp(rng.uniform(0, np.log(tightest))))
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


def example_rand(rng: np.random.Generator, dataset: Dataset, size: int, relit: bool, grey_share: float = 0.0) -> dict:
    """Draw one training example.

    Args:
        relit: also make the picture under a second light.
        grey_share: share of photos without colour.

    Returns:
        Arrays (H, W, C) by the names that the losses use.
    """
    subject = dataset.subjects[rng.integers(len(dataset.subjects))]
    maps = subject.maps.astype(np.float32)
    dye = dye_rand(rng, maps[:, :, ALBEDO], maps[:, :, MATTE], maps[:, :, PARSING])
    maps[:, :, FULL] = (maps[:, :, FULL] - maps[:, :, SPECULAR]) * dye + maps[:, :, SPECULAR]
    maps[:, :, ALBEDO] *= dye
    wanted, light_map, crop = maps[:, :, :6], subject.light_map, None
    portrait = maps[:, :, FULL]
    if subject.olat is None:
        crop = crop_rand(rng, subject, size, upright=relit, wide=not relit)
        light_map = light_map[:, ::-1] if crop.flip else light_map
    else:
        own = relit and not subject.is_under(dataset.config.test_hdris) and rng.uniform() < 0.2
        sharp = own or rng.uniform() < 0.2
        crop = crop_rand(rng, subject, size, upright=relit and sharp, wide=not relit)
        lights = [light_rand(rng, dataset.lights) for _ in range(2 if relit and not own else 1)]
        weights = np.stack([olat_weights(light, subject.directions) for light in lights])
        sums = lit(subject, weights)
        sums[:, :, :, :3] *= dye
        portrait = sums[0, :, :, :3] + sums[0, :, :, 3:]
        if len(lights) == 2:
            wanted = np.concatenate([sums[1, :, :, :3] + sums[1, :, :, 3:], sums[1, :, :, 3:]], axis=2)
            light_map = lights[1] if sharp else stage_light(weights[1], crop.turn(subject.directions))
        if sharp and crop.flip:
            light_map = light_map[:, ::-1]
    parts = [portrait, maps[:, :, 6:]] + ([wanted] if relit else [])
    warped = warp(np.concatenate(parts, axis=2), crop, size)
    portrait, wanted = warped[:, :, :3], warped[:, :, 17:]
    albedo, normal, matte, parsing = (warped[:, :, s] for s in _shifted(ALBEDO, NORMAL, MATTE, PARSING))
    matte = np.clip(matte, 0, 1)

    backdrop = backdrop_rand(rng, size, dataset.panoramas)
    if not relit and rng.uniform() < 0.06:  # nobody there
        portrait, albedo, normal, matte, parsing = (
            np.zeros_like(a) for a in (portrait, albedo, normal, matte, parsing)
        )
    factors = exposure_rand(rng, portrait if matte.any() else backdrop, matte)
    brightness = 0.18 * np.exp(rng.normal(0.1, 0.7))
    if rng.uniform() < 0.1:  # a dark room, where flash or a lamp reaches the face alone
        brightness *= np.exp(rng.uniform(-6, -1))
    camera = camera_rand(rng, dataset.config.photography, grey_share)
    photo = photograph(camera, rng, portrait * factors + (1 - matte) * backdrop * brightness)
    layers = (straight(portrait * factors, matte), backdrop * brightness)
    foreground, background = (srgb_to_linear(grade(camera, layer)) for layer in layers)
    albedo = straight(albedo, matte)
    if camera.grey:
        albedo = as_grey(albedo)
    normal = crop.turn(normal)
    normal = normal / np.maximum(np.linalg.norm(normal, axis=2, keepdims=True), 1e-6)
    example = {
        "photo": photo,
        "foreground": seen_foreground(photo, foreground, matte),
        "foreground_true": foreground,
        "background": background,
        "matte": matte,
        "parsing": np.concatenate([1 - matte, np.clip(parsing, 0, 1)], axis=2),
        "normal": normal,
        "albedo": np.clip(albedo, 0, 1),
    }
    if relit:
        example["relit"] = straight(wanted[:, :, :3], matte)
        example["specular"] = np.maximum(straight(wanted[:, :, 3:], matte), 0)
        example["light_map"] = light_map
    return example


def _shifted(*channels: slice) -> list[slice]:
    """Where channels of Subject.maps lie once the portrait has replaced full and specular."""
    return [slice(c.start - 3, c.stop - 3) for c in channels]


def batch_rand(
    rng: np.random.Generator,
    dataset: Dataset,
    count: int,
    size: int,
    relit: bool,
    grey_share: float = 0.0,
    share: slice = slice(None),
) -> dict[str, Tensor]:
    """Draw a batch of examples, (B, C, H, W) float32 tensors by name; ``share``: only these of the ``count``."""
    examples = [example_rand(child, dataset, size, relit, grey_share) for child in rng.spawn(count)[share]]
    return {
        name: torch.from_numpy(np.stack([e[name] for e in examples]).astype(np.float32)).permute(0, 3, 1, 2)
        for name in examples[0]
    }
