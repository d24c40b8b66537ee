"""A dataset as a Slurm array, one array task a shard, through submitit, which keeps logs and comes back after timeouts.

A task that runs out of time, is preempted or loses its node is queued again and goes on where it was: complete samples
are skipped. The Python that submits is the one that the nodes run, so it lies on a file system that they share.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from .farm import check_request, render_dataset
from .settings import Settings, Shard, claim_folder

# submitit's names that every executor knows; the others are Slurm's own and get its prefix.
GENERAL = ("name", "nodes", "timeout_min", "mem_gb", "cpus_per_task", "gpus_per_node", "tasks_per_node")
# How often a task may run out of time and go on.
TIMEOUTS_MAX = 1000


@dataclass(frozen=True)
class ShardTask:
    """What an array task calls: a shard and how to render it (see ``render_dataset``)."""

    out: Path
    count: int
    settings: Settings
    assets: Path | None
    workers: int
    shard: Shard
    device: str

    def __call__(self) -> None:
        render_dataset(self.out, self.count, self.settings, self.assets, self.workers, self.shard, self.device)

    def checkpoint(self) -> Any:
        """Called by submitit before the time is up: queue the same task again."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)

    __submitit_checkpoint__ = checkpoint  # its name from submitit 1.6 on


def submit_dataset(
    out: Path,
    count: int,
    settings: Settings,
    assets: Path | None,
    workers: int,
    device: str,
    options: Mapping[str, Any],
    report: Callable[[str], None] = print,
) -> str:
    """Queue a dataset; returns the array's job id at once.

    Args:
        options: ``tasks``, the number of shards, and whatever submitit's ``update_parameters`` takes for Slurm.

    Raises:
        ConfigError: no number of tasks, an option that submitit does not know, or no Slurm here; and what
            ``render_dataset`` raises before it renders.
    """
    packs = check_request(out, assets, count, workers, report)
    options = {"timeout_min": 240, "mem_gb": 2 + 2 * workers, "cpus_per_task": 2 * workers, **options}
    tasks = options.pop("tasks", None)
    if not isinstance(tasks, int) or tasks < 1:
        raise ConfigError(f"--slurm tasks={tasks}: write the number of array tasks, for example --slurm tasks=20.")
    out, assets = out.resolve(), assets and assets.resolve()
    logs = out / "slurm"
    executor = executor_of(logs, options)
    claim_folder(out, settings, packs, report)
    with executor.batch():
        shards = [Shard(part, tasks) for part in range(1, tasks + 1)]
        jobs = [executor.submit(ShardTask(out, count, settings, assets, workers, shard, device)) for shard in shards]
    job = jobs[0].job_id.partition("_")[0]
    report(f"Job {job} renders {count} samples in {tasks} array tasks. Watch it: squeue -j {job}. Its logs: {logs}.")
    return job


def executor_of(logs: Path, options: Mapping[str, Any]) -> Any:
    """submitit's way into Slurm.

    Args:
        options: what submitit's ``update_parameters`` takes for Slurm; its Slurm-only names without their prefix.

    Raises:
        ConfigError: no Slurm here, or an option that submitit does not know.
    """
    import submitit

    if shutil.which("sbatch") is None:
        raise ConfigError("--slurm: there is no sbatch here. Run this on a machine that submits to Slurm.")
    executor = submitit.AutoExecutor(logs / "%j", cluster="slurm", slurm_max_num_timeout=TIMEOUTS_MAX)
    named = {key if key in GENERAL else f"slurm_{key}": value for key, value in options.items()}
    try:
        executor.update_parameters(**{"name": "relight-stage", **named})
    except (NameError, TypeError, ValueError) as error:
        raise ConfigError(f"--slurm: submitit refuses the options ({str(error).splitlines()[0]}).") from error
    return executor
