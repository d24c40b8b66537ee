"""From a photo to a relit photo: the exported networks through ONNX Runtime. The only edge of ``nets`` in the add-on.

Everything a caller sees is scene-linear Rec.709 float32, straight colour, top row first, at the photo's own
resolution; normals and light maps are in the camera frame (docs/architecture.md). The networks see small windows of
the photo (``views``), sRGB-encoded or linear as their contract says; fine detail comes back from the photo itself.

Shapes: H W the photo's, h w a view's.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import ModelError, PhotoError
from ..scenes import light_map as light_maps
from ..scenes.colour import linear_to_srgb
from . import framing
from .graphs import GRAPHS, WEIGHTS, open_graph, run_graph
from .lit import NEUTRAL, Lit, LitView, Sliders, compose, lit_view
from .own_light import kept
from .photo_light import view_light
from .quotient import mended_albedo, trust
from .resampling import Window, extrapolate, resize
from .roughness import roughness_of
from .views import Portrait, View, assemble, complete_foreground, side_by_side, strips, textured

WORKING_PX = 256  # the size that the shipped networks were trained at; at 384 faces are larger than any they know
COARSER = 2  # how much smaller than a face's own view the whole photo's is lit, which adds hair and clothes
MENDING_PX = 128  # of a view that is lit by its own light; what the albedo net misses is not fine
BRIGHT = 0.5  # scene-linear; darker photos are brightened to it
SMALLEST_PX, LARGEST_PX = 64, 8192
APPROACHES = 3  # looks at a face until it fills the window: a small one's box is rough at first
# A person covers at least 30% of the closest look in all photos and renders tried; a cat's eye taken for a face, 10%.
PERSON_SHARE = 0.15
# How sure the network is of its labels within the matte, in the mean: people 0.73 to 0.95, a cat 0.60.
PERSON_CERTAINTY = 0.66
# Of a photo that shows light (scene-linear, above the first) in a share of its pixels between these nothing surer can
# be said: a face under a lamp from the side is half black. Whoever stands there is believed to be a person.
LIT, LIT_SHARES = 0.05, (0.01, 0.4)

Progress = Callable[[float, str], Any]


class Seen(NamedTuple):
    """What the matting network says about a window: (h, w, C) and (h, w)."""

    window: Window
    photo: np.ndarray
    parsing: np.ndarray
    matte: np.ndarray
    foreground: np.ndarray

    @property
    def certainty(self) -> float:
        """Mean probability of the likeliest label within the matte; 0 where there is nobody."""
        inside = self.matte > 0.5
        return float(self.parsing.max(axis=-1)[inside].mean()) if inside.any() else 0.0

    @property
    def is_dark(self) -> bool:
        return bool(LIT_SHARES[0] < (self.photo.mean(axis=-1) > LIT).mean() < LIT_SHARES[1])


class Relighter:
    """The three networks, ready to run; sessions: of ONNX Runtime, by file name."""

    def __init__(self, sessions: dict[str, Any], working_px: int):
        self.sessions = sessions
        self._running: set[Any] = set()
        self.working_px = working_px

    @classmethod
    def load(
        cls,
        path: Path | str | None = None,
        working_px: int = WORKING_PX,
        providers: tuple[str, ...] = ("CPUExecutionProvider",),
        threads: int = 0,
    ) -> "Relighter":
        """Open the networks of a folder, the shipped ones by default.

        Args:
            working_px: longer side of what the networks see, a multiple of 32.
            providers: ONNX Runtime execution providers, best first. Only what is asked for is used.
            threads: of the processor; 0 takes all.

        Raises:
            ModelError: a file is missing, damaged, not one of ours or of another version.
        """
        if working_px % framing.STRIDE or working_px < 2 * framing.STRIDE:
            raise ValueError(f"working_px is {working_px}; it must be a multiple of {framing.STRIDE}, at least 64")
        folder = WEIGHTS if path is None else Path(path)
        sessions = {name: open_graph(folder / name, providers, threads) for name in GRAPHS}
        given, taken = (
            {value.name for value in values}
            for values in (sessions["decompose.onnx"].get_outputs(), sessions["relight.onnx"].get_inputs())
        )
        if ("visible" in given) != ("visible" in taken):
            raise ModelError(f"The networks in {folder} are of different versions. Export all three from one run.")
        return cls(sessions, working_px)

    @property
    def provider(self) -> str:
        """The execution provider that the networks really run on."""
        return self.sessions["relight.onnx"].get_providers()[0]

    def analyse(
        self,
        photo: np.ndarray,
        matte: np.ndarray | None = None,
        progress: Progress | None = None,
        name: str = "the photo",
        face: int = 0,
    ) -> Portrait:
        """Find the people in a photo and take the photo apart.

        Args:
            photo: (H, W, 3), (H, W, 1) or (H, W) scene-linear, 64 to 8192 px a side.
            matte: (H, W) in [0, 1] to use instead of the network's.
            progress: called with the fraction done and what comes next; what it raises ends the work.
            name: what errors call the photo.
            face: which of several people, from 1 on, counted from the left; 0 for all.

        Raises:
            PhotoError: wrong size, not all numbers, nobody there, or fewer than ``face``.
        """
        photo, matte = _check_photo(photo, matte, name)
        report = progress or (lambda fraction, text: None)
        report(0.0, "Finding the person")
        exposure = _exposure(photo)
        faces, seen = self._find_people(photo, matte, exposure, name, face)
        if matte is None:
            whole = seen[0].matte
            for look in seen[1:]:
                whole = framing.overruled(whole, seen[0].window, look.matte, look.window, photo.shape[:2])
            seen[0] = seen[0]._replace(matte=whole)
            seen = [look._replace(matte=framing.attached(look.matte, look.window, faces)) for look in seen]
            closest = seen[-1]
            is_sure = closest.is_dark or closest.certainty >= PERSON_CERTAINTY
            if closest.matte.mean() < PERSON_SHARE or not is_sure:
                raise _no_face(name, photo)
        report(0.3, "Reading shape and colour")
        views = side_by_side(lambda look: self._decompose(look, matte, photo.shape[:2]), seen)
        report(0.5, "Reading the photo's light")
        views = self._mended(views, faces[0])
        report(0.6, "Refining the edges")
        return assemble(
            photo, matte, faces, exposure, tuple(views), lambda f: report(0.6 + 0.4 * f, "Refining the edges")
        )

    def relight(
        self,
        portrait: Portrait,
        light_map: np.ndarray,
        background: np.ndarray | None = None,
        progress: Progress | None = None,
        sliders: Sliders = NEUTRAL,
    ) -> np.ndarray:
        """Light a portrait anew.

        Args:
            light_map: (h, 2h, 3) radiance in the camera frame.
            background: (H, W, 3) scene-linear to stand behind the subject; None for black.

        Returns:
            (H, W, 3) scene-linear, in the light map's absolute units, the subject times its matte over the background.
        """
        if background is not None and background.shape != portrait.photo.shape:
            raise ValueError(f"the background is {background.shape}; the photo is {portrait.photo.shape}")
        report = progress or (lambda fraction, text: None)
        report(0.0, "Relighting")
        lit = self.light(portrait, light_map)
        report(0.3, "Bringing back the photo's detail")
        picture = compose(portrait, lit, sliders, lambda f: report(0.3 + 0.7 * f, "Bringing back detail"))
        if background is not None:
            for rows in strips(*portrait.matte.shape):
                picture[rows] += (1 - portrait.matte[rows, :, None]) * background[rows]
        report(1.0, "Done")
        return picture

    def light(self, portrait: Portrait, light_map: np.ndarray, working_px: int | None = None) -> Lit:
        """Run the relighting network on every view of a portrait; ``lit.compose`` makes the picture.

        In the light that the photo was taken in, the photo takes over (``own_light``).

        Args:
            light_map: (h, 2h, 3) radiance in the camera frame; resized to what the network takes, keeping its light.
            working_px: longer side at which the network sees the views, a multiple of 32; None for
                the views' own, and half of that for the whole photo where faces have views.
        """
        light_maps.check_light_map(light_map)
        if light_map.ndim != 3 or light_map.shape[1:] != (2 * light_map.shape[0], 3):
            raise ValueError(f"the light map is {light_map.shape}; it must be (h, 2h, 3)")
        light = _to_nchw(light_maps.resize(light_map, light_maps.HEIGHT))
        whole, *closer = (view.shrink(working_px) for view in portrait.views)
        views = [whole.shrink(self.working_px // COARSER) if closer else whole, *closer]
        return tuple(kept(views, side_by_side(lambda view: self._light(view, light), views), portrait.face))

    def _light(self, view: View, light: np.ndarray) -> LitView:
        out = self._run(
            "relight.onnx",
            foreground=_to_nchw(view.foreground),
            matte=_to_nchw(view.matte[:, :, None]),
            normal=_to_nchw(view.normals),
            albedo=_to_nchw(view.albedo),
            **({} if view.visible is None else {"visible": view.visible}),
            light_map=light,
        )
        relit, diffuse_light, specular = (_from_nchw(out[key]) for key in ("relit", "diffuse_light", "specular"))
        return lit_view(view.albedo, view.matte, relit - specular, diffuse_light, specular)

    def _find_people(
        self, photo: np.ndarray, matte: np.ndarray | None, exposure: float, name: str, chosen: int
    ) -> tuple[tuple[Window, ...], list[Seen]]:
        """Boxes of the faces, the most prominent first, and what was seen: the whole photo, then closer looks at those
        who are small in it, the most prominent last."""
        shape = photo.shape[:2]
        whole = self._look(photo, Window(0, 0, *map(float, shape)), exposure)
        faint = framing.find_faces(whole.parsing, whole.window, framing.FAINT)
        if not faint and matte is None:
            faint = self._search(photo, exposure)
        closer: list[tuple[Window, Seen]] = []
        for each in faint:
            face, look = self._approach(photo, each, whole, exposure)
            if face is not None and not any(framing.shows(other, face) for other, _ in closer):
                closer.append((face, look))
        if not closer and matte is not None:
            box = framing.matte_window(matte)
            is_small = box.height < 0.7 * shape[0] and box.width < 0.7 * shape[1]
            return (box,), [whole, self._look(photo, box, exposure)] if is_small else [whole]
        if not closer and whole.is_dark and whole.matte.mean() >= PERSON_SHARE:
            height, width = shape
            return (Window(height / 4, width / 4, 3 * height / 4, 3 * width / 4),), [whole]
        if not closer:
            raise _no_face(name, photo)
        if chosen:
            closer.sort(key=lambda found: found[0].left + found[0].right)
            if chosen > len(closer):
                raise PhotoError(
                    f"Face {chosen} of {name} was asked for, but it shows {len(closer)}. Choose a face from 1 to "
                    f"{len(closer)}, or 0 for all."
                )
            closer = [closer[chosen - 1]]
        faces = tuple(face for face, _ in closer)
        return faces, [whole, *(look for _, look in reversed(closer) if look is not whole)]

    def _search(self, photo: np.ndarray, exposure: float) -> list[Window]:
        """Faces too small for a look at the whole photo."""
        for window in framing.closer_looks(photo.shape[:2]):
            look = self._look(photo, window, exposure)
            faces = framing.find_faces(look.parsing, look.window, framing.FAINT)
            if faces:
                return faces
        return []

    def _approach(self, photo: np.ndarray, face: Window, closest: Seen, exposure: float) -> tuple[Window | None, Seen]:
        """Look at a face until it fills the window as in training; None where it turns out to be none."""
        surest = (face, closest) if framing.find_face(closest.parsing, closest.window) is not None else None
        for _ in range(APPROACHES):
            window = framing.portrait_window(face, photo.shape[:2])
            if 0.85 < max(window.height, window.width) / max(closest.window.height, closest.window.width) < 1.1:
                break
            closest, last = self._look(photo, window, exposure), face
            found = framing.find_faces(closest.parsing, closest.window, framing.FAINT)
            if not found:
                break
            face = framing.nearest(found, face)
            if not framing.are_same(face, last):  # what a cup shows of a face is elsewhere in each look
                return None, closest
            if framing.find_face(closest.parsing, closest.window) is not None:
                surest = face, closest
        return surest or (None, closest)

    def _look(self, photo: np.ndarray, window: Window, exposure: float) -> Seen:
        window, size = framing.fit(window, self.working_px)
        small = np.clip(resize(photo, size, window) * exposure, 0, 1)
        out = self._run("matting.onnx", photo=_to_nchw(linear_to_srgb(small)))
        maps = {key: _from_nchw(value) for key, value in out.items()}
        return Seen(
            window, small, maps["parsing"], np.clip(maps["matte"][:, :, 0], 0, 1), np.clip(maps["foreground"], 0, 1)
        )

    def _decompose(self, seen: Seen, given_matte: np.ndarray | None, shape: tuple[int, int]) -> View:
        size = seen.matte.shape
        matte = seen.matte if given_matte is None else np.clip(resize(given_matte, size, seen.window), 0, 1)
        # The network guessed the colours behind its own matte's edge, not behind a given one's.
        guess = seen.foreground if given_matte is None else extrapolate(seen.photo, matte > 0.95)
        foreground = complete_foreground(seen.photo, guess, matte)
        out = self._run("decompose.onnx", foreground=_to_nchw(foreground), matte=_to_nchw(matte[:, :, None]))
        return View(
            seen.window,
            framing.fade(seen.window, size, shape),
            matte,
            foreground,
            _from_nchw(out["normal"]),
            textured(_from_nchw(out["albedo"]), foreground, matte),
            out.get("visible"),
            roughness_of(seen.parsing),
            _from_nchw(out["light"]) if "light" in out else None,
        )

    def _mended(self, views: list[View], face: Window) -> list[View]:
        """The views with what their own light, estimated from the last one, tells about their albedo."""
        trusted = trust(views[-1], face)
        if not trusted:
            return views
        light = _to_nchw(light_maps.resize(view_light(views[-1], face), light_maps.HEIGHT))

        def mend(view: View) -> View:
            small = view.shrink(MENDING_PX)
            return replace(view, albedo=mended_albedo(view, small, self._light(small, light), trusted))

        return side_by_side(mend, views)

    def _run(self, graph: str, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        import onnxruntime

        options = onnxruntime.RunOptions()
        self._running.add(options)
        try:
            return run_graph(self.sessions[graph], options, **inputs)
        finally:
            self._running.discard(options)

    def interrupt(self) -> None:
        """Let the networks that are running, on other threads, fail at their next layer: nobody wants their answer."""
        for options in tuple(self._running):
            options.terminate = True


def _no_face(name: str, photo: np.ndarray) -> PhotoError:
    height, width = photo.shape[:2]
    return PhotoError(
        f"No face found in {name} ({width}x{height} px). Use a photo with an upright, sharp face; "
        "crop it closer to the face, or cut the person out with an alpha channel."
    )


def check_size(shape: tuple[int, ...], name: str) -> None:
    """Raise PhotoError unless a picture (H, W) can be relit."""
    height, width = shape[:2]
    if min(height, width) < SMALLEST_PX:
        raise PhotoError(
            f"{name} is {width}x{height} px; both sides must be at least {SMALLEST_PX} px. "
            "Use a larger picture of the face."
        )
    if max(height, width) > LARGEST_PX:
        raise PhotoError(
            f"{name} is {width}x{height} px; no side may be longer than {LARGEST_PX} px. "
            "Crop it to the person or make it smaller."
        )


def _check_photo(photo: np.ndarray, matte: np.ndarray | None, name: str) -> tuple[np.ndarray, np.ndarray | None]:
    """The photo as (H, W, 3) float32 and the matte in [0, 1], or a PhotoError."""
    if photo.ndim not in (2, 3) or (photo.ndim == 3 and photo.shape[2] not in (1, 3)):
        raise ValueError(f"the photo is {photo.shape}; it must be (H, W), (H, W, 1) or (H, W, 3)")
    height, width = photo.shape[:2]
    check_size(photo.shape, name)
    photo = np.asarray(photo, np.float32).reshape(height, width, -1)
    finite = np.isfinite(photo)
    if not finite.all():
        bad = int((~finite).any(axis=-1).sum())
        raise PhotoError(
            f"{name} has {bad} pixels that are NaN or infinite. Repair it in an image editor, or use another."
        )
    if matte is not None:
        if matte.shape != (height, width):
            raise ValueError(f"the matte is {matte.shape}; the photo is {(height, width)}")
        matte = np.clip(np.nan_to_num(np.asarray(matte, np.float32)), 0, 1)
        if not (matte > 0.5).any():
            raise PhotoError(f"The alpha channel of {name} shows nothing. Remove it, or make the person opaque in it.")
    return np.broadcast_to(photo, (height, width, 3)), matte


def _exposure(photo: np.ndarray) -> float:
    """The factor that puts a photo's bright parts where cameras put them, between BRIGHT and 1."""
    step = max(1, int(np.sqrt(photo.shape[0] * photo.shape[1] / 250_000)))
    bright = float(np.percentile(photo[::step, ::step].max(axis=-1), 99.5))
    return float(np.clip(bright, BRIGHT, 1.0)) / bright if bright > 0 else 1.0


def _to_nchw(picture: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(picture.transpose(2, 0, 1)[None], np.float32)


def _from_nchw(tensor: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(tensor[0].transpose(1, 2, 0))
