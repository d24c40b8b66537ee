"""Training: the stages of a recipe one after the other, resumable to the step, in one process or in many.

A run folder holds ``recipe.json`` (the resolved recipe), ``checkpoint.pt``, ``loss.csv`` (one row a term),
``pictures/``, ``tensorboard/`` where it is wanted, and, from the end of the first stage on, ``weights.safetensors``.
"""

import json
import os
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from torch import Tensor, nn

from ..errors import ConfigError
from . import lobes
from .adversarial import Opponent
from .checkpoint import fit_weights, read_checkpoint, start_from, write_checkpoint, write_weights
from .config import Recipe, StageConfig, find_run, read_recipe, recipe_from, table_of
from .data import Dataset
from .examples import Needs, batch_rand
from .journal import Journal
from .loader import batches
from .objective import Objective, read_judges
from .portrait import PortraitNet
from .processes import join_processes, mean_over_processes, process_count, share_statistics
from .schedule import rate_at, truth_at
from .stopping import stoppable

REPORT_EVERY = 20  # steps


def train(recipe: Path, data: Path, out: Path, resume: bool = False, device: str = "auto") -> None:
    """Train all stages of a recipe.

    Args:
        recipe: TOML file.
        data: folder of samples; those that appear in it while training runs are taken up.
        out: run folder.
        resume: go on from ``out``'s checkpoint.
        device: ``auto`` takes GPUs where there are any, ``cpu`` none.

    Raises:
        ConfigError: a bad recipe, or one that differs from the one the run began with.
        SampleError: no samples.
        ModelError: no or a damaged checkpoint to resume from; missing or damaged weights to start from or file of
            [backbones].
    """
    config = read_recipe(Path(recipe))
    out = Path(out)
    checkpoint = out / "checkpoint.pt"
    if config.deterministic:
        # cuBLAS reads it when it starts.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    accelerator = join_processes(device)
    if not resume and find_run(out):
        raise ConfigError(f"{out} already holds a run. Add --resume to go on with it, or give another folder.")
    content = read_checkpoint(checkpoint) if resume else None
    if content is not None and recipe_from(content["config"], str(checkpoint)) != config:
        raise ConfigError(
            f"{recipe} differs from the recipe this run began with ({out / 'recipe.json'}). Use that one."
        )
    # Nobody writes before everybody has looked.
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        out.mkdir(parents=True, exist_ok=True)
        (out / "recipe.json").write_text(json.dumps(table_of(config), indent=1), encoding="utf-8")
    torch.set_num_threads(config.threads)
    torch.use_deterministic_algorithms(config.deterministic, warn_only=True)
    dataset = Dataset(Path(data), config.data)
    accelerator.print(f"reading {data} …", flush=True)
    dataset.rescan()
    dataset.require()
    accelerator.print(f"{len(dataset.subjects)} training samples, {len(dataset.lights)} lights", flush=True)
    with stoppable(alone=process_count() == 1) as is_stopped:
        Run(config, dataset, out, content, accelerator, is_stopped).go()


