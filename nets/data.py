"""Rendered samples in memory: those of a dataset on this side of the split, with the lights that go with them.

Arrays are (H, W, C), colours scene-linear and associated.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..errors import RelightError, SampleError
from ..scenes import light_map as light_maps
from ..scenes.hdris import studio_hdris
from ..scenes.lights import olat_half_angle
from ..scenes.packs import find_packs
from ..synth.sample import Olat, Sample, list_samples, read_olat, read_sample
from ..synth.splits import is_test, is_under
from .config import PARSED, DataConfig

PANORAMA_HEIGHT = 512  # for backdrops
# Cosine of the angle of light from which on the share of it that arrives is sure; below, it is noise over noise.
SURE_COSINE = 0.15


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
        visible: (2, N, P) float16, the share of each light that arrives and how sure that is, or None.
        half_angle: of the OLAT lights, in radians, or None.
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
    visible: np.ndarray | None = None
    half_angle: float | None = None

    @property
    def is_gappy(self) -> bool:
        """Whether its OLAT lights are so small that much light of a panorama falls between them."""
        if self.directions is None or self.half_angle is None:
            return False
        return self.half_angle < 0.5 * olat_half_angle(len(self.directions))

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
    packed, directions, visible = None, None, None
    if olat is not None:
        both = np.stack([olat.diffuse, olat.specular])  # (2, N, H, W, 3)
        both = both.reshape(2, len(olat.directions), height * width, 3)[:, :, pixels]
        packed = torch.from_numpy(np.ascontiguousarray(both.transpose(0, 3, 1, 2)))
        directions = np.asarray(olat.directions, np.float64)
        visible = None if olat.unshadowed is None else visibility_of(olat, sample.maps["albedo"], pixels)
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
        visible,
        None if olat is None else olat.half_angle,
    )


def visibility_of(olat: Olat, albedo: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Share of each light that arrives at covered pixels, and how sure that is, both in [0, 1]: (2, N, P) float16."""
    assert olat.unshadowed is not None
    arriving, open_light = (
        x.reshape(len(x), -1, 3)[:, pixels].astype(np.float32).sum(axis=2) for x in (olat.diffuse, olat.unshadowed)
    )
    reflectance = albedo.reshape(-1, 3)[pixels].sum(axis=1)
    # A light of normal irradiance 1 shows albedo · cosine / π.
    cosine = np.pi * open_light / np.maximum(reflectance, 1e-3)
    share = np.clip(arriving / np.maximum(open_light, 1e-6), 0, 1)
    sure = np.clip(cosine / SURE_COSINE, 0, 1) * (reflectance > 0.01)
    return np.stack([share, sure]).astype(np.float16)


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
            self._bytes += sum(x.nbytes for x in (subject.maps, subject.olat, subject.visible) if x is not None)

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
