"""Training: the stages of a recipe one after the other, each on one network, resumable to the step.

A run folder holds ``recipe.json`` (the resolved recipe), ``checkpoint.pt``, ``loss.csv`` (one row a term),
``pictures/`` and, from the end of the first stage on, ``weights.safetensors``.
"""

import csv
import json
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import ConfigError
from . import lobes, losses
from .checkpoint import read_checkpoint, write_checkpoint, write_weights
from .config import Recipe, StageConfig, read_recipe, recipe_from, table_of
from .data import Dataset, batch_rand
from .portrait import PortraitNet
from .preview import write_picture

REPORT_EVERY = 20  # steps
GREY_SHARE = {"matting": 0.15, "geometry": 0.15, "albedo": 0.12, "shading": 0.0}
NEW_SAMPLES = 16  # read at most so many between two steps, while a render runs beside


def train(recipe: Path, data: Path, out: Path, resume: bool = False) -> None:
    """Train all stages of a recipe.

    Args:
        recipe: TOML file.
        data: folder of samples; those that appear in it while training runs are taken up.
        out: run folder.
        resume: go on from ``out``'s checkpoint.

    Raises:
        ConfigError: a bad recipe, or one that differs from the one the run began with.
        SampleError: no samples.
        ModelError: no or a damaged checkpoint to resume from.
    """
    config = read_recipe(Path(recipe))
    out = Path(out)
    checkpoint = out / "checkpoint.pt"
    if not resume and checkpoint.exists():
        raise ConfigError(f"{out} already holds a run. Add --resume to go on with it, or give another folder.")
    content = read_checkpoint(checkpoint) if resume else None
    if content is not None and recipe_from(content["config"], str(checkpoint)) != config:
        raise ConfigError(
            f"{recipe} differs from the recipe this run began with ({out / 'recipe.json'}). Use that one."
        )
    out.mkdir(parents=True, exist_ok=True)
    (out / "recipe.json").write_text(json.dumps(table_of(config), indent=1), encoding="utf-8")
    torch.set_num_threads(config.threads)
    dataset = Dataset(Path(data), config.data)
    print(f"reading {data} …", flush=True)
    dataset.rescan()
    dataset.require()
    print(f"{len(dataset.subjects)} training samples, {len(dataset.lights)} lights", flush=True)
    Run(config, dataset, out, content).go()


