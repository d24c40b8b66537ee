"""The critic: a patch discriminator that learns to tell true faces from made ones, and the losses of both sides.

Sources: Isola et al. 2017 (patches), Mao et al. 2017 (LSGAN), Gulrajani et al. 2017 (WGAN-GP).
"""

from typing import Any

import torch
from torch import Tensor, nn

from .layers import SLOPE
from .processes import average_gradients, mean_over_processes, noise
from .terms import AdversarialConfig


class Critic(nn.Module):
    """Pictures (B, 3, H, W) -> scores of their patches (B, 1, h, w). Without normalisation: the gradient penalty is a
    law for each picture by itself."""

    def __init__(self, widths: tuple[int, ...]):
        super().__init__()
        layers: list[nn.Module] = []
        for below, width in zip((3, *widths), widths, strict=False):
            layers += [nn.Conv2d(below, width, 4, stride=2, padding=1), nn.LeakyReLU(2 * SLOPE)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 3, padding=1))

    def forward(self, picture: Tensor) -> Tensor:
        return self.layers(picture * 2 - 1)


def made_loss(kind: str, scores: Tensor) -> Tensor:
    """What the network that makes pictures pays for their scores."""
    return ((scores - 1) ** 2).mean() if kind == "lsgan" else -scores.mean()


def critic_loss(config: AdversarialConfig, critic: Critic, made: Tensor, true: Tensor, mix: Tensor) -> Tensor:
    """What the critic pays; ``mix`` (B, 1, 1, 1) in [0, 1] places the gradient penalty between made and true."""
    scores_made, scores_true = critic(made), critic(true)
    if config.kind == "lsgan":
        return (((scores_true - 1) ** 2).mean() + (scores_made**2).mean()) / 2
    between = torch.lerp(made, true, mix).requires_grad_(True)
    slope = torch.autograd.grad(critic(between).flatten(1).mean(dim=1).sum(), between, create_graph=True)[0]
    penalty = ((slope.flatten(1).norm(dim=1) - 1) ** 2).mean()
    return scores_made.mean() - scores_true.mean() + config.penalty * penalty


class Opponent:
    """A critic with its optimiser, for as long as a stage lasts."""

    def __init__(self, config: AdversarialConfig, seed: int, device: torch.device):
        self.config = config
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.critic = Critic(config.widths).to(device)
        betas = (0.5, 0.999) if config.kind == "lsgan" else (0.0, 0.9)
        self.optimiser = torch.optim.Adam(self.critic.parameters(), lr=config.rate, betas=betas)
        self.critic.requires_grad_(False)

    def judge(self, made: Tensor) -> Tensor:
        """What the network pays for the faces it made."""
        return made_loss(self.config.kind, self.critic(made))

    def learn(self, made: Tensor, true: Tensor, generator: torch.Generator) -> Tensor:
        """Update the critic on a batch of faces; returns its loss."""
        self.critic.requires_grad_(True)
        loss = made.new_zeros(())
        for _ in range(self.config.steps):
            # Uniform: what the normal distribution's integral makes of normal numbers.
            mix = torch.special.ndtr(noise(generator, (1, 1, 1), made))
            loss = critic_loss(self.config, self.critic, made.detach(), true, mix)
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            average_gradients(self.critic)
            self.optimiser.step()
        self.critic.requires_grad_(False)
        return mean_over_processes(loss.detach())

    def state(self) -> dict[str, Any]:
        return {"weights": self.critic.state_dict(), "optimiser": self.optimiser.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        self.critic.load_state_dict(state["weights"])
        self.optimiser.load_state_dict(state["optimiser"])
