"""Scores of exported weights on people and light that training never saw, beside baselines.

The whole pipeline runs from the photo alone, as in the panel, on the ONNX files as shipped. Relit pictures are compared
over the true matte, all methods matched to the truth's brightness by one factor a picture, except for log-RMSE, where
brightness counts. Every score is a mean over pictures; its standard error is over identities, which are what was drawn
at random.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime

from ..errors import ModelError, PhotoError, SampleError
from ..scenes import light_map as light_maps
from ..scenes.colour import srgb_to_linear
from ..synth.sample import read_meta, read_sample
from . import metrics, report
from .cases import KINDS, Photo, Wanted, photos
from .config import DataConfig
from .data import Dataset, is_test, sample_folders
from .graphs import WEIGHTS, run_graph
from .infer import Relighter
from .lit import layers
from .photo_light import estimate_light
from .views import Portrait

OURS = "ours"
METHODS = (OURS, "input unchanged", "predicted normals, Lambert", "mean normals, Lambert")
MEAN_OF = 64  # training samples whose normals are averaged for the baseline

Maps = dict[str, np.ndarray]


class Judges(NamedTuple):
    """Networks of others that compare two pictures, as ONNX files; None where the user has none.

    lpips: takes two pictures (1, 3, H, W) in [−1, 1] and gives their distance.
    identity: takes one picture (1, 3, S, S) in [−1, 1] and gives an embedding.
    """

    lpips: onnxruntime.InferenceSession | None = None
    identity: onnxruntime.InferenceSession | None = None


class Score(NamedTuple):
    """One number about one picture; what it is about: "parts" or a kind of wanted light, and a method."""

    about: str
    method: str
    name: str
    value: float
    identity: str
    skin: str


def evaluate(
    weights: Path | None,
    data: Path,
    out: Path | None = None,
    everyone: bool = False,
    lpips: Path | None = None,
    identity: Path | None = None,
) -> dict:
    """Score weights; print tables and, with ``out``, write scores.json, report.md and its pictures.

    Args:
        weights: folder of ONNX files; None takes the shipped ones.
        data: folder of samples; its test identities need OLAT images.
        everyone: nobody in ``data`` was trained on, so all are tested, not the held-out share alone.
        lpips, identity: ONNX files of :class:`Judges`.

    Returns:
        What scores.json holds: counts, and ``scores``: about -> method -> name -> [mean, standard error]; ``skin``:
        about -> class -> [PSNR of ours, standard error, identities].

    Raises:
        ModelError: weights missing or damaged.
        SampleError: no test samples, or none of the test panoramas.
    """
    relighter, config = open_networks(Path(weights) if weights is not None else WEIGHTS)
    if everyone:
        config = replace(config, test_percent=100)
    judges = Judges(*(None if path is None else open_session(path) for path in (lpips, identity)))
    dataset = read_tests(Path(data), config)
    mean_normal = mean_normals(Path(data), config)
    scores: list[Score] = []
    rows: list[report.Row] = []
    identities = {subject.name: subject.identity for subject in dataset.subjects}
    for photo in photos(dataset):
        portrait, maps = take_apart(photo.photo, relighter)
        about = (identities[photo.name], photo.skin)
        scores += [Score("parts", OURS, name, value, *about) for name, value in part_scores(photo, maps).items()]
        # The photo's own light comes first.
        angle = metrics.light_angle_deg(estimate_light(portrait), photo.wanted[0].light_map)
        scores.append(Score("parts", OURS, "light_deg", angle, *about))
        baseline = metrics.normal_error_deg(mean_normal, photo.normal, photo.matte)
        scores.append(Score("parts", "mean normals", "normal_deg", baseline, *about))
        untouched = metrics.scale_invariant_psnr(maps["foreground"], photo.albedo, photo.matte)
        scores.append(Score("parts", "the photo", "albedo_psnr", untouched, *about))
        for wanted in photo.wanted:
            pictures = relight(wanted.light_map, portrait, maps, mean_normal, relighter)
            for method in METHODS:
                found = relit_scores(pictures[method], photo, wanted, judges)
                scores += [Score(wanted.kind, method, name, value, *about) for name, value in found.items()]
            if wanted.shaded is not None:
                shade = shadow_iou(pictures, photo, wanted)
                scores.append(Score(wanted.kind, OURS, "shadow_iou", shade, *about))
            psnr = next(s.value for s in reversed(scores) if s.method == OURS and s.name == "psnr")
            rows.append(report.Row(psnr, f"{photo.name} {wanted.kind}", picture_row(photo, wanted, maps, pictures)))
            rows = report.extremes(rows)
    result = {
        "identities": len({score.identity for score in scores}),
        "photos": len(identities),
        "pictures": {kind: sum(s.about == kind and s.name == "psnr" for s in scores) // len(METHODS) for kind in KINDS},
        "test_hdris": list(config.test_hdris),
        "scores": summary(scores),
        "skin": by_skin(scores),
    }
    table = report.as_markdown(result)
    print(table, flush=True)
    if out is not None:
        report.write(Path(out), result, table, rows)
    return result


def read_tests(data: Path, config: DataConfig) -> Dataset:
    """The held-out people of a dataset, checked."""
    dataset = Dataset(data, config, test=True)
    dataset.rescan()
    dataset.require()
    dataset.subjects = [subject for subject in dataset.subjects if subject.olat is not None]
    if not dataset.subjects:
        raise SampleError(f"{data} has no OLAT images of test identities. Render with --lights olat:32.")
    side = dataset.subjects[0].maps.shape[0]
    if side % 32:
        raise SampleError(
            f"{data} has pictures of {side} px; the networks take multiples of 32. Render with --size 256."
        )
    if not dataset.lights:
        raise SampleError(
            f"{data} knows none of the test panoramas {', '.join(config.test_hdris)}; add samples lit by them."
        )
    return dataset


def open_networks(folder: Path) -> tuple[Relighter, DataConfig]:
    """The networks and the split they were trained with."""
    relighter = Relighter.load(folder)
    properties = relighter.sessions["relight.onnx"].get_modelmeta().custom_metadata_map
    try:
        split = json.loads(properties["split"])
        config = DataConfig(test_hdris=tuple(split["test_hdris"]), test_percent=int(split["test_percent"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{folder}/relight.onnx does not say on what it was trained. Export it again.") from error
    return relighter, config


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """One ONNX file, whatever it computes."""
    try:
        return onnxruntime.InferenceSession(Path(path).read_bytes(), providers=["CPUExecutionProvider"])
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.") from error
    except Exception as error:  # ONNX Runtime has no common base for its errors
        raise ModelError(f"{path} is damaged: {str(error).splitlines()[0]}. Export it again.") from error


def take_apart(photo: np.ndarray, relighter: Relighter) -> tuple[Portrait, Maps]:
    """A photo (H, W, 3) as the panel takes it apart, and its maps (H, W, C) by the names that scores use.

    Where no face is found, whatever the matting network took for a person is relit.
    """
    linear = srgb_to_linear(photo)
    cut = run_graph(relighter.sessions["matting.onnx"], photo=np.ascontiguousarray(photo.transpose(2, 0, 1)[None]))
    parsing, matte = (cut[name][0].transpose(1, 2, 0) for name in ("parsing", "matte"))
    try:
        portrait = relighter.analyse(linear)
    except PhotoError:
        portrait = relighter.analyse(linear, matte[:, :, 0] if (matte > 0.5).any() else np.ones_like(matte[:, :, 0]))
    return portrait, {
        "parsing": parsing,
        "matte": portrait.matte[:, :, None],
        "foreground": portrait.foreground,
        "normal": portrait.normals,
        "albedo": portrait.albedo,
    }


def relight(
    light_map: np.ndarray, portrait: Portrait, maps: Maps, mean_normal: np.ndarray, relighter: Relighter
) -> Maps:
    """Relit pictures by method, and the layers of ours."""
    ours = layers(portrait, relighter.light(portrait, light_map))
    foreground = maps["foreground"]
    covered = foreground[maps["matte"][:, :, 0] > 0.5]
    colour = np.median(covered, axis=0) if len(covered) else np.full(3, 0.5)
    pictures = (
        ours.relit,
        foreground,
        lambert_light(light_map, maps["normal"]) * maps["albedo"],
        lambert_light(light_map, mean_normal) * colour,
    )
    return {**ours._asdict(), **dict(zip(METHODS, pictures, strict=True))}


def part_scores(photo: Photo, maps: Maps) -> dict[str, float]:
    """Scores of the maps on the way."""
    angles = metrics.normal_angles_deg(maps["normal"], photo.normal, photo.matte)
    right = maps["parsing"].argmax(axis=2) == photo.parsing.argmax(axis=2)
    return {
        "matte_sad": metrics.matte_sad(maps["matte"], photo.matte),
        "matte_mae": metrics.matte_mae(maps["matte"], photo.matte),
        "matte_gradient": metrics.matte_gradient(maps["matte"], photo.matte),
        "parsing_accuracy": float(right.mean()),
        "normal_deg": metrics.normal_error_deg(maps["normal"], photo.normal, photo.matte),
        "normal_median_deg": float(np.median(angles)),
        "normal_below_11": float((angles < 11.25).mean()),
        "normal_below_22": float((angles < 22.5).mean()),
        "face_normal_deg": metrics.normal_error_deg(maps["normal"], photo.normal, _face(photo)),
        "albedo_psnr": metrics.scale_invariant_psnr(maps["albedo"], photo.albedo, photo.matte),
    }


def _face(photo: Photo) -> np.ndarray:
    """Coverage (H, W, 1) of skin, brows, eyes, lips and mouth."""
    return photo.parsing[:, :, 1:6].sum(axis=2, keepdims=True)


def relit_scores(pred: np.ndarray, photo: Photo, wanted: Wanted, judges: Judges) -> dict[str, float]:
    """How near a viewer finds it, matched in brightness; log-RMSE as it is."""
    matte = photo.matte
    matched = metrics.exposure_match(pred, wanted.relit, matte)
    seen, true = (metrics.shown(x, wanted.relit, matte) for x in (matched, wanted.relit))
    ssim = metrics.ssim(seen * matte, true * matte, matte)
    scores = {
        "mae": metrics.mae(seen, true, matte),
        "mse": metrics.mse(seen, true, matte),
        "psnr": metrics.psnr(seen, true, matte),
        "ssim": ssim,
        "dssim": (1 - ssim) / 2,
        "log_rmse": metrics.log_rmse(pred, wanted.relit, matte),
    }
    if judges.lpips is not None:
        scores["lpips"] = metrics.lpips(judges.lpips, seen * matte, true * matte)
        scores["mps"] = (ssim + 1 - scores["lpips"]) / 2
    if judges.identity is not None:
        scores["identity"] = metrics.likeness(judges.identity, seen * matte, true * matte, _face(photo))
    return scores


def shadow_iou(pictures: Maps, photo: Photo, wanted: Wanted) -> float:
    """Overlap of what is in a lamp's shadow and what is predicted to be, where either can be said."""
    assert wanted.shaded is not None
    specular, light = pictures["specular"], pictures["diffuse_light"]
    arriving = (pictures[OURS] - specular) / np.maximum(pictures["albedo"], 1e-3)
    shaded = arriving.sum(axis=2) < 0.5 * light.sum(axis=2)
    true, sure = wanted.shaded[:, :, 0] > 0, wanted.shaded[:, :, 1] > 0
    return metrics.intersection_over_union(shaded & sure, true & sure)


