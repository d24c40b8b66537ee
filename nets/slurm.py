"""A training run as a Slurm job, through submitit: a process a GPU, on one node or several, and on after timeouts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..synth.slurm import executor_of
from .config import find_run, read_recipe


@dataclass(frozen=True)
class TrainTask:
    """What each process of the job calls (see ``train``); a job that is queued again goes on where it was."""

    recipe: Path
    data: Path
    out: Path
    device: str

    def __call__(self) -> None:
        from submitit.helpers import TorchDistributedEnvironment

        from .train import train

        # The place of this process among the others, under the names that torch gives it.
        TorchDistributedEnvironment().export(set_cuda_visible_devices=False)
        train(self.recipe, self.data, self.out, find_run(self.out), self.device)

    def checkpoint(self) -> Any:
        """Called by submitit before the time is up: queue the same task again."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)

    __submitit_checkpoint__ = checkpoint  # its name from submitit 1.6 on


def submit_training(
    recipe: Path,
    data: Path,
    out: Path,
    resume: bool,
    device: str,
    options: Mapping[str, Any],
    report: Callable[[str], None] = print,
) -> str:
    """Queue a run; returns the job's id at once.

    Args:
        options: whatever submitit's ``update_parameters`` takes for Slurm. ``nodes`` times ``gpus_per_node`` processes
            share every batch; without GPUs ``tasks_per_node`` says how many.

    Raises:
        ConfigError: a bad recipe, a run that is there already or is not, options that submitit does not know, or no
            Slurm here.
    """
    recipe, data, out = (Path(path).resolve() for path in (recipe, data, out))
    config = read_recipe(recipe)
    if find_run(out) != resume:
        raise ConfigError(
            f"{out} holds no run to resume. Leave out --resume."
            if resume
            else f"{out} already holds a run. Add --resume to go on with it, or give another folder."
        )
    each = options.get("tasks_per_node", options.get("gpus_per_node", 1))
    count = int(options.get("nodes", 1)) * int(each)
    cores = config.threads + config.workers
    options = {"timeout_min": 1440, "mem_gb": 8 + 2 * each * round(config.data.cache_gib), **options}
    executor = executor_of(out / "slurm", {"tasks_per_node": each, "cpus_per_task": cores, **options})
    job = executor.submit(TrainTask(recipe, data, out, device)).job_id
    report(f"Job {job} trains in {count} processes. Watch it: squeue -j {job}. Its logs: {out / 'slurm'}.")
    return job
