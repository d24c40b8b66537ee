"""Several processes learn what one process learns from the same batches."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import trained
from torch import nn

from relight_stage.errors import ConfigError
from relight_stage.nets import loader, train
from relight_stage.nets.checkpoint import read_checkpoint
from relight_stage.nets.processes import SharedNorm, join_processes, share_statistics

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"

STAGES = """
[[stages]]
net = "geometry"
size = 32
batch = 4
steps = 3
terms.geometry.smoothness = 0.1

[[stages]]
net = "all"
size = 32
batch = 4
steps = 2
terms.shading.adversarial = 0.1
adversarial = { kind = "wgan-gp", side = 32, widths = [4, 8] }
"""


@pytest.fixture(scope="module")
def two_and_one(recipe_path, spheres, tmp_path_factory):
    """Run folders of the same recipe, trained by two processes and by one."""
    folder = tmp_path_factory.mktemp("processes")
    recipe = folder / "recipe.toml"
    recipe.write_text("workers = 0\n" + recipe_path.read_text().split("[[stages]]")[0] + STAGES)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    arguments = [trained.__file__, str(CONFTEST), str(recipe), str(spheres), str(folder / "two")]
    done = subprocess.run(
        [*launch, *arguments], capture_output=True, text=True, timeout=600, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("reading") == 1, "both processes speak"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "REPORT_EVERY", 1)
        trained.run(recipe, spheres, folder / "one")
    return folder / "two", folder / "one"


def losses(folder):
    rows = csv.DictReader((folder / "loss.csv").open())
    return {(int(row["stage"]), int(row["step"]), row["term"]): float(row["value"]) for row in rows}


def test_two_processes_have_the_losses_of_one_with_the_same_batches(two_and_one):
    two, one = map(losses, two_and_one)
    assert two.keys() == one.keys() and {stage for stage, *_ in one} == {0, 1}
    for (stage, step, term), value in one.items():
        # Sums are rounded in another order, which shows where two pictures are subtracted (smoothness). Adam's first
        # steps are the signs of the gradients, of tiny ones too, so that rounding grows from step to step; statistics
        # of half a batch would be off by per cents at once.
        close = {"rel": 1e-4} if (stage, step) == (0, 1) else {"rel": 2e-3, "abs": 2e-4}
        assert two[stage, step, term] == pytest.approx(value, **close), (stage, step, term)


def test_two_processes_end_with_the_weights_of_one(two_and_one):
    two, one = (read_checkpoint(folder / "checkpoint.pt")["average"] for folder in two_and_one)
    assert two.keys() == one.keys()
    flat = [torch.cat([weights[name].float().flatten() for name in one]) for weights in (two, one)]
    assert float((flat[0] - flat[1]).norm()) < 1e-3 * float(flat[1].norm())


def test_a_batch_that_cannot_be_shared_evenly_is_refused(recipe_path, spheres, tmp_path, monkeypatch):
    monkeypatch.setattr(loader, "process_count", lambda: 3)
    with pytest.raises(ConfigError, match="3 processes cannot share evenly"):
        train.train(recipe_path, spheres, tmp_path / "run", device="cpu")


def test_an_unknown_device_is_refused():
    with pytest.raises(ConfigError, match="'tpu' is unknown"):
        join_processes("tpu")


def test_shared_statistics_in_one_process_are_those_of_torch():
    torch.manual_seed(0)
    plain, shared = (nn.Sequential(nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5)).double() for _ in range(2))
    shared.load_state_dict(plain.state_dict())
    share_statistics(shared)
    assert type(shared[1]) is SharedNorm
    pictures = torch.rand(2, 4, 3, 9, 9, dtype=torch.float64) + 20
    wanted, found = ([], [])
    for net, out in ((plain, wanted), (shared, found)):
        for picture in pictures:
            x = picture.clone().requires_grad_(True)
            y = net(x)
            (y**3).sum().backward()
            out += [y.detach(), x.grad]
        out += [p.grad for p in net.parameters()] + [b.double() for b in net.buffers()] + [net.eval()(pictures[0])]
    for a, b in zip(wanted, found, strict=True):
        assert torch.allclose(a, b, rtol=1e-8, atol=1e-8)


def test_workers_start_after_opencv_has_had_threads_of_its_own():
    # OpenCV's threads are not forked; one worker in four that ended them once waited for them forever.
    code = f"""
import runpy; runpy.run_path({str(CONFTEST)!r})
import cv2, numpy as np
from relight_stage.nets import loader
picture = np.random.rand(2048, 2048, 3).astype(np.float32)
for first in range(0, 32, 2):
    cv2.warpAffine(picture, np.float32([[1, 0.1, 0], [0, 1, 0]]), (2048, 2048))
    assert list(loader._start(list(range(32)), 1, first, first + 2, False)) == [first, first + 1]
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