def summary(scores: list[Score]) -> dict:
    """about -> method -> name -> [mean over pictures, standard error over identities]; only what some picture tells."""
    groups: dict[tuple[str, str, str], list[Score]] = {}
    for score in scores:
        groups.setdefault((score.about, score.method, score.name), []).append(score)
    out: dict[str, Any] = {}
    for (about, method, name), group in groups.items():
        people: dict[str, list[float]] = {}
        for score in group:
            if np.isfinite(score.value):
                people.setdefault(score.identity, []).append(score.value)
        if not people:
            continue
        means = [float(np.mean(values)) for values in people.values()]
        error = float(np.std(means, ddof=1) / np.sqrt(len(means))) if len(means) > 1 else 0.0
        mean = float(np.mean([v for values in people.values() for v in values]))
        out.setdefault(about, {}).setdefault(method, {})[name] = [mean, error]
    return out


def by_skin(scores: list[Score]) -> dict:
    """about -> class of skin -> [PSNR of ours, its standard error, identities]."""
    out: dict[str, dict] = {}
    told = [score for score in scores if score.method == OURS and score.name == "psnr"]
    for skin in sorted({score.skin for score in told}):
        group = [score for score in told if score.skin == skin]
        for about, methods in summary(group).items():
            people = {score.identity for score in group if score.about == about}
            out.setdefault(about, {})[skin] = [*methods[OURS]["psnr"], len(people)]
    return out


