"""Loss terms as pure functions of (B, C, H, W) tensors; ``pred`` against ``true``.

Total Relighting adds VGG features and an adversarial term. Pretrained weights cannot be had here without a network
and carry their own licence, so gradients and L1 at several scales stand in for what those see: edges and texture.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

GREY = 0.18  # what a relit picture's mean is brought to before it is compared


def matte_mean(x: Tensor, matte: Tensor) -> Tensor:
    """Mean of ``x`` (B, C, H, W) weighted by ``matte`` (B, 1, H, W); zero, not NaN, where nothing is covered."""
    return (x * matte).sum() / (matte.sum() * x.shape[1]).clamp_min(1.0)


def cross_entropy(pred: Tensor, true: Tensor) -> Tensor:
    """Between class probabilities (B, C, H, W). Unweighted: small classes that weigh more come out too large."""
    return -(true * torch.log(pred.clamp_min(1e-5))).sum(dim=1).mean()


def trimap_of(matte: Tensor) -> Tensor:
    """Background, unknown, foreground as (B, 3, H, W): unknown is every fractional pixel and its surroundings."""
    radius = max(matte.shape[-1] // 64, 1)
    grown = F.max_pool2d(matte, 2 * radius + 1, stride=1, padding=radius)
    shrunk = -F.max_pool2d(-matte, 2 * radius + 1, stride=1, padding=radius)
    background, foreground = (grown < 0.05).float(), (shrunk > 0.95).float()
    return torch.cat([background, 1 - background - foreground, foreground], dim=1)


def gradient_l1(pred: Tensor, true: Tensor, matte: Tensor) -> Tensor:
    """L1 of the differences between neighbours, where both of them are covered."""
    error = pred - true
    across = (error[:, :, :, 1:] - error[:, :, :, :-1]).abs()
    down = (error[:, :, 1:] - error[:, :, :-1]).abs()
    covered_across = torch.minimum(matte[:, :, :, 1:], matte[:, :, :, :-1])
    covered_down = torch.minimum(matte[:, :, 1:], matte[:, :, :-1])
    return matte_mean(across, covered_across) + matte_mean(down, covered_down)


def multiscale_l1(pred: Tensor, true: Tensor, matte: Tensor, levels: int = 4) -> Tensor:
    """L1 at full size, half, quarter, …, averaged; coarse errors (a wrong shadow) weigh as much as fine ones."""
    error = (pred - true) * matte
    total = error.new_zeros(())
    for _ in range(levels):
        total = total + error.abs().sum() / (matte.sum() * error.shape[1]).clamp_min(1.0)
        error, matte = F.avg_pool2d(error, 2), F.avg_pool2d(matte, 2)
    return total / levels


def laplacian_l1(pred: Tensor, true: Tensor, levels: int = 4) -> Tensor:
    """L1 between Laplacian pyramids, coarse levels weighted up. Source: Hou and Liu 2019, equation 3."""
    error, total = pred - true, pred.new_zeros(())
    for level in range(levels):
        smaller = F.avg_pool2d(error, 2)
        band = error - F.interpolate(smaller, scale_factor=2, mode="bilinear", align_corners=False)
        total = total + 2**level * band.abs().mean()
        error = smaller
    return total


def tone(linear: Tensor, true: Tensor, matte: Tensor) -> Tensor:
    """Expose so that the mean of ``true`` over the matte is middle grey, then compress radiance logarithmically."""
    mean = (true * matte).mean(dim=(1, 2, 3), keepdim=True) / matte.mean(dim=(1, 2, 3), keepdim=True).clamp_min(1e-4)
    return torch.log1p(linear * (8 * GREY / mean.clamp_min(1e-6))) / 2


def matting_loss(pred, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """All terms by name, unweighted, plus their weighted sum under ``total``. ``pred`` is a Matting."""
    matte, foreground = batch["matte"], batch["foreground_true"]
    background = batch["background"]
    covered = (matte > 0.02).float()
    roots = [torch.sqrt(x.clamp_min(0) + 1e-4) for x in (pred.foreground, foreground)]
    recomposed = pred.matte * foreground + (1 - pred.matte) * background
    terms = {
        "trimap": cross_entropy(pred.trimap, trimap_of(matte)),
        "parsing": cross_entropy(pred.parsing, batch["parsing"]),
        "matte": F.l1_loss(pred.matte, matte),
        "laplacian": laplacian_l1(pred.matte, matte),
        "foreground": matte_mean((roots[0] - roots[1]).abs(), covered),
        "composition": (recomposed - (matte * foreground + (1 - matte) * background)).abs().mean(),
    }
    weights = {"trimap": 0.3, "parsing": 0.3, "matte": 2.0, "laplacian": 0.5, "foreground": 0.5, "composition": 1.0}
    return weighted(terms, weights)


def geometry_loss(pred: Tensor, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """L1 and angle (1 − cosine) between unit normals over the matte."""
    true, matte = batch["normal"], batch["matte"]
    terms = {
        "normal": matte_mean((pred - true).abs(), matte),
        "angle": matte_mean(1 - (pred * true).sum(dim=1, keepdim=True), matte),
        "gradient": gradient_l1(pred, true, matte),
    }
    return weighted(terms, {"normal": 1.0, "angle": 1.0, "gradient": 0.5})


def albedo_loss(pred: Tensor, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """L1 at several scales and of gradients, on square roots (about as the eye sees differences)."""
    matte = batch["matte"]
    pred, true = torch.sqrt(pred + 1e-6), torch.sqrt(batch["albedo"].clamp_min(0) + 1e-6)
    terms = {"albedo": multiscale_l1(pred, true, matte), "gradient": gradient_l1(pred, true, matte)}
    return weighted(terms, {"albedo": 1.0, "gradient": 0.5})


def shading_loss(pred, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """The relit picture, and its diffuse and specular parts apart, tone-mapped alike. ``pred`` is a Relit."""
    matte, true = batch["matte"], batch["relit"]
    specular, diffuse = batch["specular"], batch["relit"] - batch["specular"]
    relit_pred, relit_true = tone(pred.relit, true, matte), tone(true, true, matte)
    terms = {
        "relit": multiscale_l1(relit_pred, relit_true, matte),
        "gradient": gradient_l1(relit_pred, relit_true, matte),
        "diffuse": multiscale_l1(tone(pred.diffuse, true, matte), tone(diffuse, true, matte), matte),
        "specular": multiscale_l1(tone(pred.specular, true, matte), tone(specular, true, matte), matte),
    }
    return weighted(terms, {"relit": 1.0, "gradient": 0.5, "diffuse": 0.5, "specular": 0.5})


def weighted(terms: dict[str, Tensor], weights: dict[str, float]) -> dict[str, Tensor]:
    """The terms with their weighted sum under ``total``."""
    return {**terms, "total": sum((weights[name] * terms[name] for name in weights), torch.zeros(()))}
