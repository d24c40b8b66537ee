"""How a stage goes on: its learning rate, and how long it is fed the truth. ``done``: share of it that is over."""

import math

from .config import StageConfig

FLOOR = 0.02  # of the peak rate, where the cosine ends


def rate_at(stage: StageConfig, warmup: int, step: int, done: float) -> float:
    """Learning rate: up to the peak within ``warmup`` steps, and down to a fiftieth of it on a cosine."""
    cosine = FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
    return stage.rate * min(1.0, (step + 1) / max(warmup, 1)) * cosine


def truth_at(stage: StageConfig, done: float) -> float:
    """Share of the examples that are fed the truth instead of predictions: from 1 to 0 until ``truth_until``."""
    return max(0.0, 1 - done / stage.truth_until) if stage.truth_until else 0.0
