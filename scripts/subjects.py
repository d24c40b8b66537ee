"""Lay rendered subjects on one contact sheet, for people to look at.

Usage: subjects.py DATASET SHEET.png [COUNT]. One picture a person, the first that each has, 64 unless told otherwise.
"""

import json
import sys
from pathlib import Path

import numpy as np

from relight_stage.errors import RelightError
from relight_stage.scenes.bust import LABELS
from relight_stage.scenes.colour import linear_to_srgb, luminance
from relight_stage.synth.sample import read_sample
from relight_stage.synth.sheet import grid, tile, write_sheet

TILE_PX = 200


def main(dataset: Path, sheet: Path, count: int = 64) -> int:
    seen: dict[str, Path] = {}
    for path in sorted(dataset.glob("[0-9]*/sample.json")):
        seen.setdefault(json.loads(path.read_text())["identity"], path.parent)
    folders = list(seen.values())[:count]
    if not folders:
        print(
            f"{dataset} holds no samples. Render some: relight-stage render {dataset} --count {count}", file=sys.stderr
        )
        return 1
    try:
        tiles = [tile(picture(folder), label(folder), TILE_PX) for folder in folders]
    except RelightError as error:
        print(error, file=sys.stderr)
        return 1
    columns = int(np.ceil(np.sqrt(len(tiles))))
    rows = [tiles[k : k + columns] for k in range(0, len(tiles), columns)]
    write_sheet(sheet, grid(rows, f"{len(tiles)} subjects of {dataset.name}"))
    print(f"{sheet}: {len(tiles)} subjects")
    return 0


def picture(folder: Path) -> np.ndarray:
    """The portrait before a dark wall, exposed for the light on the face, (H, W, 3) uint8."""
    maps = read_sample(folder, ("full", "matte", "parsing", "shading", "shadow")).maps
    face = maps["parsing"][..., LABELS.index("skin")] > 0.9
    # As a white face would have it, so that dark skin stays dark.
    light = np.median(luminance(maps["shading"] * maps["shadow"])[face]) if face.any() else 1.0
    lit = maps["full"] / max(float(light), 1e-8) + 0.05 * (1 - maps["matte"])
    return (linear_to_srgb(np.clip(lit, 0, 1)) * 255 + 0.5).astype(np.uint8)


def label(folder: Path) -> str:
    meta = json.loads((folder / "sample.json").read_text())
    return f"{folder.name} {meta['source']}"


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:])))
