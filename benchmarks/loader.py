"""Does training wait for its data? `python benchmarks/loader.py DATA [--recipe TOML] [--size PX] [--batch N] …`.

Two tables. The first: examples a second that N workers make while nothing else is done. The second: the share of a
training step that is computing, with N workers beside it, on a recipe's own threads; the rest is waiting for a batch.
It also gives both in CPU seconds, which other work on the machine changes less than the clock.
"""

import argparse
import itertools
import os
import resource
import time
from dataclasses import replace
from pathlib import Path

import torch

from relight_stage.nets import lobes
from relight_stage.nets.config import Recipe, read_recipe
from relight_stage.nets.data import Dataset
from relight_stage.nets.loader import batches
from relight_stage.nets.objective import Judges, Objective
from relight_stage.nets.portrait import PortraitNet
from relight_stage.nets.train import compute_in_bf16

CONFIGS = Path(__file__).resolve().parents[1] / "nets" / "configs"
WARM = 2  # steps that are not counted: the first batches have to be made, the first kernels chosen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder of a dataset")
    parser.add_argument("--recipe", type=Path, default=CONFIGS / "portable.toml")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2])
    arguments = parser.parse_args()
    recipe = read_recipe(arguments.recipe)
    torch.set_num_threads(recipe.threads)
    dataset = Dataset(arguments.data, recipe.data)
    dataset.rescan()
    dataset.require()
    print(
        f"{arguments.recipe.stem}, {arguments.size} px, batch {arguments.batch}, {recipe.threads} threads, "
        f"{len(dataset.subjects)} samples, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"
    )
    print("\n| workers | examples/s | CPU ms/example |\n|---|---|---|")
    for workers in arguments.workers:
        stage = stage_of(recipe, "matting", arguments)
        per_second, cpu_ms = measure_loading(replace(recipe, workers=workers, stages=(stage,)), dataset)
        print(f"| {workers} | {per_second:.1f} | {cpu_ms:.0f} |", flush=True)
    print("\n| network | workers | s/step | computing | CPU s/step computing |\n|---|---|---|---|---|")
    for net, workers in itertools.product(("matting", "geometry", "albedo", "shading"), arguments.workers):
        stage = stage_of(recipe, net, arguments)
        row = measure_training(replace(recipe, workers=workers, stages=(stage,)), dataset)
        print(f"| {net} | {workers} | {row[0]:.2f} | {100 * row[1]:.1f} % | {row[2]:.2f} |", flush=True)


def stage_of(recipe: Recipe, net: str, arguments: argparse.Namespace):
    steps = arguments.steps + WARM
    return replace(recipe.stages[0], net=net, size=arguments.size, batch=arguments.batch, steps=steps)


def cpu_seconds() -> float:
    """Of this process and of its workers that have ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def measure_loading(recipe: Recipe, dataset: Dataset) -> tuple[float, float]:
    """Examples a second from the second batch of each worker on; CPU milliseconds an example over all."""
    stage = recipe.stages[0]
    before, times = cpu_seconds(), []
    for _ in batches(dataset, recipe, 0, 0, pinned=False):
        times.append(time.monotonic())
    cpu = cpu_seconds() - before
    first = max(recipe.workers, 1) - 1
    return stage.batch * (len(times) - 1 - first) / (times[-1] - times[first]), 1000 * cpu / (stage.batch * len(times))


def measure_training(recipe: Recipe, dataset: Dataset) -> tuple[float, float, float]:
    """Seconds a step, the share of them that is not waiting, and CPU seconds of computing a step."""
    stage = recipe.stages[0]
    torch.manual_seed(0)
    nets = PortraitNet(recipe.portrait).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if recipe.bf16:
        compute_in_bf16(nets, "cpu")
    objective = Objective(nets.eval().requires_grad_(False), stage, lobes.spectra(), Judges())
    net = getattr(nets, stage.net).train().requires_grad_(True)
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-4)
    upcoming = batches(dataset, recipe, 0, 0, pinned=False)
    waited = computed = cpu = 0.0
    for step in range(stage.steps):
        asked = time.monotonic()
        batch = next(upcoming)
        given, given_cpu = time.monotonic(), time.process_time()
        total = objective(batch, torch.Generator()).terms["total"]
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        optimiser.step()
        if step >= WARM:
            waited += given - asked
            computed += time.monotonic() - given
            cpu += time.process_time() - given_cpu
    upcoming.close()
    steps = stage.steps - WARM
    return (waited + computed) / steps, computed / (waited + computed), cpu / steps


if __name__ == "__main__":
    main()
