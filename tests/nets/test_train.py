"""Training learns, stops, and goes on as if it had not stopped."""

import csv
import os
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from relight_stage.errors import ConfigError, ModelError, SampleError
from relight_stage.nets import lobes, train
from relight_stage.nets.checkpoint import read_checkpoint
from relight_stage.nets.config import StageConfig, read_recipe
from relight_stage.nets.data import Dataset
from relight_stage.nets.examples import Needs, batch_rand
from relight_stage.nets.objective import Judges, Objective
from relight_stage.nets.portrait import PortraitNet


def test_a_run_leaves_weights_losses_and_pictures(run_folder, recipe_path):
    stages = read_recipe(recipe_path).stages
    names = {path.name for path in run_folder.iterdir()}
    assert names == {"checkpoint.pt", "loss.csv", "pictures", "recipe.json", "weights.safetensors"}
    rows = list(csv.DictReader((run_folder / "loss.csv").open()))
    assert {row["net"] for row in rows} == {stage.net for stage in stages}
    assert len(list((run_folder / "pictures").glob("*.png"))) >= len(stages)
    assert read_checkpoint(run_folder / "checkpoint.pt")["stage"] == len(stages)


@pytest.fixture(scope="module")
def short(recipe_path, tmp_path_factory):
    """A recipe of 12 steps of geometry and 8 of albedo, with checkpoints every 5."""
    text = recipe_path.read_text().split("[[stages]]")[0].replace("checkpoint_every = 20", "checkpoint_every = 5")
    stage = '[[stages]]\nnet = "{}"\nsize = 32\nbatch = 2\nsteps = {}\n'
    path = tmp_path_factory.mktemp("short") / "short.toml"
    path.write_text(text + stage.format("geometry", 12) + stage.format("albedo", 8))
    return path


@pytest.fixture
def often(monkeypatch):
    monkeypatch.setattr(train, "REPORT_EVERY", 4)


@pytest.fixture(scope="module")
def through(short, spheres, tmp_path_factory):
    """A run of the short recipe that nothing disturbed, with reports every 4 steps."""
    out = tmp_path_factory.mktemp("through") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "REPORT_EVERY", 4)
        train.train(short, spheres, out)
    return out


class Killed(Exception):
    pass


def kill(recipe, data, out, when):
    """Train until the losses of step ``when`` (from 1) are asked for."""
    calls, forward = [], Objective.forward

    def dies(*args):
        calls.append(1)
        if len(calls) == when:
            raise Killed
        return forward(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Objective, "forward", dies)
        with pytest.raises(Killed):
            train.train(recipe, data, out)


def curve(folder):
    """Everything in loss.csv but the seconds."""
    rows = csv.DictReader((folder / "loss.csv").open())
    return [tuple(row[name] for name in ("stage", "net", "step", "term", "value")) for row in rows]


def check_same_weights(*folders):
    one, other = (read_checkpoint(folder / "checkpoint.pt") for folder in folders)
    for key in ("weights", "average"):
        assert all(torch.equal(one[key][name], other[key][name]) for name in one[key])


@pytest.mark.parametrize("when", [8, 15])
def test_a_run_killed_and_resumed_equals_one_that_ran_through(short, spheres, through, often, tmp_path, when):
    kill(short, spheres, tmp_path / "killed", when)
    train.train(short, spheres, tmp_path / "killed", resume=True)
    check_same_weights(through, tmp_path / "killed")
    assert curve(through) == curve(tmp_path / "killed")
    assert {(stage, step) for stage, _, step, *_ in curve(through)} == {
        *((("0", str(step))) for step in (4, 8, 12)),
        *((("1", str(step))) for step in (4, 8)),
    }


def test_a_run_that_is_asked_to_stop_keeps_the_step_it_is_at_and_goes_on_from_there(short, spheres, through, tmp_path):
    calls, forward, before = [], Objective.forward, signal.getsignal(signal.SIGTERM)

    def asks(*args):
        calls.append(1)
        if len(calls) == 7:
            os.kill(os.getpid(), signal.SIGTERM)
        return forward(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Objective, "forward", asks)
        with pytest.raises(KeyboardInterrupt):
            train.train(short, spheres, tmp_path / "stopped")
    # Of its own accord it keeps every fifth step.
    assert read_checkpoint(tmp_path / "stopped" / "checkpoint.pt")["step"] == 7
    assert signal.getsignal(signal.SIGTERM) is before
    train.train(short, spheres, tmp_path / "stopped", resume=True)
    check_same_weights(through, tmp_path / "stopped")


