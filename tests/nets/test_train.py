"""Training learns, stops, and goes on as if it had not stopped."""

import csv
from dataclasses import replace

import numpy as np
import pytest
import torch

from relight_stage.errors import ConfigError, ModelError, SampleError
from relight_stage.nets import lobes, train
from relight_stage.nets.checkpoint import read_checkpoint
from relight_stage.nets.config import StageConfig, read_recipe
from relight_stage.nets.data import Dataset, batch_rand
from relight_stage.nets.objective import Judges, Objective
from relight_stage.nets.portrait import PortraitNet


def test_a_run_leaves_weights_losses_and_pictures(run_folder, recipe_path):
    stages = read_recipe(recipe_path).stages
    names = {path.name for path in run_folder.iterdir()}
    assert names == {"checkpoint.pt", "loss.csv", "pictures", "recipe.json", "weights.safetensors"}
    rows = list(csv.DictReader((run_folder / "loss.csv").open()))
    assert {row["net"] for row in rows} == {"matting", "geometry", "albedo", "shading"}
    assert len(list((run_folder / "pictures").glob("*.png"))) >= len(stages)
    assert read_checkpoint(run_folder / "checkpoint.pt")["stage"] == len(stages)


@pytest.fixture
def short(recipe_path, tmp_path, monkeypatch):
    """A recipe of 12 steps of geometry and 8 of albedo, with checkpoints every 5 and reports every 4."""
    text = recipe_path.read_text().split("[[stages]]")[0].replace("checkpoint_every = 20", "checkpoint_every = 5")
    stage = '[[stages]]\nnet = "{}"\nsize = 32\nbatch = 2\nsteps = {}\n'
    path = tmp_path / "short.toml"
    monkeypatch.setattr(train, "REPORT_EVERY", 4)
    path.write_text(text + stage.format("geometry", 12) + stage.format("albedo", 8))
    return path


class Killed(Exception):
    pass


@pytest.mark.parametrize("when", [8, 15])
def test_a_run_killed_and_resumed_equals_one_that_ran_through(short, spheres, tmp_path, monkeypatch, when):
    train.train(short, spheres, tmp_path / "through")
    calls, forward = [], Objective.forward

    def dies(*args):
        calls.append(1)
        if len(calls) == when:
            raise Killed
        return forward(*args)

    with monkeypatch.context() as patch:
        patch.setattr(Objective, "forward", dies)
        with pytest.raises(Killed):
            train.train(short, spheres, tmp_path / "killed")
    train.train(short, spheres, tmp_path / "killed", resume=True)
    one, other = (read_checkpoint(tmp_path / name / "checkpoint.pt") for name in ("through", "killed"))
    for key in ("weights", "average"):
        assert all(torch.equal(one[key][name], other[key][name]) for name in one[key])
    through, killed = (curve(tmp_path / name) for name in ("through", "killed"))
    assert through == killed and {stage for stage, *_ in through} == {"0", "1"}


def curve(folder):
    """Everything in loss.csv but the seconds."""
    rows = csv.DictReader((folder / "loss.csv").open())
    return [tuple(row[name] for name in ("stage", "net", "step", "term", "value")) for row in rows]


def test_a_finished_run_is_not_overwritten_and_resumes_to_nothing(run_folder, recipe_path, spheres):
    before = (run_folder / "weights.safetensors").read_bytes()
    with pytest.raises(ConfigError, match="already holds a run"):
        train.train(recipe_path, spheres, run_folder)
    train.train(recipe_path, spheres, run_folder, resume=True)
    assert (run_folder / "weights.safetensors").read_bytes() == before


def test_resuming_needs_a_run_and_its_own_recipe(run_folder, recipe_path, short, spheres, tmp_path):
    with pytest.raises(ModelError, match="does not exist"):
        train.train(recipe_path, spheres, tmp_path / "nothing", resume=True)
    with pytest.raises(ConfigError, match="differs from the recipe"):
        train.train(short, spheres, run_folder, resume=True)


def test_an_empty_folder_is_refused(recipe_path, tmp_path):
    (tmp_path / "data").mkdir()
    with pytest.raises(SampleError, match="no complete training samples"):
        train.train(recipe_path, tmp_path / "data", tmp_path / "run")
    with pytest.raises(SampleError, match="not a folder"):
        train.train(recipe_path, tmp_path / "absent", tmp_path / "run2")


# How far the loss of one batch seen again and again must fall; a net that ignores its input stays near 1.
@pytest.mark.parametrize("net, factor", [("matting", 0.6), ("geometry", 0.5), ("albedo", 0.5), ("shading", 0.7)])
def test_every_network_learns_one_batch_by_heart(recipe_path, spheres, net, factor):
    recipe = read_recipe(recipe_path)
    dataset = Dataset(spheres, replace(recipe.data, panoramas=()))
    dataset.rescan()
    torch.manual_seed(0)
    nets = PortraitNet(recipe.portrait)
    batch = batch_rand(np.random.default_rng(0), dataset, 2, 32, relit=True)
    optimiser = torch.optim.AdamW(getattr(nets, net).parameters(), lr=5e-3)
    values, objective = [], Objective(nets, StageConfig(net, size=32, batch=2), lobes.spectra(), Judges())
    for _ in range(40):
        total = objective(batch, torch.Generator()).terms["total"]
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        values.append(float(total.detach()))
    assert np.mean(values[-5:]) < factor * values[0]


def test_earlier_networks_stay_frozen_while_a_later_one_learns(recipe_path, spheres, tmp_path):
    text = recipe_path.read_text().split("[[stages]]")[0]
    path = tmp_path / "recipe.toml"
    path.write_text(text + '[[stages]]\nnet = "shading"\nsize = 32\nbatch = 2\nsteps = 3\non_predictions = true\n')
    train.train(path, spheres, tmp_path / "run")
    torch.manual_seed(read_recipe(path).seed)
    fresh = PortraitNet(read_recipe(path).portrait).state_dict()
    after = read_checkpoint(tmp_path / "run" / "checkpoint.pt")["weights"]
    changed = {name.split(".")[0] for name in fresh if not torch.equal(fresh[name], after[name])}
    assert changed == {"shading"}
