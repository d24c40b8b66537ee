"""What a run tells of itself: a line on the terminal, ``loss.csv``, pictures, and TensorBoard where it is wanted."""

import csv
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from torch import Tensor

from .config import Recipe, StageConfig
from .portrait import PortraitNet
from .preview import draw_picture

COLUMNS = ("stage", "net", "step", "seconds", "term", "value")


class Journal:
    """Written by one process of a run.

    Args:
        stage, step: where the run goes on; what was written beyond is written again.
    """

    def __init__(self, out: Path, recipe: Recipe, stage: int, step: int):
        self.out, self.recipe = out, recipe
        self.table = out / "loss.csv"
        self._forget(stage, step)
        self.board: Any = None
        if recipe.tensorboard:
            from tensorboardX import SummaryWriter

            past = sum(s.steps for s in recipe.stages[:stage]) + step
            self.board = SummaryWriter(str(out / "tensorboard"), purge_step=past + 1)

    def _forget(self, stage: int, step: int) -> None:
        if not self.table.exists():
            return
        with self.table.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.reader(file) if len(row) == len(COLUMNS) and row[0].isdigit()]
        kept = [row for row in rows if (int(row[0]), int(row[2])) <= (stage, step)]
        with self.table.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([COLUMNS, *kept])

    def report(
        self, stage: int, step: int, seconds: float, terms: dict[str, float], facts: dict[str, float], samples: int
    ) -> None:
        """Losses and what else is worth a curve (``facts``), averaged since the last report."""
        config = self.recipe.stages[stage]
        left = min((config.steps - step) * facts["seconds per step"], config.minutes * 60 - seconds)
        values = "  ".join(f"{name} {value:.4f}" for name, value in terms.items())
        place = f"stage {stage + 1}/{len(self.recipe.stages)} {config.net} {config.size} px"
        pace = f"{facts['seconds per step']:.2f} s/step  {100 * facts['waiting']:.0f}% waiting"
        left_min = max(left, 0) / 60
        print(
            f"{place}  step {step}/{config.steps}  {values}  {pace}  {left_min:.1f} min left  {samples} samples",
            flush=True,
        )
        new = not self.table.exists()
        with self.table.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(COLUMNS)
            for name, value in terms.items():
                writer.writerow((stage, config.net, step, f"{seconds:.1f}", name, f"{value:.6g}"))
        if self.board:
            at = self._at(stage, step)
            for name, value in terms.items():
                self.board.add_scalar(f"{config.net}/{name}", value, at)
            for name, value in facts.items():
                self.board.add_scalar(f"run/{name}", value, at)
            self.board.flush()

    def picture(self, stage: int, step: int, nets: PortraitNet, batch: dict[str, Tensor]) -> None:
        """What the networks make of a batch, as a PNG."""
        config: StageConfig = self.recipe.stages[stage]
        picture = draw_picture(nets, config.net, batch)
        folder = self.out / "pictures"
        folder.mkdir(exist_ok=True)
        cv2.imwrite(str(folder / f"{stage:02d}_{config.net}_{step:06d}.png"), np.ascontiguousarray(picture[:, :, ::-1]))
        if self.board:
            self.board.add_image(f"{config.net}/pictures", picture, self._at(stage, step), dataformats="HWC")
            self.board.flush()

    def close(self) -> None:
        if self.board:
            self.board.close()

    def _at(self, stage: int, step: int) -> int:
        """Steps of the stages before and of this one: TensorBoard has one axis."""
        return sum(s.steps for s in self.recipe.stages[:stage]) + step
