"""What do the options of training bring? `python benchmarks/ablations.py TRAINING TEST OUT`: OLAT samples, and a place.

Everything that is on by default (losses, what is done to the photos, the engine's habits) is left out by itself: one
of the shipped networks learns without it for some hundred steps, at the rate of a beginning, and photos of unseen
people under unseen panoramas judge where it ends beside one that kept everything. Each training is done with several
seeds; how far apart these end is what chance does. Results are kept in OUT/results.json, and a later run goes on from
there. The tables are printed as they stand in docs/training.md.
"""

import argparse
import dataclasses
import json
import multiprocessing
import statistics
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from relight_stage.nets import lobes, metrics
from relight_stage.nets.checkpoint import read_weights
from relight_stage.nets.config import NETS, DataConfig, PhotographyConfig, Recipe, recipe_from
from relight_stage.nets.data import Dataset
from relight_stage.nets.graphs import WEIGHTS
from relight_stage.nets.loader import Batches
from relight_stage.nets.portrait import PortraitNet
from relight_stage.nets.processes import join_processes
from relight_stage.nets.terms import Terms
from relight_stage.nets.train import Run

SHIPPED = WEIGHTS / "weights.safetensors"
SIZE, BATCH, RATE = 64, 4, 2e-3
JUDGED = 16  # batches of test photos
# What each network is judged by, and whether more is better.
MEASURES = {
    "matting": ("matte MAE × 1000", False),
    "geometry": ("normals, °", False),
    "albedo": ("albedo, dB", True),
    "visibility": ("visibility MAE × 1000", False),
    "shading": ("relit, dB", True),
    "light": ("light, °", False),
}
KINDS = ("losses", "photos", "engine")
PHOTOS, ENGINE = "matting", "albedo"  # the networks that show what these options do
HABITS = {"bf16": False, "clip": 1e9, "average": 0.0, "warmup": 0, "weight_decay": 0.0}


@dataclass(frozen=True)
class Ablation:
    """A recipe's key, by its path, and the value that turns it off; no path leaves all as it is."""

    net: str
    path: tuple[str, ...] = ()
    off: Any = 0.0

    @property
    def kind(self) -> str:
        return {"stages": "losses", "data": "photos"}.get(self.path[0], "engine")

    @property
    def name(self) -> str:
        return f"{self.net} without {self.path[-1]}" if self.path else self.net


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("training", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", choices=KINDS, nargs="+", default=KINDS)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--processes", type=int, default=2)
    words = parser.parse_args()
    words.out.mkdir(parents=True, exist_ok=True)
    file = words.out / "results.json"
    results: dict[str, dict[str, float]] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    wanted = [(a, seed) for seed in range(words.seeds) for a in ablations() if not a.path or a.kind in words.only]
    left = [(a, seed) for a, seed in wanted if str(seed) not in results.get(a.name, {})]
    bench = Bench(words.training, words.test, words.out, words.steps)
    # Forked, so that all read the same people in memory.
    with multiprocessing.get_context("fork").Pool(words.processes, maxtasksperchild=1) as pool:
        for ablation, seed, score in pool.imap_unordered(bench.run, left):
            results.setdefault(ablation.name, {})[str(seed)] = score
            file.write_text(json.dumps(results, indent=1), "utf-8")
            print(f"{ablation.name}, seed {seed}: {score:.2f}", flush=True)
    print(*tables(results), sep="\n")


def ablations() -> Iterator[Ablation]:
    """What is on by default, and each network with all of it."""
    for net in NETS:
        yield Ablation(net)
        for term, weight in dataclasses.asdict(getattr(Terms(), net)).items():
            if weight:
                yield Ablation(net, ("stages", "terms", net, term))
    for field in dataclasses.fields(PhotographyConfig):
        yield Ablation(PHOTOS, ("data", "photography", field.name))
    for share in ("tight", "views", "dark"):
        yield Ablation(PHOTOS, ("data", share))
    for habit, off in HABITS.items():
        yield Ablation(ENGINE, (habit,), off)


