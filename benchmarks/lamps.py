"""The hardest photos: tight and grey, a face under one lamp in the dark, relit under other lamps.

Usage: lamps.py DATASET [--weights DIR …] [--pairs 2] [--side] [--sheet OUT.png]. DATASET holds OLAT samples that
training never saw. The whole pipeline is asked, from the photo's pixels on. Scores are means ± standard errors over
people, over the truth's matte, each method matched to the truth's brightness by one factor a picture; where no face is
found the photo stays as it was.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from relight_stage.errors import PhotoError, RelightError
from relight_stage.nets import metrics
from relight_stage.nets.config import DataConfig
from relight_stage.nets.crops import Crop, straight, warp
from relight_stage.nets.data import MATTE, Dataset
from relight_stage.nets.examples import lit
from relight_stage.nets.graphs import WEIGHTS
from relight_stage.nets.illumination import stage_light
from relight_stage.nets.infer import Relighter
from relight_stage.nets.photography import as_grey
from relight_stage.scenes.colour import linear_to_srgb, srgb_to_linear
from relight_stage.synth.sheet import grid, tile, write_sheet

SEED, SIDE = 11, 256
FRONT = 0.35  # least z of a lamp's direction; from −FRONT to FRONT it stands at the side
WIDTH = 0.62  # of the face in the crop


class Case(NamedTuple):
    """A photo (H, W, 3) scene-linear, the wanted light map and picture, the matte (H, W, 1)."""

    identity: str
    photo: np.ndarray
    light_map: np.ndarray
    wanted: np.ndarray
    matte: np.ndarray


class Score(NamedTuple):
    identity: str
    psnr: float
    ssim: float
    found: bool


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--weights", type=Path, nargs="+", default=[WEIGHTS])
    parser.add_argument("--pairs", type=int, default=2, help="lamps by which each photo is relit")
    parser.add_argument("--side", action="store_true", help="photos are lit from the side and relit from the front")
    parser.add_argument("--sheet", type=Path)
    words = parser.parse_args()
    try:
        networks = {folder.name: Relighter.load(folder) for folder in words.weights}
        dataset = Dataset(words.dataset, replace(DataConfig(), test_percent=100), test=True)
        dataset.rescan()
        scores, rows = judge(networks, cases(dataset, words.pairs, words.side))
        if words.sheet is not None:
            write_sheet(words.sheet, grid(rows, f"photo, {', '.join(networks)}, truth"))
    except RelightError as error:
        print(error, file=sys.stderr)
        return 1
    print("| grey, tight, one lamp to another | PSNR (dB) | SSIM | no face found |\n|---|---|---|---|")
    for method, found in scores.items():
        lost = sum(not score.found for score in found)
        print(f"| {method} | {spread(found, 'psnr', 2)} | {spread(found, 'ssim', 3)} | {lost} of {len(found)} |")
    return 0


def judge(
    networks: dict[str, Relighter], asked: Iterable[Case]
) -> tuple[dict[str, list[Score]], list[list[np.ndarray]]]:
    """The scores of each method, and a row of pictures for the first lamp of each person."""
    scores: dict[str, list[Score]] = {name: [] for name in ("photo unchanged", *networks)}
    rows, shown = [], set()
    for case in asked:
        pictures, lost = {"photo unchanged": case.photo}, set()
        for name, relighter in networks.items():
            try:
                pictures[name] = as_grey(relighter.relight(relighter.analyse(case.photo), case.light_map))
            except PhotoError:  # no face found
                pictures[name] = case.photo
                lost.add(name)
        true = metrics.shown(case.wanted, case.wanted, case.matte)
        row = []
        for name, picture in pictures.items():
            matched = metrics.exposure_match(picture, case.wanted, case.matte)
            seen = metrics.shown(matched, case.wanted, case.matte)
            psnr, ssim = (score(seen, true, case.matte) for score in (metrics.psnr, metrics.ssim))
            scores[name].append(Score(case.identity, psnr, ssim, name not in lost))
            row.append(seen * case.matte if row else linear_to_srgb(np.clip(case.photo, 0, 1)))
        if case.identity not in shown:
            shown.add(case.identity)
            row.append(true * case.matte)
            rows.append([tile((np.clip(p, 0, 1) * 255).astype(np.uint8), "", 160) for p in row])
    return scores, rows


def cases(dataset: Dataset, pairs: int, from_side: bool = False) -> Iterator[Case]:
    """The crops; what is drawn depends on SEED and on the subject's place in the dataset alone."""
    for index, subject in enumerate(dataset.subjects):
        if subject.olat is None or subject.directions is None:
            continue
        rng = np.random.default_rng([SEED, index])
        front = np.flatnonzero(subject.directions[:, 2] > FRONT)
        lamps = rng.choice(front, 1 + pairs, replace=False)
        if from_side:
            lamps[0] = rng.choice(np.flatnonzero(np.abs(subject.directions[:, 2]) < FRONT))
        weights = np.eye(len(subject.directions), dtype=np.float32)[lamps][:, :, None].repeat(3, 2)
        matte = subject.maps[:, :, MATTE].astype(np.float32)
        crop = face_crop(subject.maps.shape[0], subject.face)
        pictures = []
        for picture in lit(subject, weights):
            warped = warp(np.concatenate([picture[:, :, :3] + picture[:, :, 3:], matte], axis=2), crop, SIDE)
            pictures.append(as_grey(warped[:, :, :3]))
        covered = np.clip(warped[:, :, 3:], 0, 1)
        # As a camera keeps it: exposed for the bright side, eight bits.
        bright = float(np.percentile(pictures[0][covered[:, :, 0] > 0.5], 97))
        photo = linear_to_srgb(np.clip(pictures[0] * (0.8 / max(bright, 1e-6)), 0, 1))
        photo = srgb_to_linear(np.rint(photo * 255).astype(np.float32) / 255)
        for lamp, picture in zip(weights[1:], pictures[1:], strict=True):
            light_map = stage_light(lamp, subject.directions, subject.half_angle)
            yield Case(subject.identity, photo, light_map, straight(picture, covered), covered)


def face_crop(side: int, face: tuple[float, float, float]) -> Crop:
    """The window that a face fills by WIDTH, upright, within the picture."""
    x, y, width = face
    window = min(1.0, width / WIDTH)
    left, top = (float(np.clip(centre - window / 2, 0, 1 - window)) * side for centre in (x, y))
    scale = SIDE / (window * side)
    return Crop(np.array([[scale, 0, -left * scale], [0, scale, -top * scale]]), 0.0, False)


def spread(scores: list[Score], name: str, digits: int) -> str:
    """Mean over pictures ± standard error over people."""
    people: dict[str, list[float]] = {}
    for score in scores:
        people.setdefault(score.identity, []).append(getattr(score, name))
    means = [float(np.mean(values)) for values in people.values()]
    if len(means) < 2:
        return "-"
    return f"{np.mean(means):.{digits}f} ± {np.std(means, ddof=1) / np.sqrt(len(means)):.{digits}f}"


if __name__ == "__main__":
    sys.exit(main())
