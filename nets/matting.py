"""Matting: who is in the photo, where exactly, and in what colour without the background.

Photo (B, 3, H, W) sRGB-encoded in [0, 1], H and W multiples of 32.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .config import PARSED, MattingConfig
from .layers import SLOPE, BlurPool, Conv, UNet, decode_srgb, double, softmax

CLASSES = 1 + len(PARSED)  # background first


class Matting(NamedTuple):
    """parsing (B, 8, H, W) and trimap (B, 3, H, W; background, unknown, foreground) are probabilities;
    matte (B, 1, H, W) in [0, 1]; foreground (B, 3, H, W) scene-linear, straight."""

    parsing: Tensor
    trimap: Tensor
    matte: Tensor
    foreground: Tensor


class Decoder(nn.Module):
    """From the encoder's features back to full resolution."""

    def __init__(self, encoder: tuple[int, ...], widths: tuple[int, ...]):
        super().__init__()
        below = (encoder[-1], *widths)
        skips = encoder[-2::-1]
        self.levels = nn.ModuleList(Conv(b + s, w) for b, s, w in zip(below, skips, widths, strict=False))

    def forward(self, features: list[Tensor]) -> Tensor:
        x = features[-1]
        for conv, skip in zip(self.levels, features[-2::-1], strict=True):
            x = conv(torch.cat([double(x), skip], dim=1))
        return x


class MattingNet(nn.Module):
    """Pandey et al. 2021, section 3.1, with the coarse segmentation inside instead of taken from elsewhere."""

    def __init__(self, config: MattingConfig):
        super().__init__()
        self.segmentation = UNet(3, config.segmentation)
        self.labels = nn.Conv2d(config.segmentation.widths[0], CLASSES, 3, padding=1)
        widths = config.encoder
        self.encoder = nn.ModuleList(Conv(a, b) for a, b in zip((3 + CLASSES, *widths), widths, strict=False))
        self.pools = nn.ModuleList(BlurPool(w) for w in widths[:-1])
        self.trimap_decoder = Decoder(widths, config.decoders)
        self.matte_decoder = Decoder(widths, config.decoders)
        self.foreground_decoder = Decoder(widths, config.decoders)
        last, refine = config.decoders[-1], config.refine
        self.trimap_head = nn.Conv2d(last, 3, 3, padding=1)
        self.matte_head = nn.Sequential(
            nn.Conv2d(last, refine, 7, padding=3),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(refine, refine, 5, padding=2),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(refine, 1, 3, padding=1),
        )
        self.foreground_head = nn.Conv2d(last, 3, 3, padding=1)

    def forward(self, photo: Tensor) -> Matting:
        centred = photo * 2 - 1
        # Coarse segmentation at half resolution: what a person is takes context, not detail.
        coarse = self.labels(self.segmentation(F.avg_pool2d(centred, 2))[-1])  # (B, 8, H/2, W/2)
        parsing = softmax(double(coarse.float()))

        x = torch.cat([centred, parsing], dim=1)
        features = []
        for level, conv in enumerate(self.encoder):
            x = conv(x if level == 0 else self.pools[level - 1](x))  # (B, widths[level], H/2^level, W/2^level)
            features.append(x)

        trimap = softmax(self.trimap_head(self.trimap_decoder(features)).float())
        detail = torch.sigmoid(self.matte_head(self.matte_decoder(features)).float())
        # Unlike the paper the matte is the trimap's certain part plus detail in its unknown part only.
        matte = trimap[:, 2:3] + trimap[:, 1:2] * detail
        # Where the person covers the pixel the photo is the foreground; only the rest has to be guessed.
        change = torch.tanh(self.foreground_head(self.foreground_decoder(features)).float())
        foreground = (photo + (1 - matte) * change).clamp(0, 1)
        return Matting(parsing, trimap, matte, decode_srgb(foreground))
