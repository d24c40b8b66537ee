"""What the Relight button does, on arrays: photo and light in, relit picture out. No bpy: a thread runs it.

Scene-linear Rec.709 float32, top row first; light maps are in the camera frame; H W are the photo's sides.
"""

import hashlib
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from ..nets.graphs import GRAPHS, WEIGHTS
from ..nets.infer import Portrait, Relighter, resize
from ..nets.lit import NEUTRAL, Lit, Sliders, compose
from ..nets.photo_light import estimate_light
from .worker import Progress

# Shares of a whole run, for the progress bar: opening the networks, taking the photo apart, lighting it.
_LOADED, _ANALYSED, _LIT = 0.05, 0.8, 0.9


class Relit(NamedTuple):
    """A photo under new light; rgba is (H, W, 4) with colour associated with alpha.

    Attributes:
        picture: rgba over the background; alpha is 1 where a background was given, else the matte.
        cutout: rgba of the subject alone, alpha the matte.
        portrait: what the photo was taken apart into.
        light_map: what it is under.
        fingerprint: of the photo, the person in it and the networks; equal ones, equal portraits.
    """

    picture: np.ndarray
    cutout: np.ndarray
    portrait: Portrait
    light_map: np.ndarray
    fingerprint: str


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

# A picture (h, w, 3) to stretch behind the subject, a colour (3,), the photo's own, or None for transparent.
Background: TypeAlias = np.ndarray | Literal["PHOTO"] | None


def draw_maps(portrait: Portrait) -> Maps:
    """Pictures (H, W, 4): matte grey, normals (n + 1)/2, albedo with the matte as its associated alpha."""
    matte = portrait.matte[:, :, None]
    opaque = np.ones_like(matte)
    return {
        "matte": draw_grey(portrait.matte),
        "normals": np.concatenate([(portrait.normals + 1) / 2, opaque], axis=-1),
        "albedo": np.concatenate([portrait.albedo * matte, matte], axis=-1),
    }


def draw_grey(values: np.ndarray) -> np.ndarray:
    """A picture (H, W, 4) of numbers (H, W)."""
    return np.stack([values, values, values, np.ones_like(values)], axis=-1)


class Studio:
    """The networks and the last photo that was taken apart, kept so that turning the light costs little."""

    def __init__(self) -> None:
        self._relighter: tuple[object, Relighter] | None = None
        self._portrait: tuple[str, Portrait] | None = None
        self._estimate: tuple[str, np.ndarray] | None = None

    def relight(
        self,
        photo: np.ndarray,
        matte: np.ndarray | None,
        light_map: np.ndarray,
        background: Background,
        *,
        name: str,
        networks: Networks,
        progress: Progress,
        sliders: Sliders = NEUTRAL,
        face: int = 0,
    ) -> Relit:
        """Relight a photo, from the last analysis if it is the same photo.

        Args:
            photo: (H, W, 3).
            matte: (H, W) to use instead of the network's, or None.
            light_map: (h, 2h, 3) radiance.
            background: what stands behind the subject.
            name: what errors call the photo.
            networks: which ones, and what they run on.
            face: which of several people, from 1 on, counted from the left; 0 for all.

        Raises:
            PhotoError, ModelError, SceneError: as the networks' side raises them.
        """
        portrait, fingerprint = self.take_apart(
            photo, matte, name=name, networks=networks, progress=_within(progress, 0.0, _ANALYSED), face=face
        )
        lit = self.light(portrait, light_map, networks=networks)
        progress(_LIT, "Bringing back the photo's detail")
        colour = compose(portrait, lit, sliders, lambda f: progress(_LIT + (1 - _LIT) * f, "Bringing back detail"))
        cutout = np.concatenate([colour, portrait.matte[:, :, None]], axis=-1)
        return Relit(over(cutout, background, portrait), cutout, portrait, light_map, fingerprint)

    def take_apart(
        self,
        photo: np.ndarray,
        matte: np.ndarray | None,
        *,
        name: str,
        networks: Networks,
        progress: Progress,
        face: int = 0,
    ) -> tuple[Portrait, str]:
        """The portrait in a photo, and its fingerprint; arguments as for ``relight``."""
        progress(0.0, "Opening the networks")
        relighter = self._load(networks)
        progress(_LOADED, "Comparing with the last photo")
        key = _fingerprint(photo, matte, networks, face)
        if self._portrait is None or self._portrait[0] != key:
            portrait = relighter.analyse(photo, matte, progress=_within(progress, _LOADED, 1.0), name=name, face=face)
            self._portrait = (key, portrait)
        return self._portrait[1], key

    def light(
        self, portrait: Portrait, light_map: np.ndarray, *, networks: Networks, working_px: int | None = None
    ) -> Lit:
        """A portrait under a light, as layers; ``working_px`` as in ``Relighter.light``."""
        return self._load(networks).light(portrait, light_map, working_px)

    def estimate(self, photo: np.ndarray, matte: np.ndarray | None, *, name: str, networks: Networks) -> np.ndarray:
        """The light (h, 2h, 3) that another photo was taken in; the portrait at hand is kept."""
        key = _fingerprint(photo, matte, networks)
        if self._estimate is None or self._estimate[0] != key:
            self._estimate = (key, estimate_light(self._load(networks).analyse(photo, matte, name=name)))
        return self._estimate[1]

    def interrupt(self) -> None:
        """Let what another thread computes fail soon: nobody wants it any more."""
        if self._relighter is not None:
            self._relighter[1].interrupt()

    def _load(self, networks: Networks) -> Relighter:
        # The files too: a training that is loaded again has the same folder.
        key = (networks, networks.stamps())
        if self._relighter is None or self._relighter[0] != key:
            self._relighter = (
                key,
                Relighter.load(networks.folder, providers=networks.providers, threads=networks.threads),
            )
            self._portrait = self._estimate = None  # taken apart by other networks
        return self._relighter[1]


def over(cutout: np.ndarray, background: Background, portrait: Portrait) -> np.ndarray:
    """The subject (H, W, 4) over its background, opaque but where there is none."""
    if background is None:
        return cutout
    clear = 1 - cutout[:, :, 3:]
    if isinstance(background, str):
        # The composition equation: what the subject leaves of the photo is the background behind it.
        behind = np.maximum(portrait.photo - portrait.matte[:, :, None] * portrait.foreground, 0)
    else:
        behind = clear * (resize(background, cutout.shape[:2]) if background.ndim == 3 else background)
    return np.concatenate([cutout[:, :, :3] + behind, np.ones_like(clear)], axis=-1)


def _fingerprint(photo: np.ndarray, matte: np.ndarray | None, networks: Networks, face: int = 0) -> str:
    """What a portrait depends on, in short: pixels, which may change behind a name, networks, which face."""
    digest = hashlib.blake2b(repr((photo.shape, networks, networks.stamps(), face)).encode(), digest_size=16)
    for array in (photo, matte):
        if array is not None:
            digest.update(np.ascontiguousarray(array, np.float32))
    return digest.hexdigest()


def _within(progress: Progress, start: float, stop: float) -> Progress:
    return lambda fraction, text: progress(start + (stop - start) * fraction, text)