# What version 0.1.0 wrote: the keys of checkpoint.pt and of the recipe in it.
FIRST = {"format", "config", "weights", "average", "optimiser", "stage", "step", "seconds"}
FIRST_RECIPE = {"stages", "seed", "threads", "bf16", "weight_decay", "average", "warmup", "picture_every"}
FIRST_RECIPE |= {"checkpoint_every", "rescan_every", "data", "portrait"}
FIRST_STAGE = {"net", "size", "batch", "steps", "minutes", "rate", "on_predictions"}
FIRST_DATA = {"test_hdris", "test_percent", "panoramas", "cache_gib"}


def test_a_step_whose_slope_is_no_number_teaches_nothing(short, spheres, tmp_path, monkeypatch):
    calls, forward = [], Objective.forward

    def fails_once(*args):
        calls.append(1)
        judged = forward(*args)
        return (
            judged._replace(terms={**judged.terms, "total": judged.terms["total"] * np.nan})
            if len(calls) == 4
            else judged
        )

    monkeypatch.setattr(Objective, "forward", fails_once)
    train.train(short, spheres, tmp_path)
    weights = read_checkpoint(tmp_path / "checkpoint.pt")["weights"]
    assert all(torch.isfinite(tensor).all() for tensor in weights.values())


def test_a_run_of_the_first_version_goes_on_as_if_this_one_had_begun_it(short, spheres, through, tmp_path):
    kill(short, spheres, tmp_path / "old", 7)
    path = tmp_path / "old" / "checkpoint.pt"
    content = {key: value for key, value in torch.load(path, weights_only=True).items() if key in FIRST}
    config = {key: value for key, value in content["config"].items() if key in FIRST_RECIPE}
    config["stages"] = [{key: stage[key] for key in FIRST_STAGE} for stage in config["stages"]]
    config["data"] = {key: config["data"][key] for key in FIRST_DATA}
    torch.save({**content, "config": config}, path)
    train.train(short, spheres, tmp_path / "old", resume=True)
    check_same_weights(through, tmp_path / "old")


def test_a_run_of_other_networks_is_refused_in_one_sentence(short, spheres, tmp_path):
    kill(short, spheres, tmp_path / "old", 7)
    path = tmp_path / "old" / "checkpoint.pt"
    content = torch.load(path, weights_only=True)
    name = "shading.renderer.encoder.0.0.weight"
    content["weights"][name] = content["weights"][name][:, :16]  # before the renderer saw the photo
    torch.save(content, path)
    with pytest.raises(ModelError, match=r"not of these networks: size mismatch for shading\.renderer.*start = "):
        train.train(short, spheres, tmp_path / "old", resume=True)


def test_an_end_to_end_stage_with_a_critic_resumes_to_the_same_curve(recipe_path, spheres, often, tmp_path):
    text = recipe_path.read_text().split("[[stages]]")[0].replace("checkpoint_every = 20", "checkpoint_every = 3")
    stage = """
[[stages]]
net = "all"
size = 32
batch = 2
steps = 6
terms.shading.adversarial = 0.1
adversarial = { kind = "lsgan", side = 32, widths = [4, 8] }
"""
    path = tmp_path / "recipe.toml"
    path.write_text("workers = 0\ntensorboard = true\n" + text + stage)
    train.train(path, spheres, tmp_path / "through")
    kill(path, spheres, tmp_path / "killed", 5)
    train.train(path, spheres, tmp_path / "killed", resume=True)
    through = curve(tmp_path / "through")
    assert through == curve(tmp_path / "killed")
    assert {term for *_, term, _ in through} > {"shading.adversarial", "critic", "matting.matte", "total"}
    events = list((tmp_path / "through" / "tensorboard").glob("events.out.tfevents.*"))
    # TensorBoard's files name their curves in the clear.
    assert len(events) == 1 and b"all/total" in events[0].read_bytes() and b"all/pictures" in events[0].read_bytes()


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
    batch = batch_rand(np.random.default_rng(0), dataset, 2, 32, Needs(relit=True, seen=True))
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
