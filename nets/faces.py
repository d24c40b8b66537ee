"""Faces cut out of batches for the losses that look at faces alone. Pictures (B, C, H, W)."""

import torch
from torch import Tensor
from torch.nn import functional as F

from .config import PARSED

# Background is the parsing's first class. Skin is left out: it reaches down to the chest.
FEATURES = [1 + PARSED.index(label) for label in ("brows", "eyes", "lips", "mouth")]
MARGIN = 1.9  # a face's side over that of its features' box: from the hair line to the chin


def face_boxes(parsing: Tensor) -> tuple[Tensor, Tensor]:
    """Squares around the faces.

    Args:
        parsing: (B, 8, H, W) true coverage of the classes.

    Returns:
        (B, 3): centre x, y and half a side, in grid_sample's units (−1 to 1 across the picture); (B,) 1 where a
        face is seen, else 0, and the whole picture as its box.
    """
    height, width = parsing.shape[2:]
    there = parsing[:, FEATURES].sum(dim=1) > 0.5
    seen = there.sum(dim=(1, 2)) >= 8  # px: eyes and mouth of a face of a tenth of a small picture
    x = (torch.arange(width, device=parsing.device) + 0.5) / width * 2 - 1
    y = (torch.arange(height, device=parsing.device) + 0.5) / height * 2 - 1
    columns, rows = there.any(dim=1), there.any(dim=2)
    low_x, low_y = (torch.where(on, at, 2.0).amin(dim=1) for on, at in ((columns, x), (rows, y)))
    high_x, high_y = (torch.where(on, at, -2.0).amax(dim=1) for on, at in ((columns, x), (rows, y)))
    half = MARGIN * torch.maximum(high_x - low_x, high_y - low_y) / 2
    boxes = torch.stack([(low_x + high_x) / 2, (low_y + high_y) / 2, half], dim=1)
    whole = boxes.new_tensor([0.0, 0.0, 1.0])
    return torch.where(seen[:, None], boxes, whole), seen.float()


def cut_faces(picture: Tensor, boxes: Tensor, side: int) -> Tensor:
    """Resample the squares of :func:`face_boxes` to (B, C, side, side); black beyond the picture."""
    # Twice as fine, then averaged, so that shrinking aliases little.
    axis = (torch.arange(2 * side, device=picture.device) + 0.5) / side - 1
    x = boxes[:, 0, None, None] + boxes[:, 2, None, None] * axis[None, None, :]
    y = boxes[:, 1, None, None] + boxes[:, 2, None, None] * axis[None, :, None]
    grid = torch.stack(torch.broadcast_tensors(x, y), dim=-1)
    fine = F.grid_sample(picture, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return F.avg_pool2d(fine, 2)
