"""Loss terms as pure functions of (B, C, H, W) tensors, ``pred`` against ``true``, and the losses of the networks.

Each process of a run sees its share of the batch; the mean of its terms over the processes is the term of the whole
batch, which is why sums are divided by :func:`covered`. docs/training.md lists the terms with their sources.
"""

from dataclasses import asdict

import torch
from torch import Tensor
from torch.nn import functional as F

from ..scenes.light_map import directions, solid_angles
from .lobes import luminance
from .processes import process_count, sum_over_processes
from .terms import AlbedoTerms, GeometryTerms, LightTerms, MattingTerms, ShadingTerms, VisibilityTerms

GREY = 0.18  # what a relit picture's mean is brought to before it is compared


def covered(matte: Tensor, channels: int) -> Tensor:
    """What to divide a sum weighted by ``matte`` by: the weights of the whole batch, shared among the processes."""
    return sum_over_processes(matte.sum() * channels).clamp_min(1.0) / process_count()


def matte_mean(x: Tensor, matte: Tensor) -> Tensor:
    """Mean of ``x`` (B, C, H, W) weighted by ``matte`` (B, 1, H, W); zero, not NaN, where nothing is covered."""
    return (x * matte).sum() / covered(matte, x.shape[1])


def cross_entropy(pred: Tensor, true: Tensor) -> Tensor:
    """Between class probabilities (B, C, H, W). Unweighted: small classes that weigh more come out too large."""
    return -(true * torch.log(pred.clamp_min(1e-5))).sum(dim=1).mean()


def binary_cross_entropy(pred: Tensor, true: Tensor) -> Tensor:
    """Between probabilities, each by itself, less the entropy of ``true``: zero where a soft matte is right."""
    pred, true = pred.clamp(1e-5, 1 - 1e-5), true.clamp(1e-5, 1 - 1e-5)
    return true * torch.log(true / pred) + (1 - true) * torch.log((1 - true) / (1 - pred))


def dice(pred: Tensor, true: Tensor) -> Tensor:
    """1 − soft Dice, mean over pictures and classes. Source: Milletari et al. 2016, section 3, with squares below."""
    both = (pred * true).sum(dim=(2, 3))
    # One pixel more on both sides: a class that is neither there nor predicted is right.
    return (1 - (2 * both + 1) / ((pred * pred).sum(dim=(2, 3)) + (true * true).sum(dim=(2, 3)) + 1)).mean()


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
        total = total + error.abs().sum() / covered(matte, error.shape[1])
        error, matte = F.avg_pool2d(error, 2), F.avg_pool2d(matte, 2)
    return total / levels


