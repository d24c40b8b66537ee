"""Trains a recipe in however many processes this is started in: python trained.py CONFTEST RECIPE DATA OUT."""

import runpy
import sys
from pathlib import Path


def run(recipe, data, out):
    """Train on the CPU and write down every step's losses."""
    from relight_stage.nets import train

    train.REPORT_EVERY = 1
    train.train(recipe, data, out, device="cpu")


if __name__ == "__main__":
    runpy.run_path(sys.argv[1])
    run(*map(Path, sys.argv[2:]))
