"""The whole Total Relighting pipeline: photo -> matte and foreground -> normals and albedo -> relit.

Source: Pandey et al. 2021, "Total Relighting: Learning to Relight Portraits for Background Replacement".
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from .albedo import AlbedoNet
from .config import PortraitConfig
from .geometry import GeometryNet
from .matting import MattingNet
from .shading import Relit, ShadingNet


class Decomposed(NamedTuple):
    """Unit normals and albedo, (B, 3, H, W) each."""

    normal: Tensor
    albedo: Tensor


class PortraitNet(nn.Module):
    """The four networks by the names that recipes and checkpoints use."""

    def __init__(self, config: PortraitConfig):
        super().__init__()
        self.matting = MattingNet(config.matting)
        self.geometry = GeometryNet(config.geometry)
        self.albedo = AlbedoNet(config.albedo)
        self.shading = ShadingNet(config.shading)

    def decompose(self, foreground: Tensor, matte: Tensor) -> Decomposed:
        normal = self.geometry(foreground, matte)
        return Decomposed(normal, self.albedo(foreground, normal, matte))

    def forward(self, photo: Tensor, light_map: Tensor, background: Tensor) -> Tensor:
        """Relight and composite: matte · relit + (1 − matte) · background, (B, 3, H, W) scene-linear.

        Args:
            photo: (B, 3, H, W) sRGB-encoded.
            light_map: (B, 3, 64, 128).
            background: (B, 3, H, W) scene-linear.
        """
        cut = self.matting(photo)
        normal, albedo = self.decompose(cut.foreground, cut.matte)
        relit: Relit = self.shading(cut.foreground, cut.matte, normal, albedo, light_map)
        return torch.lerp(background, relit.relit, cut.matte)
