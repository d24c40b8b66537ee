"""What the Relight button does, on arrays: photo and light in, relit picture out. No bpy: a thread runs it.

Scene-linear Rec.709 float32, top row first; light maps are in the camera frame; H W are the photo's sides.
"""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..nets.infer import GRAPHS, WEIGHTS, Portrait, Relighter, resize
from .worker import Progress

# Shares of a whole run, for the progress bar: opening the networks, taking the photo apart, lighting it.
_LOADED, _ANALYSED = 0.05, 0.8


class Relit(NamedTuple):
    """A photo under new light; rgba is (H, W, 4) with colour associated with alpha.

    Attributes:
        picture: rgba over the background; alpha is 1 where a background was given, else the matte.
        cutout: rgba of the subject alone, alpha the matte.
        portrait: what the photo was taken apart into.
        is_new: the photo was taken apart in this run, not kept from one before.
    """

    picture: np.ndarray
    cutout: np.ndarray
    portrait: Portrait
    is_new: bool


class Networks(NamedTuple):
    """Which networks, and what they run on.

    Attributes:
        folder: of the ONNX files; None for the shipped ones.
        providers: ONNX Runtime's execution providers, best first.
        threads: of the processor; 0 for all.
    """

    folder: Path | None = None
    providers: tuple[str, ...] = ("CPUExecutionProvider",)
    threads: int = 0

    def stamps(self) -> tuple[int, ...]:
        """When the files were written; empty where one is missing."""
        paths = [(self.folder or WEIGHTS) / name for name in GRAPHS]
        return tuple(path.stat().st_mtime_ns for path in paths) if all(path.is_file() for path in paths) else ()


Maps = dict[str, np.ndarray]


def draw_maps(portrait: Portrait) -> Maps:
    """Pictures (H, W, 4): matte grey, normals (n + 1)/2, albedo with the matte as its associated alpha."""
    matte = portrait.matte[:, :, None]
    opaque = np.ones_like(matte)
    return {
        "matte": np.concatenate([matte, matte, matte, opaque], axis=-1),
        "normals": np.concatenate([(portrait.normals + 1) / 2, opaque], axis=-1),
        "albedo": np.concatenate([portrait.albedo * matte, matte], axis=-1),
    }


class Studio:
    """The networks and the last photo that was taken apart, kept so that turning the light costs little."""

    def __init__(self) -> None:
        self._relighter: tuple[object, Relighter] | None = None
        self._portrait: tuple[bytes, Portrait] | None = None

    def relight(
        self,
        photo: np.ndarray,
        matte: np.ndarray | None,
        light_map: np.ndarray,
        background: np.ndarray | None,
        *,
        name: str,
        networks: Networks,
        progress: Progress,
    ) -> Relit:
        """Relight a photo, from the last analysis if it is the same photo.

        Args:
            photo: (H, W, 3).
            matte: (H, W) to use instead of the network's, or None.
            light_map: (h, 2h, 3) radiance.
            background: a picture (h, w, 3) to stretch behind the subject, a colour (3,), or None for transparent.
            name: what errors call the photo.
            networks: which ones, and what they run on.

        Raises:
            PhotoError, ModelError, SceneError: as the networks' side raises them.
        """
        progress(0.0, "Opening the networks")
        relighter = self._load(networks)
        progress(_LOADED, "Comparing with the last photo")
        key = _key(photo, matte)
        is_new = self._portrait is None or self._portrait[0] != key
        if is_new:
            portrait = relighter.analyse(photo, matte, progress=_within(progress, _LOADED, _ANALYSED), name=name)
            self._portrait = (key, portrait)
        assert self._portrait is not None
        portrait = self._portrait[1]
        colour = relighter.relight(portrait, light_map, progress=_within(progress, _ANALYSED, 1.0))
        cutout = np.concatenate([colour, portrait.matte[:, :, None]], axis=-1)
        return Relit(_over(cutout, background), cutout, portrait, is_new)

    def _load(self, networks: Networks) -> Relighter:
        # The files too: a training that is loaded again has the same folder.
        key = (networks, networks.stamps())
        if self._relighter is None or self._relighter[0] != key:
            self._relighter = (
                key,
                Relighter.load(networks.folder, providers=networks.providers, threads=networks.threads),
            )
            self._portrait = None  # taken apart by other networks
        return self._relighter[1]


def _over(cutout: np.ndarray, background: np.ndarray | None) -> np.ndarray:
    """The subject over a picture (h, w, 3), a colour (3,) or nothing."""
    if background is None:
        return cutout
    if background.ndim == 3:
        background = resize(background, cutout.shape[:2])
    colour = cutout[:, :, :3] + (1 - cutout[:, :, 3:]) * background
    return np.concatenate([colour, np.ones_like(cutout[:, :, 3:])], axis=-1)


def _key(photo: np.ndarray, matte: np.ndarray | None) -> bytes:
    """A fingerprint of a photo's pixels; they may change behind a name."""
    digest = hashlib.blake2b(repr(photo.shape).encode())
    for array in (photo, matte):
        if array is not None:
            digest.update(np.ascontiguousarray(array, np.float32))
    return digest.digest()


def _within(progress: Progress, start: float, stop: float) -> Progress:
    return lambda fraction, text: progress(start + (stop - start) * fraction, text)