def picture_row(photo: Photo, wanted: Wanted, maps: Maps, pictures: Maps) -> list[np.ndarray]:
    """Photo, normals and albedo beside their truth, the methods and the truth, (H, W, 3) encoded in [0, 1]."""
    row = [photo.photo]
    row += [(x + 1) / 2 * photo.matte for x in (maps["normal"], photo.normal)]
    row += [metrics.shown(x, photo.albedo, photo.matte) * photo.matte for x in (maps["albedo"], photo.albedo)]
    for picture in (*(pictures[method] for method in METHODS), wanted.relit):
        matched = metrics.exposure_match(picture, wanted.relit, photo.matte)
        row.append(metrics.shown(matched, wanted.relit, photo.matte) * photo.matte)
    return row


def mean_normals(data: Path, config: DataConfig) -> np.ndarray:
    """Average normals of training samples, pixel by pixel, (H, W, 3) unit: a guess without a look at the photo.

    In a dataset of test identities alone, of those: a baseline that knows a little too much.
    """
    folders = sample_folders(data)
    training = [p for p in folders if not is_test(str(read_meta(p)["identity"]), config.test_percent)]
    if not training and config.test_percent < 100:
        raise SampleError(f"{data} holds no training samples to take mean normals from.")
    total = sum(read_sample(path).maps["normal"].astype(np.float64) for path in (training or folders)[:MEAN_OF])
    total = total + np.array([0, 0, 1e-3])
    return (total / np.linalg.norm(total, axis=2, keepdims=True)).astype(np.float32)


def lambert_light(light_map: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Irradiance over π at normals (H, W, 3) as a sum over a map of 16 rows, (H, W, 3)."""
    small = light_maps.resize(light_map, 16)
    power = (small * light_maps.solid_angles(16)[:, :, None]).reshape(-1, 3)
    cosines = np.clip(normals @ light_maps.directions(16).reshape(-1, 3).T.astype(np.float32), 0, None)
    return (cosines @ power / np.pi).astype(np.float32)
