"""Several processes that compute as one: each takes an equal share of every batch, and what they learn from it is
what one process would learn from the whole. In a run of one process everything here does nothing.

Accelerate starts them (under torchrun, or submitit on a cluster) and averages their gradients. What depends on the
whole batch is added up here: batch statistics, and what a loss divides by.
"""

import torch
import torch.distributed as dist
from accelerate import Accelerator
from torch import Tensor, nn

from ..errors import ConfigError

DEVICES = ("auto", "cpu")


def join_processes(device: str = "auto") -> Accelerator:
    """Join the other processes that the launcher started, if it started any.

    Args:
        device: ``auto`` takes a GPU of its own for each process where there are any; ``cpu`` takes none.
    """
    if device not in DEVICES:
        raise ConfigError(f"The device {device!r} is unknown. Known are: {', '.join(DEVICES)}.")
    # Without a GPU Accelerate has to be told, or it would start each process as if it were alone.
    cpu = device == "cpu" or not torch.cuda.is_available()
    return Accelerator(cpu=cpu)


def process_count() -> int:
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def process_index() -> int:
    return dist.get_rank() if process_count() > 1 else 0


def own_share(count: int) -> slice:
    """Which of ``count`` examples this process takes."""
    each = count // process_count()
    return slice(process_index() * each, (process_index() + 1) * each)


class _Sum(torch.autograd.Function):
    """The gradient of a sum over processes is the sum of their gradients."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        total = x.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        return _Sum.apply(gradient)


def sum_over_processes(x: Tensor) -> Tensor:
    """Sum of the processes' tensors, differentiable."""
    return _Sum.apply(x) if process_count() > 1 else x


def mean_over_processes(x: Tensor) -> Tensor:
    """Mean of the processes' tensors, differentiable."""
    return sum_over_processes(x) / process_count()


def noise(generator: torch.Generator, shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Standard normal numbers (B, *shape) for the examples of ``like``: this process's share of what one would draw."""
    count = like.shape[0] * process_count()
    return torch.randn(count, *shape, generator=generator)[own_share(count)].to(like.device)


def average_gradients(module: nn.Module) -> None:
    """Average the gradients of a small module that Accelerate does not look after."""
    if process_count() > 1:
        for parameter in module.parameters():
            if parameter.grad is not None:
                dist.all_reduce(parameter.grad)
                parameter.grad /= process_count()


class SharedNorm(nn.BatchNorm2d):
    """Batch normalisation over the examples of all processes; its weights are BatchNorm2d's.

    Unlike torch's SyncBatchNorm it runs on CPUs too, so that what the tests show holds on GPUs.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        wide = x.to(self.weight.dtype)
        # The mean first: E[x²] − E[x]² would lose the digits of small variances.
        mean = mean_over_processes(wide.mean(dim=(0, 2, 3)))
        centred = wide - mean[:, None, None]
        variance = mean_over_processes((centred * centred).mean(dim=(0, 2, 3)))
        assert self.running_mean is not None and self.running_var is not None and self.momentum is not None
        assert self.num_batches_tracked is not None
        with torch.no_grad():
            count = x.numel() // x.shape[1] * process_count()
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (count / (count - 1)), self.momentum)
            self.num_batches_tracked.add_(1)
        factor = self.weight * torch.rsqrt(variance + self.eps)
        return (centred * factor[:, None, None] + self.bias[:, None, None]).to(x.dtype)


def share_statistics(module: nn.Module) -> None:
    """Let every batch normalisation inside normalise over all processes; names and values of weights stay."""
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.BatchNorm2d:
                shared = SharedNorm(child.num_features, child.eps, child.momentum).to(child.weight)
                shared.load_state_dict(child.state_dict())
                parent.add_module(name, shared)
