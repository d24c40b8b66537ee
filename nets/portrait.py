"""The whole Total Relighting pipeline: photo -> matte and foreground -> normals, albedo and visibility -> relit.

Source: Pandey et al. 2021, "Total Relighting: Learning to Relight Portraits for Background Replacement".
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from .albedo import AlbedoNet
from .config import PortraitConfig
from .geometry import GeometryNet
from .light import LightNet
from .matting import MattingNet
from .shading import Relit, ShadingNet
from .visibility import VisibilityNet


class Decomposed(NamedTuple):
    """Unit normals and albedo, (B, 3, H, W) each; visibility (B, V, H/2, W/2)."""

    normal: Tensor
    albedo: Tensor
    visible: Tensor


class PortraitNet(nn.Module):
    """The six networks by the names that recipes and checkpoints use."""

    def __init__(self, config: PortraitConfig):
        super().__init__()
        self.matting = MattingNet(config.matting)
        self.geometry = GeometryNet(config.geometry)
        self.albedo = AlbedoNet(config.albedo)
        self.visibility = VisibilityNet(config.visibility)
        self.shading = ShadingNet(config.shading, config.visibility.directions)
        self.light = LightNet(config.light)

    def decompose(self, foreground: Tensor, matte: Tensor) -> Decomposed:
        normal = self.geometry(foreground, matte)
        albedo = self.albedo(foreground, normal, matte)
        return Decomposed(normal, albedo, self.visibility(foreground, normal, matte))

    def forward(self, photo: Tensor, light_map: Tensor, background: Tensor) -> Tensor:
        """Relight and composite: matte · relit + (1 − matte) · background, (B, 3, H, W) scene-linear.

        Args:
            photo: (B, 3, H, W) sRGB-encoded.
            light_map: (B, 3, 64, 128).
            background: (B, 3, H, W) scene-linear.
        """
        cut = self.matting(photo)
        relit: Relit = self.shading(cut.foreground, cut.matte, *self.decompose(cut.foreground, cut.matte), light_map)
        return torch.lerp(background, relit.relit, cut.matte)
