"""Blocks that the networks share. Tensors are (B, C, H, W)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .config import UNetConfig

SLOPE = 0.1  # of the leaky ReLU


class Conv(nn.Sequential):
    """3×3 convolution, batch normalisation, leaky ReLU.

    The paper has no normalisation; with it a few thousand steps do what took the paper a million, and the exported
    graph folds it into the convolution. Running statistics keep absolute brightness meaningful at inference.
    """

    def __init__(self, channels_in: int, channels_out: int):
        super().__init__(
            nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.LeakyReLU(SLOPE, inplace=True),
        )


class Residual(nn.Module):
    """Two convolutions around a shortcut."""

    def __init__(self, channels: int):
        super().__init__()
        self.body = nn.Sequential(
            Conv(channels, channels), nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x + self.body(x), SLOPE)


class BlurPool(nn.Module):
    """Halve the resolution after a binomial blur, so that small shifts of the photo stay small shifts.

    Source: Zhang 2019, "Making Convolutional Networks Shift-Invariant Again", section 3.
    """

    kernel: Tensor

    def __init__(self, channels: int):
        super().__init__()
        row = torch.tensor([1.0, 2.0, 1.0]) / 4
        self.register_buffer("kernel", (row[:, None] * row).expand(channels, 1, 3, 3).contiguous(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.kernel, stride=2, padding=1, groups=x.shape[1])


def double(x: Tensor) -> Tensor:
    """Twice the resolution, bilinear."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


class UNet(nn.Module):
    """U-Net with blur-pool on the way down and bilinear resize and a convolution on the way up.

    ``forward`` returns the features of every decoder level, coarse first; the last is at full resolution, or at
    1/2^``finest`` of it.
    """

    def __init__(self, channels_in: int, config: UNetConfig, finest: int = 0):
        super().__init__()
        widths = config.widths
        self.encoder = nn.ModuleList(Conv(a, b) for a, b in zip((channels_in, *widths), widths, strict=False))
        self.pools = nn.ModuleList(BlurPool(w) for w in widths[:-1])
        self.bottleneck = nn.Sequential(
            Conv(widths[-1], widths[-1]), *(Residual(widths[-1]) for _ in range(config.bottleneck))
        )
        rising = widths[finest:][::-1]
        self.decoder = nn.ModuleList(
            Conv(below + skip, skip) for below, skip in zip((rising[0], *rising), rising, strict=False)
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        skips = []
        for level, conv in enumerate(self.encoder):
            x = conv(x if level == 0 else self.pools[level - 1](x))  # (B, widths[level], H/2^level, W/2^level)
            skips.append(x)
        x = self.bottleneck(x)
        features = []
        for level, conv in enumerate(self.decoder):
            x = conv(torch.cat([x if level == 0 else double(x), skips.pop()], dim=1))
            features.append(x)
        return features


def unit(x: Tensor) -> Tensor:
    """Normalise vectors in the channel dimension; never divides by zero."""
    # The exporter's optimizer takes 1e-8 for nothing.
    return x / torch.sqrt((x * x).sum(dim=1, keepdim=True) + 1e-7)


def softmax(x: Tensor) -> Tensor:
    """Over the channels; ONNX Runtime's own takes four times as long, for it goes pixel by pixel."""
    power = torch.exp(x - x.amax(dim=1, keepdim=True).detach())
    return power / power.sum(dim=1, keepdim=True)


def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x)); ONNX Runtime's own takes three times as long."""
    return x.clamp_min(0) + torch.log(1 + torch.exp(-x.abs()))


def encode(linear: Tensor) -> Tensor:
    """Square root of scene-linear values: about as the eye weighs them, and cheaper than the sRGB curve."""
    return torch.sqrt(linear.clamp_min(0) + 1e-6)


def decode_srgb(encoded: Tensor) -> Tensor:
    """sRGB-encoded values in [0, 1] to scene-linear. Source: IEC 61966-2-1:1999, 5.2."""
    high = ((encoded.clamp_min(0.04045) + 0.055) / 1.055) ** 2.4
    return torch.where(encoded <= 0.04045, encoded / 12.92, high)