class Bench:
    """People in memory, and trainings of one network each."""

    def __init__(self, training: Path, test: Path, out: Path, steps: int):
        torch.set_num_threads(1)
        self.out, self.steps = out, steps
        self.training, self.test = Dataset(training, DataConfig()), Dataset(test, DataConfig(), test=True)
        for dataset in (self.training, self.test):
            dataset.rescan()
            dataset.require()
        _, self.portrait = read_weights(SHIPPED)

    def run(self, job: tuple[Ablation, int]) -> tuple[Ablation, int, float]:
        """Train and judge one network; the job and its score."""
        ablation, seed = job
        recipe = self.recipe(ablation, seed)
        self.training.config = recipe.data
        folder = self.out / f"{ablation.name} {seed}".replace(" ", "_")
        folder.mkdir(exist_ok=True)
        with (folder / "log.txt").open("w", encoding="utf-8") as log, redirect_stdout(log):
            run = Run(recipe, self.training, folder, None, join_processes("cpu"), lambda: False)
            run.go()
        return ablation, seed, self.judge(run.average, recipe)

    def recipe(self, ablation: Ablation, seed: int) -> Recipe:
        stage = {"net": ablation.net, "size": SIZE, "batch": BATCH, "steps": self.steps, "rate": RATE}
        often = {f"{thing}_every": 10**6 for thing in ("picture", "checkpoint", "rescan")}
        table: dict[str, Any] = {"seed": seed, "threads": 1, "workers": 0, "average": 0.98, **often}
        table |= {"start": str(SHIPPED), "portrait": self.portrait, "stages": stage}
        if ablation.path:
            *parents, key = ablation.path
            place = table
            for parent in parents:
                place = place.setdefault(parent, {})
            place[key] = ablation.off
        return recipe_from({**table, "stages": [table["stages"]]})

    def judge(self, nets: PortraitNet, recipe: Recipe) -> float:
        """Mean over the same photos for all, made by the default camera."""
        stage = recipe.stages[0]
        source = Batches(self.test, 0, 0, stage)
        with torch.no_grad():
            scores = [score for i in range(JUDGED) for score in measured(nets.eval(), stage.net, source[i])]
        return statistics.fmean(scores)


def measured(nets: PortraitNet, net: str, batch: dict[str, Tensor]) -> list[float]:
    """A network's measure on each example, fed the truth of the networks before it."""
    given = (batch["foreground"], batch["matte"])
    if net == "matting":
        return [1000 * metrics.matte_mae(*pair) for pair in pairs(nets.matting(batch["photo"]).matte, batch["matte"])]
    if net == "geometry":
        made = pairs(nets.geometry(*given), batch["normal"], batch["matte"])
        return [metrics.normal_error_deg(*triple) for triple in made]
    if net == "albedo":
        made = pairs(nets.albedo(given[0], batch["normal"], given[1]), batch["albedo"], batch["matte"])
        return [metrics.scale_invariant_psnr(*triple) for triple in made]
    if net == "light":
        light = nets.light(*given, batch["normal"], batch["albedo"])
        return [metrics.light_angle_deg(*pair) for pair in pairs(light, batch["photo_light"])]
    visible = nets.visibility(given[0], batch["normal"], given[1])
    if net == "visibility":
        seen = nets.shading.cells.seen_from(visible, batch["toward"].squeeze(2))
        return [1000 * metrics.mae(*triple) for triple in pairs(seen, batch["arriving"], batch["sure"])]
    relit = nets.shading(*given, batch["normal"], batch["albedo"], visible, batch["light_map"], lobes.spectra()).relit
    triples = pairs(relit, batch["relit"], batch["matte"])
    return [metrics.psnr(metrics.shown(*t), metrics.shown(t[1], *t[1:]), t[2]) for t in triples]


def pairs(*tensors: Tensor) -> Iterator[tuple]:
    """The examples of a batch as (H, W, C) arrays."""
    return zip(*(tensor.permute(0, 2, 3, 1).numpy() for tensor in tensors), strict=True)


def tables(results: dict[str, dict[str, float]]) -> Iterator[str]:
    """How much worse each ablation ends, mean over the seeds, beside what chance does to the whole."""
    whole = {net: results[net] for net in NETS}
    yield "| network | measure | with all | apart by chance |\n|---|---|---|---|"
    for net, scores in whole.items():
        values = list(scores.values())
        chance = max(values) - min(values)
        yield f"| {net} | {MEASURES[net][0]} | {statistics.fmean(values):.2f} | {chance:.2f} |"
    yield "\n| network | left out | worse by |\n|---|---|---|"
    for ablation in ablations():
        if ablation.path and ablation.name in results:
            sign = -1 if MEASURES[ablation.net][1] else 1
            found = results[ablation.name]
            worse = [sign * (score - whole[ablation.net][seed]) for seed, score in found.items()]
            yield f"| {ablation.net} | {ablation.path[-1]} | {statistics.fmean(worse):+.2f} |"


if __name__ == "__main__":
    main()