class Run:
    """The state of a run: live networks, their moving average, the optimiser, the place in the recipe."""

    def __init__(self, recipe: Recipe, dataset: Dataset, out: Path, content: dict | None):
        self.recipe, self.dataset, self.out = recipe, dataset, out
        torch.manual_seed(recipe.seed)
        self.nets = PortraitNet(recipe.portrait).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = PortraitNet(recipe.portrait).eval()
        self.average.load_state_dict(self.nets.state_dict())
        self.stage, self.step, self.seconds = 0, 0, 0.0
        self.optimiser_state: dict | None = None
        if content is not None:
            self.nets.load_state_dict(content["weights"])
            self.average.load_state_dict(content["average"])
            self.stage, self.step, self.seconds = content["stage"], content["step"], content["seconds"]
            self.optimiser_state = content["optimiser"]
        if recipe.bf16:
            compute_in_bf16(self.nets)
        with torch.no_grad():
            self.spectra = lobes.spectra()

    def go(self) -> None:
        """Run what is left of the recipe."""
        with ThreadPoolExecutor(1) as loader:
            while self.stage < len(self.recipe.stages):
                self._run_stage(self.recipe.stages[self.stage], loader)
                self.stage, self.step, self.seconds, self.optimiser_state = self.stage + 1, 0, 0.0, None
                self._keep()
                weights = self.average.state_dict()
                write_weights(self.out / "weights.safetensors", weights, table_of(self.recipe.portrait))
        print(f"done: {self.out / 'weights.safetensors'}", flush=True)

    def _run_stage(self, stage: StageConfig, loader: ThreadPoolExecutor) -> None:
        net, average = getattr(self.nets, stage.net), getattr(self.average, stage.net)
        self.nets.eval().requires_grad_(False)
        net.train().requires_grad_(True)
        optimiser = torch.optim.AdamW(
            [
                {"params": [p for p in net.parameters() if p.ndim > 1], "weight_decay": self.recipe.weight_decay},
                {"params": [p for p in net.parameters() if p.ndim <= 1], "weight_decay": 0.0},
            ],
            lr=stage.rate,
            betas=(0.9, 0.98),
        )
        if self.optimiser_state is not None:
            optimiser.load_state_dict(self.optimiser_state)
        loader.submit(self.dataset.rescan).result()
        upcoming = self._load(stage, self.step, loader)
        before, began = self.seconds, time.monotonic()
        sums: dict[str, float] = {}
        while self.step < stage.steps and self.seconds < stage.minutes * 60:
            batch = upcoming.result()
            if self.step % self.recipe.rescan_every == self.recipe.rescan_every - 1:
                loader.submit(self.dataset.rescan, NEW_SAMPLES)
            upcoming = self._load(stage, self.step + 1, loader)
            done = max(self.step / stage.steps, self.seconds / (stage.minutes * 60))
            for group in optimiser.param_groups:
                group["lr"] = stage.rate * min(1.0, (self.step + 1) / self.recipe.warmup) * _cosine(done)
            terms = stage_loss(self.nets, stage, batch, self.spectra)
            optimiser.zero_grad(set_to_none=True)
            terms["total"].backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            self._average(net, average)
            self.step += 1
            self.seconds = before + time.monotonic() - began
            for name, value in terms.items():
                sums[name] = sums.get(name, 0.0) + float(value.detach())
            if self.step % REPORT_EVERY == 0:
                self._report(stage, {name: value / REPORT_EVERY for name, value in sums.items()})
                sums = {}
            if self.step % self.recipe.picture_every == 0:
                self._picture(stage)
            if self.step % self.recipe.checkpoint_every == 0:
                self.optimiser_state = optimiser.state_dict()
                self._keep()
        upcoming.cancel()
        self._picture(stage)
        net.load_state_dict(average.state_dict())

    def _load(self, stage: StageConfig, step: int, loader: ThreadPoolExecutor) -> "Future[dict[str, Tensor]]":
        # The step alone decides what is drawn, so that a resumed run sees what an uninterrupted one would have.
        rng = np.random.default_rng([self.recipe.seed, self.stage, step])
        relit = stage.net == "shading"
        return loader.submit(batch_rand, rng, self.dataset, stage.batch, stage.size, relit, GREY_SHARE[stage.net])

    def _average(self, net: nn.Module, average: nn.Module) -> None:
        # A long memory would cling to the random start.
        decay = min(self.recipe.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for kept, live in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
                if kept.is_floating_point():
                    kept.lerp_(live, 1 - decay)
                else:
                    kept.copy_(live)

    def _keep(self) -> None:
        write_checkpoint(
            self.out / "checkpoint.pt",
            {
                "config": table_of(self.recipe),
                "weights": self.nets.state_dict(),
                "average": self.average.state_dict(),
                "optimiser": self.optimiser_state,
                "stage": self.stage,
                "step": self.step,
                "seconds": self.seconds,
            },
        )

    def _report(self, stage: StageConfig, terms: dict[str, float]) -> None:
        each = self.seconds / self.step
        left = min((stage.steps - self.step) * each, stage.minutes * 60 - self.seconds)
        values = "  ".join(f"{name} {value:.4f}" for name, value in terms.items())
        place = f"stage {self.stage + 1}/{len(self.recipe.stages)} {stage.net} {stage.size} px"
        pace = f"{each:.2f} s/step  {max(left, 0) / 60:.1f} min left  {len(self.dataset.subjects)} samples"
        print(f"{place}  step {self.step}/{stage.steps}  {values}  {pace}", flush=True)
        path = self.out / "loss.csv"
        new = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(("stage", "net", "step", "seconds", "term", "value"))
            for name, value in terms.items():
                writer.writerow((self.stage, stage.net, self.step, f"{self.seconds:.1f}", name, f"{value:.6g}"))

    def _picture(self, stage: StageConfig) -> None:
        rng = np.random.default_rng([self.recipe.seed, 2**31])
        batch = batch_rand(rng, self.dataset, 4, stage.size, relit=True)
        folder = self.out / "pictures"
        folder.mkdir(exist_ok=True)
        name = f"{self.stage:02d}_{stage.net}_{self.step:06d}.png"
        write_picture(folder / name, self.average, stage.net, batch)


def stage_loss(nets: PortraitNet, stage: StageConfig, batch: dict[str, Tensor], spectra: Tensor) -> dict[str, Tensor]:
    """Run one network on the truth or on its predecessors' predictions and judge it; terms by name with ``total``."""
    batch = {name: value.contiguous(memory_format=torch.channels_last) for name, value in batch.items()}
    if stage.net == "matting":
        return losses.matting_loss(nets.matting(batch["photo"]), batch)
    foreground, matte, normal, albedo = (batch[name] for name in ("foreground", "matte", "normal", "albedo"))
    if stage.on_predictions:
        with torch.no_grad():
            cut = nets.matting(batch["photo"])
            foreground, matte = cut.foreground, cut.matte
            if stage.net in ("albedo", "shading"):
                normal = nets.geometry(foreground, matte)
            if stage.net == "shading":
                albedo = nets.albedo(foreground, normal, matte)
    if stage.net == "geometry":
        return losses.geometry_loss(nets.geometry(foreground, matte), batch)
    if stage.net == "albedo":
        return losses.albedo_loss(nets.albedo(foreground, normal, matte), batch)
    return losses.shading_loss(nets.shading(foreground, matte, normal, albedo, batch["light_map"], spectra), batch)


def compute_in_bf16(nets: PortraitNet) -> None:
    """Let every layer compute in bfloat16 (about half the time where the processor has it), and the rest, where
    light is summed, in float32."""
    for net in nets.children():
        for module in net.modules():
            if module is not net and not isinstance(module, nn.ModuleList):
                module.forward = torch.autocast("cpu", torch.bfloat16)(module.forward)


def _cosine(done: float) -> float:
    """From 1 down to 1/50."""
    return 0.02 + 0.98 * 0.5 * (1 + float(np.cos(np.pi * min(done, 1.0))))
