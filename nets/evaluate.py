"""Scores of exported weights on people and panoramas that training never saw, beside two baselines.

Each test subject is lit by a test panorama for the photo and by another for the picture that is wanted; the whole
pipeline runs from the photo alone, on the ONNX files as shipped. Relit pictures are compared over the true matte,
all methods matched to the truth's brightness by one factor a picture, except for log-RMSE, where brightness counts.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import onnxruntime

from ..errors import ModelError, SampleError
from ..scenes import light_map as light_maps
from ..scenes.light_map import olat_weights
from ..synth.sample import read_meta, read_sample
from . import metrics
from .config import DataConfig
from .crops import straight
from .data import Dataset, Subject, is_test, sample_folders
from .examples import lit
from .export import GRAPHS
from .illumination import stage_light
from .infer import run_graph
from .photography import backdrop_behind, develop, exposure
from .preview import PALETTE

SHIPPED = Path(__file__).parent / "weights"
SEED = 7
LIGHTS = 3  # pairs of lights a subject
METHODS = ("ours", "input unchanged", "mean normals, Lambert")
MEAN_OF = 64  # training samples whose normals are averaged for the baseline


class Case(NamedTuple):
    """A photo, what it was made of, and the picture that is wanted; (H, W, C) float32.

    rendered: the wanted picture was rendered under the panorama itself, not summed from OLAT images.
    """

    name: str
    photo: np.ndarray
    matte: np.ndarray
    normal: np.ndarray
    albedo: np.ndarray
    parsing: np.ndarray
    light_map: np.ndarray
    relit: np.ndarray
    rendered: bool


def evaluate(weights: Path | None, data: Path, out: Path | None = None) -> dict:
    """Score weights; print a table and, with ``out``, write scores.json, scores.md and scores.png.

    Args:
        weights: folder of ONNX files; None takes the shipped ones.
        data: folder of samples; its test identities need OLAT images.

    Returns:
        What scores.json holds: ``parts`` (matte, normals, albedo), ``relit`` and ``relit_rendered`` by method, counts.

    Raises:
        ModelError: weights missing or damaged.
        SampleError: no test samples, or none of the test panoramas.
    """
    sessions, config = open_sessions(Path(weights) if weights is not None else SHIPPED)
    dataset = Dataset(Path(data), config, test=True)
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
    mean_normal = mean_normals(Path(data), config)
    parts: dict[str, list[float]] = {}
    relit: dict[str, dict[str, dict[str, list[float]]]] = {"relit": {}, "relit_rendered": {}}
    rows, rendered = [], 0
    for case in cases(dataset):
        pictures, scores = judge(case, sessions, mean_normal)
        for name, value in scores.items():
            parts.setdefault(name, []).append(value)
        rendered += case.rendered
        group = relit["relit_rendered" if case.rendered else "relit"]
        for method in METHODS:
            for name, value in relit_scores(pictures[method], case).items():
                group.setdefault(method, {}).setdefault(name, []).append(value)
        if not case.rendered and case.name.endswith("/0"):
            rows.append(_row(case, pictures))
    result = {
        "identities": len({subject.identity for subject in dataset.subjects}),
        "subjects": len(dataset.subjects),
        "pictures": len(parts["matte_mae"]),
        "rendered_pictures": rendered,
        "test_hdris": list(config.test_hdris),
        "parts": {name: float(np.mean(values)) for name, values in parts.items()},
        **{
            key: {method: {name: float(np.mean(v)) for name, v in scores.items()} for method, scores in group.items()}
            for key, group in relit.items()
        },
    }
    table = as_markdown(result)
    print(table, flush=True)
    if out is not None:
        out = Path(out)
        out.mkdir(parents=True, exist_ok=True)
        (out / "scores.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
        (out / "scores.md").write_text(table, encoding="utf-8")
        cv2.imwrite(str(out / "scores.png"), np.concatenate(rows[:8], axis=0)[:, :, ::-1])
    return result


def open_sessions(folder: Path) -> tuple[dict[str, onnxruntime.InferenceSession], DataConfig]:
    """The three graphs and the split they were trained with."""
    sessions = {}
    for name in GRAPHS:
        path = folder / f"{name}.onnx"
        if not path.is_file():
            raise ModelError(f"{path} does not exist. Export a run there: relight-stage export RUN {folder}.")
        try:
            sessions[name] = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime has no common base for its errors
            raise ModelError(f"{path} is damaged: {str(error).splitlines()[0]}. Export it again.") from error
    properties = sessions["relight"].get_modelmeta().custom_metadata_map
    try:
        split = json.loads(properties["split"])
        config = DataConfig(test_hdris=tuple(split["test_hdris"]), test_percent=int(split["test_percent"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{folder}/relight.onnx does not say on what it was trained. Export it again.") from error
    return sessions, config


def cases(dataset: Dataset) -> Iterator[Case]:
    """Photos of every test subject; the same in every run."""
    for index, subject in enumerate(dataset.subjects):
        rng = np.random.default_rng([SEED, index])
        for turn in range(LIGHTS):
            first, second = (
                np.roll(dataset.lights[rng.integers(len(dataset.lights))], rng.integers(128), axis=1) for _ in range(2)
            )
            weights = np.stack([olat_weights(light, subject.directions) for light in (first, second)])
            # Halves hold what comes out when the light's mean is about 1.
            weights /= weights.mean(axis=(1, 2), keepdims=True)
            portrait, wanted = (image[:, :, :3] + image[:, :, 3:] for image in lit(subject, weights))
            map_made = stage_light(weights[1], subject.directions)
            yield _case(f"{subject.name}/{turn}", subject, portrait, first, wanted, map_made, rendered=False)
        if subject.is_under(dataset.config.test_hdris):
            wanted = subject.maps[:, :, :3].astype(np.float32)
            yield _case(f"{subject.name}/own", subject, portrait, first, wanted, subject.light_map, rendered=True)


def _case(
    name: str,
    subject: Subject,
    portrait: np.ndarray,
    light: np.ndarray,
    wanted: np.ndarray,
    light_map: np.ndarray,
    rendered: bool,
) -> Case:
    maps = subject.maps.astype(np.float32)
    matte = maps[:, :, 12:13]
    albedo = straight(maps[:, :, 6:9], matte)
    normal = maps[:, :, 9:12]
    normal = normal / np.maximum(np.linalg.norm(normal, axis=2, keepdims=True), 1e-6)
    scale = exposure(portrait, matte)
    photo = develop(portrait * scale + (1 - matte) * backdrop_behind(light, portrait.shape[0]))
    parsing = np.concatenate([1 - matte, maps[:, :, 13:]], axis=2)
    return Case(name, photo, matte, normal, albedo, parsing, light_map, straight(wanted, matte), rendered)


def judge(
    case: Case, sessions: dict[str, onnxruntime.InferenceSession], mean_normal: np.ndarray
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Run the pipeline and the baselines on a photo.

    Returns:
        Relit pictures by method and the maps on the way by name, (H, W, C); scores of the maps.
    """

    def run(name: str, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        taken = {value.name for value in sessions[name].get_inputs()}
        feed = {k: np.ascontiguousarray(x.transpose(2, 0, 1)[None]) for k, x in inputs.items() if k in taken}
        return {key: x[0].transpose(1, 2, 0) for key, x in run_graph(sessions[name], **feed).items()}

    cut = run("matting", photo=case.photo)
    given = {"foreground": cut["foreground"], "matte": cut["matte"]}
    given |= run("decompose", **given)
    relit = run("relight", **given, light_map=case.light_map)["relit"]
    parsing, matte, foreground = cut["parsing"], cut["matte"], cut["foreground"]
    normal, albedo = given["normal"], given["albedo"]
    covered = foreground[matte[:, :, 0] > 0.5]
    colour = np.median(covered, axis=0) if len(covered) else np.full(3, 0.5)
    lambert = lambert_light(case.light_map, mean_normal) * colour
    pictures = {
        "ours": relit,
        "input unchanged": foreground,
        "mean normals, Lambert": lambert,
        "matte": matte,
        "normal": normal,
        "albedo": albedo,
        "parsing": parsing,
    }
    scores = {
        "matte_sad": metrics.matte_sad(matte, case.matte),
        "matte_mae": metrics.matte_mae(matte, case.matte),
        "parsing_accuracy": float((parsing.argmax(axis=2) == case.parsing.argmax(axis=2)).mean()),
        "normal_deg": metrics.normal_error_deg(normal, case.normal, case.matte),
        "mean_normal_deg": metrics.normal_error_deg(mean_normal, case.normal, case.matte),
        "albedo_si_rmse": metrics.scale_invariant_rmse(albedo, case.albedo, case.matte),
        "input_as_albedo_si_rmse": metrics.scale_invariant_rmse(foreground, case.albedo, case.matte),
    }
    return pictures, scores


def mean_normals(data: Path, config: DataConfig) -> np.ndarray:
    """Average normals of training samples, pixel by pixel, (H, W, 3) unit: a guess without a look at the photo."""
    training = [p for p in sample_folders(data) if not is_test(str(read_meta(p)["identity"]), config.test_percent)]
    if not training:
        raise SampleError(f"{data} holds no training samples to take mean normals from.")
    total = sum(read_sample(path).maps["normal"].astype(np.float64) for path in training[:MEAN_OF])
    total = total + np.array([0, 0, 1e-3])
    return (total / np.linalg.norm(total, axis=2, keepdims=True)).astype(np.float32)


def lambert_light(light_map: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Irradiance over π at normals (H, W, 3) as a sum over a map of 16 rows, (H, W, 3)."""
    small = light_maps.resize(light_map, 16)
    power = (small * light_maps.solid_angles(16)[:, :, None]).reshape(-1, 3)
    cosines = np.clip(normals @ light_maps.directions(16).reshape(-1, 3).T.astype(np.float32), 0, None)
    return (cosines @ power / np.pi).astype(np.float32)


def relit_scores(pred: np.ndarray, case: Case) -> dict[str, float]:
    """PSNR and SSIM of what a viewer sees, matched in brightness; log-RMSE as it is."""
    matched = metrics.exposure_match(pred, case.relit, case.matte)
    seen, true = (metrics.shown(x, case.relit, case.matte) for x in (matched, case.relit))
    return {
        "psnr": metrics.psnr(seen, true, case.matte),
        "ssim": metrics.ssim(seen * case.matte, true * case.matte, case.matte),
        "log_rmse": metrics.log_rmse(pred, case.relit, case.matte),
    }


def as_markdown(result: dict) -> str:
    """The scores as tables."""
    parts = result["parts"]
    lines = [
        f"{result['pictures']} pictures of {result['identities']} unseen identities under unseen panoramas "
        f"({', '.join(result['test_hdris'])}).",
        "",
        "| part | ours | without looking |",
        "|---|---|---|",
        f"| matte SAD (thousands of px) | {parts['matte_sad']:.2f} | |",
        f"| matte MAE | {parts['matte_mae']:.4f} | |",
        f"| parsing, pixels right | {100 * parts['parsing_accuracy']:.1f} % | |",
        f"| normals, mean angle | {parts['normal_deg']:.1f}° | {parts['mean_normal_deg']:.1f}° (mean normals) |",
        f"| albedo, scale-invariant RMSE | {parts['albedo_si_rmse']:.4f} | "
        f"{parts['input_as_albedo_si_rmse']:.4f} (the photo) |",
    ]
    summed = result["pictures"] - result["rendered_pictures"]
    rendered = f"relit, truth rendered under the panorama itself ({result['rendered_pictures']} pictures)"
    for key, title in (("relit", f"relit ({summed} pictures)"), ("relit_rendered", rendered)):
        if not result[key]:
            continue
        lines += ["", f"| {title} | PSNR (dB) | SSIM | log-RMSE |", "|---|---|---|---|"]
        for method, scores in result[key].items():
            lines.append(f"| {method} | {scores['psnr']:.2f} | {scores['ssim']:.3f} | {scores['log_rmse']:.3f} |")
    return "\n".join(lines) + "\n"


def _row(case: Case, pictures: dict[str, np.ndarray]) -> np.ndarray:
    """Photo, maps, the methods and the truth side by side, 8-bit."""
    colours = pictures["parsing"] @ PALETTE.numpy()
    row = [case.photo, colours, pictures["matte"].repeat(3, axis=2), (pictures["normal"] + 1) / 2 * pictures["matte"]]
    row.append((case.normal + 1) / 2 * case.matte)
    for albedo, matte in ((pictures["albedo"], pictures["matte"]), (case.albedo, case.matte)):
        row.append(metrics.shown(albedo, case.albedo, case.matte) * matte)
    for method in METHODS:
        matched = metrics.exposure_match(pictures[method], case.relit, case.matte)
        row.append(metrics.shown(matched, case.relit, case.matte) * case.matte)
    row.append(metrics.shown(case.relit, case.relit, case.matte) * case.matte)
    return np.rint(np.concatenate(row, axis=1).clip(0, 1) * 255).astype(np.uint8)
