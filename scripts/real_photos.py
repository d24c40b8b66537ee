"""Real photos relit: what the networks see in each, and it under panoramas and single lamps, on one sheet.

Usage: real_photos.py SHEET.png [PHOTO …] [--model DIR]. Without photos: the portrait that scikit-image brings and those
in photos/ of the asset folder, $RELIGHT_STAGE_ASSETS. What is wider than head and shoulders is shown around the face.
A lamp is a disc of 10° over a dim room.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from demo import write_photo
from relight_stage.errors import RelightError
from relight_stage.nets.infer import Relighter
from relight_stage.nets.photos import FRONT_VIEW, read_light, read_photo
from relight_stage.scenes.light_map import HEIGHT, directions, panorama_in_camera
from relight_stage.scenes.packs import ASSETS_VARIABLE
from relight_stage.synth.sheet import gain_of, grid, inset, show, tile, write_sheet

PANORAMAS = (("interior", 0.0), ("sunset", 180.0), ("courtyard", 0.0))
# Toward the lamp, camera frame.
LAMPS = {
    "left": (-1.0, 0.1, 0.3),
    "upper left": (-0.6, 0.6, 0.6),
    "above": (0.0, 0.9, 0.45),
    "front": (0.0, 0.15, 1.0),
    "upper right": (0.6, 0.6, 0.6),
    "right": (1.0, 0.1, 0.3),
    "below": (0.0, -0.9, 0.5),
}
TILE_PX = 208


def main(sheet: Path, photos: list[Path], model: Path | None) -> int:
    try:
        relighter = Relighter.load(model)
        rows = [row for path in photos for row in rows_of(relighter, path)]
        write_sheet(sheet, grid(rows, "Real photos relit by the shipped networks" if model is None else str(model)))
    except RelightError as error:
        print(error, file=sys.stderr)
        return 1
    print(sheet)
    return 0


def rows_of(relighter: Relighter, path: Path) -> list[list[np.ndarray]]:
    """What is seen in the photo and three panoramas; seven lamps."""
    photo = read_photo(path)
    portrait = relighter.analyse(photo.rgb, photo.alpha, name=path.name)
    face = portrait.face
    height, width = portrait.matte.shape
    side = round(min(max(height, width), 4 * face.height))
    top = int(np.clip(face.top + face.height / 2 - side / 2, 0, max(0, height - side)))
    left = int(np.clip(face.left + face.width / 2 - side / 2, 0, max(0, width - side)))
    window = (slice(top, top + side), slice(left, left + side))
    matte = portrait.matte[window][:, :, None]

    def picture(name: str, values: np.ndarray, gain: float = 1.0) -> np.ndarray:
        return show(name, values[window], gain)

    def relit(light_map: np.ndarray) -> np.ndarray:
        colour = relighter.relight(portrait, light_map)[window]
        gain = gain_of(colour, matte)
        return inset(
            show("relit", colour * matte, gain), show("light map", light_map, min(1.0, gain_of(light_map))), 0.3
        )

    first = [tile(picture("photo", photo.rgb), path.stem, TILE_PX)]
    first.append(tile(picture("matte", portrait.matte), "matte", TILE_PX))
    first.append(tile(show("normal", portrait.normals[window] * matte), "normals", TILE_PX))
    first.append(tile(show("albedo", portrait.albedo[window] * matte), "albedo", TILE_PX))
    for name, turn_deg in PANORAMAS:
        light_map = panorama_in_camera(read_light(name), FRONT_VIEW, np.radians(turn_deg))
        first.append(tile(relit(light_map), name, TILE_PX))
    return [first, [tile(relit(lamp(toward)), f"lamp {name}", TILE_PX) for name, toward in LAMPS.items()]]


def lamp(toward: tuple[float, float, float]) -> np.ndarray:
    """A light map (64, 128, 3): a lamp that outshines the room by far."""
    cosine = directions(HEIGHT) @ (np.array(toward) / np.linalg.norm(toward))
    disc = cosine > np.cos(np.radians(10))
    return np.repeat(np.where(disc, 100.0, 0.02)[:, :, None], 3, axis=2).astype(np.float32)


def free_photos(folder: Path) -> list[Path]:
    """Photos that are free to show; scikit-image's is written into the folder."""
    assets = os.environ.get(ASSETS_VARIABLE)
    return [write_photo(folder / "astronaut.png"), *sorted((Path(assets) / "photos").glob("*.jpg") if assets else ())]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Real photos relit, on one sheet.")
    parser.add_argument("sheet", type=Path)
    parser.add_argument("photos", type=Path, nargs="*")
    parser.add_argument("--model", type=Path)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(main(words.sheet, words.photos or free_photos(Path(folder)), words.model))