class Run:
    """The state of a run: live networks, their moving average, the optimiser, the place in the recipe.

    Args:
        content: the checkpoint to go on from, or None.
        is_stopped: asked after each step; once true the run keeps a checkpoint and raises KeyboardInterrupt.
    """

    def __init__(
        self,
        recipe: Recipe,
        dataset: Dataset,
        out: Path,
        content: dict | None,
        accelerator: Accelerator,
        is_stopped: Callable[[], bool],
    ):
        self.recipe, self.dataset, self.out, self.accelerator = recipe, dataset, out, accelerator
        self.is_stopped = is_stopped
        device = accelerator.device
        torch.manual_seed(recipe.seed)
        self.nets = PortraitNet(recipe.portrait).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if recipe.start and content is None:
            left = start_from(self.nets, Path(recipe.start))
            parts = sorted({".".join(name.split(".")[:2]) for name in left})
            accelerator.print(f"started from {recipe.start}; at random: {', '.join(parts) or 'nothing'}", flush=True)
        self.average = PortraitNet(recipe.portrait).eval()
        self.average.load_state_dict(self.nets.state_dict())
        self.stage, self.step, self.seconds = 0, 0, 0.0
        # What only lives as long as a stage: the optimiser, the critic, and the losses since the last report.
        self.kept: dict = {}
        if content is not None:
            fit_weights(self.nets, content["weights"], out)
            fit_weights(self.average, content["average"], out)
            self.stage, self.step, self.seconds = content["stage"], content["step"], content["seconds"]
            # Runs from before there were critics kept neither them nor the losses.
            self.kept = {name: content.get(name) for name in ("optimiser", "critic", "sums")}
        self.nets.to(device)
        self.average.to(device)
        if process_count() > 1:
            share_statistics(self.nets)
        if recipe.bf16:
            compute_in_bf16(self.nets, device.type)
        if recipe.compile:
            for net in self.nets.children():
                net.compile()
        self.judges = read_judges(recipe.backbones, recipe.stages, device)
        with torch.no_grad():
            self.spectra = lobes.spectra().to(device)
        self.journal = Journal(out, recipe, self.stage, self.step) if accelerator.is_main_process else None

    def go(self) -> None:
        """Run what is left of the recipe."""
        while self.stage < len(self.recipe.stages):
            self._run_stage(self.recipe.stages[self.stage])
            self.stage, self.step, self.seconds, self.kept = self.stage + 1, 0, 0.0, {}
            self._keep()
            if self.accelerator.is_main_process:
                write_weights(
                    self.out / "weights.safetensors", self.average.state_dict(), table_of(self.recipe.portrait)
                )
        if self.journal:
            self.journal.close()
        self.accelerator.print(f"done: {self.out / 'weights.safetensors'}", flush=True)

    def _run_stage(self, stage: StageConfig) -> None:
        self.nets.eval().requires_grad_(False)
        for name in stage.trained:
            getattr(self.nets, name).train().requires_grad_(True)
        learned = [p for name in stage.trained for p in getattr(self.nets, name).parameters()]
        optimiser = torch.optim.AdamW(
            [
                {"params": [p for p in learned if p.ndim > 1], "weight_decay": self.recipe.weight_decay},
                {"params": [p for p in learned if p.ndim <= 1], "weight_decay": 0.0},
            ],
            lr=stage.rate,
            betas=(0.9, 0.98),
        )
        opponent = None
        if stage.terms.albedo.adversarial or stage.terms.shading.adversarial:
            opponent = Opponent(stage.adversarial, self.recipe.seed, self.accelerator.device)
        if self.kept.get("optimiser"):
            optimiser.load_state_dict(self.kept["optimiser"])
        if opponent and self.kept.get("critic"):
            opponent.restore(self.kept["critic"])
        objective = Objective(self.nets, stage, self.spectra, self.judges, opponent)
        module = self.accelerator.prepare_model(objective)
        self.dataset.rescan()
        pinned = self.accelerator.device.type == "cuda"
        with closing(batches(self.dataset, self.recipe, self.stage, self.step, pinned)) as upcoming:
            self._learn(stage, module, learned, optimiser, opponent, upcoming)
        self._picture()
        for name in stage.trained:
            getattr(self.nets, name).load_state_dict(getattr(self.average, name).state_dict())
        self.accelerator.free_memory()

    def _learn(self, stage: StageConfig, module: nn.Module, learned: list, optimiser, opponent, upcoming) -> None:
        before, began, waited = self.seconds, time.monotonic(), 0.0
        reported, reported_at = self.step, began
        sums: dict[str, float | Tensor] = dict(self.kept.get("sums") or {})
        while self.step < stage.steps and self.seconds < stage.minutes * 60:
            asked = time.monotonic()
            batch = {name: x.to(self.accelerator.device, non_blocking=True) for name, x in next(upcoming).items()}
            waited += time.monotonic() - asked
            done = max(self.step / stage.steps, self.seconds / (stage.minutes * 60))
            for group in optimiser.param_groups:
                group["lr"] = rate_at(stage, self.recipe.warmup, self.step, done)
            generator = self._generator()
            judged = module(batch, generator, truth_at(stage, done))
            optimiser.zero_grad(set_to_none=True)
            self.accelerator.backward(judged.terms["total"])
            norm = nn.utils.clip_grad_norm_(learned, self.recipe.clip)
            if torch.isfinite(norm):  # what is no number would ruin all weights
                optimiser.step()
                self._average(stage)
            terms = judged.terms
            if opponent and judged.faces:
                terms = {**terms, "critic": opponent.learn(*judged.faces, generator)}
            self.step += 1
            self.seconds = self._agreed(before + time.monotonic() - began, stage)
            for name, value in terms.items():
                sums[name] = sums.get(name, 0.0) + value.detach()
            if self.step % REPORT_EVERY == 0:
                means = self._means(sums)
                now, count = time.monotonic(), self.step - reported
                facts = {
                    "rate": optimiser.param_groups[0]["lr"],
                    "gradient norm": float(norm),
                    "seconds per step": (now - reported_at) / count,
                    "waiting": waited / (now - reported_at),
                }
                if self.journal:
                    self.journal.report(self.stage, self.step, self.seconds, means, facts, len(self.dataset.subjects))
                sums, waited, reported, reported_at = {}, 0.0, self.step, time.monotonic()
            if self.step % self.recipe.picture_every == 0:
                self._picture()
            if self.step % self.recipe.checkpoint_every == 0 or self.is_stopped():
                self.kept = {
                    "optimiser": optimiser.state_dict(),
                    "critic": opponent.state() if opponent else None,
                    "sums": {name: float(value) for name, value in sums.items()},
                }
                self._keep()
            if self.is_stopped():
                raise KeyboardInterrupt

    def _generator(self) -> torch.Generator:
        # The step alone decides what is drawn, so that a resumed run sees what an uninterrupted one would have.
        key = np.random.SeedSequence([self.recipe.seed, self.stage, self.step]).generate_state(1, np.uint64)
        return torch.Generator().manual_seed(int(key[0] >> np.uint64(1)))

    def _agreed(self, seconds: float, stage: StageConfig) -> float:
        """The first process's clock, where the clock has a say in when the stage ends."""
        if process_count() == 1 or stage.minutes >= StageConfig.minutes:
            return seconds
        clock = torch.tensor([seconds], dtype=torch.float64, device=self.accelerator.device)
        return float(broadcast(clock))

    def _means(self, sums: dict[str, float | Tensor]) -> dict[str, float]:
        values = torch.stack([torch.as_tensor(value, device=self.accelerator.device) for value in sums.values()])
        means = mean_over_processes(values) / REPORT_EVERY
        return dict(zip(sums, means.tolist(), strict=True))

    def _average(self, stage: StageConfig) -> None:
        # A long memory would cling to the random start.
        decay = min(self.recipe.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name in stage.trained:
                states = (getattr(nets, name).state_dict().values() for nets in (self.average, self.nets))
                for kept, live in zip(*states, strict=True):
                    if kept.is_floating_point():
                        kept.lerp_(live, 1 - decay)
                    else:
                        kept.copy_(live)

    def _keep(self) -> None:
        if not self.accelerator.is_main_process:
            return
        write_checkpoint(
            self.out / "checkpoint.pt",
            {
                "config": table_of(self.recipe),
                "weights": self.nets.state_dict(),
                "average": self.average.state_dict(),
                "stage": self.stage,
                "step": self.step,
                "seconds": self.seconds,
                **{name: self.kept.get(name) for name in ("optimiser", "critic", "sums")},
            },
        )

    def _picture(self) -> None:
        if not self.journal:
            return
        rng = np.random.default_rng([self.recipe.seed, 2**31])
        batch = batch_rand(
            rng, self.dataset, 4, self.recipe.stages[self.stage].size, Needs(relit=True, seen=True, light=True)
        )
        batch = {name: x.to(self.accelerator.device) for name, x in batch.items()}
        self.journal.picture(self.stage, self.step, self.average, batch)


def compute_in_bf16(nets: PortraitNet, device: str) -> None:
    """Let every layer compute in bfloat16 (about half the time where the processor has it), and the rest, where
    light is summed, in float32."""
    for net in nets.children():
        for module in net.modules():
            if module is not net and not isinstance(module, nn.ModuleList):
                module.forward = torch.autocast(device, torch.bfloat16)(module.forward)
