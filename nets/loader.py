"""Batches made beside the training, so that it never waits for one.

Worker processes are forked from the training process: they see its samples without a copy of them, and hand batches
back through shared memory. A batch depends on the seed, the stage and the step alone, not on who made it.
"""

import itertools
import multiprocessing
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as Source

from ..errors import ConfigError
from .config import Recipe, StageConfig
from .data import Dataset
from .examples import Needs, batch_rand
from .processes import own_share, process_count

NEW_SAMPLES = 16  # read at most so many between two rescans, while a render runs beside
AHEAD = 2  # batches that each worker has ready


class Batches(Source):
    """This process's share of the batch of every step of a stage."""

    def __init__(self, dataset: Dataset, seed: int, index: int, stage: StageConfig):
        if stage.batch % process_count():
            raise ConfigError(
                f"stages[{index}] has a batch of {stage.batch}, which {process_count()} processes cannot share evenly. "
                "Change the batch or the number of processes."
            )
        self.dataset, self.key, self.stage = dataset, (seed, index), stage

    def __getitem__(self, step: int) -> dict[str, Tensor]:
        rng = np.random.default_rng([*self.key, step])
        stage, share = self.stage, own_share(self.stage.batch)
        needs = Needs(
            relit=stage.net in ("shading", "all"),
            seen=stage.net in ("visibility", "all"),
            light=stage.net == "light",
        )
        return batch_rand(rng, self.dataset, stage.batch, stage.size, needs, share)


def batches(
    dataset: Dataset, recipe: Recipe, index: int, first: int, pinned: bool
) -> Generator[dict[str, Tensor], None, None]:
    """The batches of a stage from step ``first`` on.

    Every ``rescan_every`` steps new samples of the folder are read, in a thread beside the training, and workers that
    know them are forked.

    Args:
        pinned: in memory that a GPU reads directly.
    """
    stage = recipe.stages[index]
    source = Batches(dataset, recipe.seed, index, stage)
    ends = itertools.chain(range(first + recipe.rescan_every, stage.steps, recipe.rescan_every), [stage.steps])
    with ThreadPoolExecutor(1) as reader:
        current = _start(source, recipe.workers, first, next(ends), pinned)
        for end in ends:
            new = reader.submit(dataset.rescan, NEW_SAMPLES)
            count, following = recipe.rescan_every, None
            for left, batch in zip(range(count - 1, -1, -1), current, strict=True):
                if left == 0:
                    # The next workers start while the last batch of these is learned from. None is forked while the
                    # reader reads: it may hold a lock that no child could ever release.
                    new.result()
                    following = _start(source, recipe.workers, first + count, end, pinned)
                yield batch
            assert following is not None
            first, current = first + count, following
        yield from current


def _start(source: Batches, workers: int, first: int, end: int, pinned: bool) -> Iterator[dict[str, Tensor]]:
    if workers:
        cv2.setNumThreads(1)  # here: a forked worker that ended OpenCV's pool would wait for threads that it never had
    loader: DataLoader = DataLoader(
        source,
        batch_size=None,
        sampler=range(first, end),
        num_workers=workers,
        prefetch_factor=AHEAD if workers else None,
        pin_memory=pinned,
        multiprocessing_context=multiprocessing.get_context("fork") if workers else None,
        worker_init_fn=_on_one_core,
        # What a loader draws for its workers' seeds must not move the training's own random numbers.
        generator=torch.Generator(),
    )
    return iter(loader)


def _on_one_core(worker: int) -> None:
    torch.set_num_threads(1)
