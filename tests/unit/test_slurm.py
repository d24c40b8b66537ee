"""What is sent to Slurm, with an ``sbatch`` that only takes note; ``make slurm-test`` sends it to a real one."""

import os
import pickle
import re

import pytest

from relight_stage import cli
from relight_stage.errors import ConfigError
from relight_stage.synth.settings import Settings, Shard
from relight_stage.synth.slurm import submit_dataset

pytest.importorskip("submitit", reason="pip install 'relight_stage[slurm]'")


@pytest.fixture
def sbatch(tmp_path, monkeypatch):
    """Puts a pretended Slurm on the path; the file in which its ``sbatch`` keeps the script."""
    folder = tmp_path / "bin"
    folder.mkdir()
    kept = tmp_path / "script.sh"
    for name, body in {"srun": "", "sbatch": f'cp "$1" {kept}; echo Submitted batch job 17'}.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return kept


def test_each_task_of_the_array_is_a_shard(sbatch, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("RELIGHT_STAGE_ASSETS", raising=False)
    out = tmp_path / "set"
    line = f"render {out} --count 9 --seed 4 --size 64 --workers 2 --device cpu --slurm tasks=3 partition=big mem_gb=7"
    assert cli.main(line.split()) == 0
    assert "Job 17 renders 9 samples in 3 array tasks" in capsys.readouterr().out
    script = sbatch.read_text()
    flags = dict(re.findall(r"#SBATCH --([\w-]+)=(\S+)", script))
    assert flags["array"] == "0-2%3" and flags["partition"] == "big" and flags["mem"] == "7GB"
    assert flags["cpus-per-task"] == "4" and flags["time"] == "240"
    tasks = [pickle.loads(path.read_bytes()).function for path in sorted(out.glob("slurm/*/*_submitted.pkl"))]
    assert [task.shard for task in tasks] == [Shard(1, 3), Shard(2, 3), Shard(3, 3)]
    assert {(task.out, task.count, task.settings, task.workers, task.device) for task in tasks} == {
        (out, 9, Settings(4, 64), 2, "cpu")
    }
    # A task that runs out of time asks for itself again.
    assert tasks[0].checkpoint().function == tasks[0]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "tasks=None"),
        ({"tasks": 0}, "tasks=0"),
        ({"tasks": "many"}, "tasks=many"),
        ({"tasks": 2, "colour": 3}, "colour"),
    ],
)
def test_options_that_submitit_does_not_know_are_named(sbatch, tmp_path, options, complaint):
    with pytest.raises(ConfigError, match=complaint):
        submit_dataset(tmp_path / "set", 4, Settings(0), None, 1, "auto", options)
    assert not (tmp_path / "set" / "dataset.json").exists() and not sbatch.exists()


def test_a_machine_without_slurm_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="there is no sbatch here"):
        submit_dataset(tmp_path / "set", 4, Settings(0), None, 1, "auto", {"tasks": 2})


def test_a_folder_with_another_dataset_is_refused_before_it_is_queued(sbatch, tmp_path, monkeypatch):
    monkeypatch.delenv("RELIGHT_STAGE_ASSETS", raising=False)
    submit_dataset(tmp_path, 4, Settings(0), None, 1, "auto", {"tasks": 2}, report=lambda line: None)
    sbatch.unlink()
    with pytest.raises(ConfigError, match="seed is 0 there and 1 here"):
        submit_dataset(tmp_path, 4, Settings(1), None, 1, "auto", {"tasks": 2})
    assert not sbatch.exists()


def test_a_shard_cannot_be_queued_as_shards(sbatch, tmp_path, capsys):
    assert cli.main(f"render {tmp_path} --shard 1/2 --slurm tasks=3".split()) == 1
    assert "exclude each other" in capsys.readouterr().err


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text("threads = 3\nworkers = 2\n[data]\ncache_gib = 5\n[[stages]]\nnet = 'albedo'\n")
    return path


def test_a_training_run_is_a_job_of_one_process_a_gpu_that_goes_on_after_a_timeout(sbatch, recipe, tmp_path, capsys):
    run = tmp_path / "run"
    line = f"train {recipe} --data {tmp_path} --out {run} --slurm nodes=2 gpus_per_node=4 partition=gpu"
    assert cli.main(line.split()) == 0
    assert "Job 17 trains in 8 processes" in capsys.readouterr().out
    flags = dict(re.findall(r"#SBATCH --([\w-]+)=(\S+)", sbatch.read_text()))
    assert flags["nodes"] == "2" and flags["ntasks-per-node"] == "4" and flags["gpus-per-node"] == "4"
    # A core for each thread and worker; the samples of each of the four processes and room for batches.
    assert flags["cpus-per-task"] == "5" and flags["mem"] == "48GB"
    (task,) = (pickle.loads(path.read_bytes()).function for path in run.glob("slurm/*/*_submitted.pkl"))
    assert (task.recipe, task.data, task.out, task.device) == (recipe, tmp_path, run, "auto")
    assert task.checkpoint().function == task


def test_a_run_is_queued_only_where_it_can_begin(sbatch, recipe, tmp_path, capsys):
    train = f"train {recipe} --data {tmp_path} --out {tmp_path / 'run'} --slurm nodes=1"
    assert cli.main([*train.split(), "--resume"]) == 1
    assert "holds no run to resume" in capsys.readouterr().err
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "checkpoint.pt").write_bytes(b"")
    assert cli.main(train.split()) == 1
    assert "already holds a run" in capsys.readouterr().err
    assert not sbatch.exists()