def coarse_l1(pred: Tensor, true: Tensor, matte: Tensor) -> Tensor:
    """L1 of means over the covered part of blocks of 1/16 of the side."""
    block = max(pred.shape[-1] // 16, 1)
    error, matte = F.avg_pool2d((pred - true) * matte, block), F.avg_pool2d(matte, block)
    return error.abs().sum() / covered(matte, error.shape[1])


def laplacian_l1(pred: Tensor, true: Tensor, levels: int = 4) -> Tensor:
    """L1 between Laplacian pyramids, coarse levels weighted up. Source: Hou and Liu 2019, equation 3."""
    error, total = pred - true, pred.new_zeros(())
    for level in range(levels):
        smaller = F.avg_pool2d(error, 2)
        band = error - F.interpolate(smaller, scale_factor=2, mode="bilinear", align_corners=False)
        total = total + 2**level * band.abs().mean()
        error = smaller
    return total


def scale_invariant_mse(pred: Tensor, true: Tensor, matte: Tensor) -> Tensor:
    """MSE at the factor of each picture that makes it least, over the picture's mean square, so in [0, 1].

    Source: Zhou et al. 2019 (DPR), and Barron and Malik 2015, equation 24. In closed form: 1 − cos² of the angle
    between the two pictures as vectors.
    """
    product, square_pred, square_true = (
        (a * b * matte).sum(dim=(1, 2, 3)) for a, b in ((pred, true), (pred, pred), (true, true))
    )
    least = 1 - product**2 / (square_pred * square_true).clamp_min(1e-12)
    return torch.where(square_true > 0, least, 0.0).mean()


def log_light(pred: Tensor, true: Tensor) -> Tensor:
    """MSE of log(1 + radiance) between lat-long light maps (B, 3, h, 2h), weighted by solid angle.

    Source: Zhang et al. 2021 (Neural Video Portrait Relighting), light prediction loss.
    """
    error = torch.log1p(pred.clamp_min(0)) - torch.log1p(true.clamp_min(0))
    return (error**2 * _areas(pred)).mean()


def harmonics(light: Tensor) -> Tensor:
    """Means over the sphere of a light map (B, 3, h, 2h) times real spherical harmonics up to degree 2, (B, 3, 9).

    Source: Ramamoorthi and Hanrahan 2001, "An Efficient Representation for Irradiance Environment Maps", equation 3.
    """
    x, y, z = torch.from_numpy(directions(light.shape[2]).copy()).to(light).unbind(dim=2)
    basis = [torch.full_like(x, 0.282095), *(0.488603 * axis for axis in (x, y, z))]
    basis += [
        1.092548 * x * y,
        1.092548 * y * z,
        1.092548 * x * z,
        0.315392 * (3 * z * z - 1),
        0.546274 * (x * x - y * y),
    ]
    return torch.stack([(light * _areas(light) * each).mean(dim=(2, 3)) for each in basis], dim=2)


def _areas(light: Tensor) -> Tensor:
    """Solid angle of a light map's texels over their mean, (h, 1)."""
    areas = torch.from_numpy(solid_angles(light.shape[2]).copy()).to(light)
    return areas / areas.mean()


def tone(linear: Tensor, true: Tensor, matte: Tensor) -> Tensor:
    """Expose so that the mean of ``true`` over the matte is middle grey, then compress radiance logarithmically."""
    mean = (true * matte).mean(dim=(1, 2, 3), keepdim=True) / matte.mean(dim=(1, 2, 3), keepdim=True).clamp_min(1e-4)
    return torch.log1p(linear * (8 * GREY / mean.clamp_min(1e-6))) / 2


def root(linear: Tensor, floor: float = 1e-6) -> Tensor:
    """Square root: about as the eye sees differences."""
    return torch.sqrt(linear.clamp_min(0) + floor)


def matting_loss(pred, batch: dict[str, Tensor], weights: MattingTerms) -> dict[str, Tensor]:
    """All terms by name, unweighted, plus their weighted sum under ``total``. ``pred`` is a Matting."""
    matte, foreground = batch["matte"], batch["foreground_true"]
    background, trimap = batch["background"], trimap_of(batch["matte"])
    visible = (matte > 0.02).float()
    recomposed = pred.matte * foreground + (1 - pred.matte) * background
    terms = {
        "trimap": cross_entropy(pred.trimap, trimap),
        "parsing": cross_entropy(pred.parsing, batch["parsing"]),
        "matte": F.l1_loss(pred.matte, matte),
        "laplacian": laplacian_l1(pred.matte, matte),
        "foreground": matte_mean((root(pred.foreground, 1e-4) - root(foreground, 1e-4)).abs(), visible),
        "composition": (recomposed - (matte * foreground + (1 - matte) * background)).abs().mean(),
    }
    if weights.trimap_dice:
        terms["trimap_dice"] = dice(pred.trimap, trimap)
    if weights.parsing_dice:
        terms["parsing_dice"] = dice(pred.parsing, batch["parsing"])
    if weights.matte_dice:
        terms["matte_dice"] = dice(pred.matte, matte)
    if weights.matte_cross_entropy:
        terms["matte_cross_entropy"] = binary_cross_entropy(pred.matte, matte).mean()
    return weighted(terms, weights)


def geometry_loss(pred: Tensor, batch: dict[str, Tensor], weights: GeometryTerms) -> dict[str, Tensor]:
    """L1 and angle (1 − cosine) between unit normals over the matte."""
    true, matte = batch["normal"], batch["matte"]
    terms = {
        "normal": matte_mean((pred - true).abs(), matte),
        "angle": matte_mean(1 - (pred * true).sum(dim=1, keepdim=True), matte),
        "gradient": gradient_l1(pred, true, matte),
    }
    return weighted(terms, weights)


def albedo_loss(pred: Tensor, batch: dict[str, Tensor], weights: AlbedoTerms) -> dict[str, Tensor]:
    """The terms that need nothing but the pictures, on square roots."""
    matte = batch["matte"]
    pred, true = root(pred), root(batch["albedo"])
    terms = {"albedo": multiscale_l1(pred, true, matte), "gradient": gradient_l1(pred, true, matte)}
    if weights.coarse:
        terms["coarse"] = coarse_l1(pred, true, matte)
    if weights.laplacian:
        terms["laplacian"] = laplacian_l1(pred * matte, true * matte)
    if weights.scale_invariant:
        terms["scale_invariant"] = scale_invariant_mse(pred, true, matte)
    return weighted(terms, weights)


def visibility_loss(pred: Tensor, batch: dict[str, Tensor], weights: VisibilityTerms) -> dict[str, Tensor]:
    """Between shares of some lights that arrive, (B, K, H/2, W/2), where the batch is sure of them."""
    pred, true, sure = (x.flatten(0, 1)[:, None] for x in (pred, batch["arriving"], batch["sure"]))
    terms = {
        "arriving": matte_mean(binary_cross_entropy(pred, true), sure),
        "gradient": gradient_l1(pred, true, sure),
    }
    return weighted(terms, weights)


def shading_loss(pred, batch: dict[str, Tensor], weights: ShadingTerms) -> dict[str, Tensor]:
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
    if weights.laplacian:
        terms["laplacian"] = laplacian_l1(relit_pred * matte, relit_true * matte)
    if weights.scale_invariant:
        terms["scale_invariant"] = scale_invariant_mse(root(pred.relit), root(true), matte)
    return weighted(terms, weights)


def light_loss(pred: Tensor, batch: dict[str, Tensor], weights: LightTerms) -> dict[str, Tensor]:
    """Between light maps (B, 3, h, 2h), both over the true one's mean luminance."""
    mean = luminance((batch["photo_light"] * _areas(pred)).mean(dim=(2, 3), keepdim=True)).clamp_min(1e-6)
    pred, true = pred / mean, batch["photo_light"] / mean
    terms = {"log_light": log_light(pred, true), "harmonics": F.l1_loss(harmonics(pred), harmonics(true))}
    return weighted(terms, weights)


def weighted(terms: dict[str, Tensor], weights) -> dict[str, Tensor]:
    """The terms with their sum under ``total``, weighted by the fields of ``weights`` that bear their names."""
    factors = asdict(weights)
    return {**terms, "total": sum((factors[name] * terms[name] for name in terms), torch.zeros(()))}
