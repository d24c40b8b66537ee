"""Everything once, small: render two portraits, check them, relight a photo, and lay it all on one contact sheet.

Usage: demo.py FOLDER. Every step is the command that a user would type; the sheet is FOLDER/contact_sheet.png.
"""

import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

COMMAND = Path(sys.executable).with_name("relight-stage")
# Blender's own panoramas by name, each turned so that it lights the face from another side.
LIGHTS = {"sunrise": 0.0, "interior": -100.0, "courtyard": 0.0}
TILE_PX = 208


def main(folder: Path) -> int:
    start = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    data = folder / "samples"
    run("render", data, "--count", 2, "--seed", 2, "--size", 256, "--samples", 48)
    run("check", data, "--sheet", folder / "samples.png")

    photo = write_photo(folder / "astronaut.png")
    for name, turn_deg in LIGHTS.items():
        turned = ("--light", name, "--rotate-deg", turn_deg)
        run("relight", photo, *turned, "--maps", folder / "maps", "-o", folder / f"relit_{name}.png")

    sheet = folder / "contact_sheet.png"
    write_contact_sheet(sheet, data, photo, folder)
    print(f"{sheet}: done in {time.monotonic() - start:.0f} s")
    return 0


def run(*arguments) -> None:
    """Run relight-stage as a shell would, and stop the demo where it fails."""
    words = [str(argument) for argument in arguments]
    print("$ relight-stage", shlex.join(words), flush=True)
    # The demo shows the self-contained heads, whatever packs this machine has.
    environment = {key: value for key, value in os.environ.items() if key != "RELIGHT_STAGE_ASSETS"}
    done = subprocess.run([str(COMMAND), *words], env=environment)
    if done.returncode != 0:
        sys.exit(done.returncode)


def write_photo(path: Path) -> Path:
    """NASA's portrait of Eileen Collins (public domain), as scikit-image brings it."""
    import cv2
    from skimage.data import astronaut

    cv2.imwrite(str(path), astronaut()[..., ::-1])
    return path


def write_contact_sheet(sheet: Path, data: Path, photo: Path, folder: Path) -> None:
    """Two rows a sample with all of its maps; then the photo, what the networks see in it, and it under each light."""
    from relight_stage.synth.sample import list_samples, read_sample
    from relight_stage.synth.sheet import GAP_PX, grid, inset, sample_tiles, tile, write_sheet

    rows = []
    for path in list_samples(data):
        sample = read_sample(path)
        tiles = sample_tiles(sample.maps, sample.light_map, TILE_PX)
        middle = (len(tiles) + 1) // 2
        rows += [tiles[:middle], tiles[middle:]]

    seen = ("matte", "normals", "albedo")
    # As wide as the rows of samples, gaps included.
    size = len(rows[0]) * (TILE_PX + GAP_PX) // (1 + len(seen) + len(LIGHTS)) - GAP_PX
    last = [tile(read_picture(photo), "photo", size)]
    last += [tile(read_picture(folder / "maps" / f"{name}.png"), name, size) for name in seen]
    for name, turn_deg in LIGHTS.items():
        relit = inset(read_picture(folder / f"relit_{name}.png"), show_light(name, turn_deg))
        last.append(tile(relit, f"relit: {name}", size))
    write_sheet(sheet, grid([*rows, last], "Relight Stage: rendered portraits with their maps; a photo relit"))


def show_light(name: str, turn_deg: float) -> np.ndarray:
    """The light map that relit the photo: its centre is the camera's side, its right half image right."""
    from relight_stage.nets.photos import FRONT_VIEW, read_light
    from relight_stage.scenes.light_map import panorama_in_camera
    from relight_stage.synth.sheet import gain_of, show

    light_map = panorama_in_camera(read_light(name), FRONT_VIEW, np.radians(turn_deg))
    return show("light map", light_map, gain_of(light_map))


def read_picture(path: Path) -> np.ndarray:
    """A picture as (H, W, 3) uint8, red first; over black where it is transparent."""
    import cv2

    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture.ndim == 2:
        picture = picture[..., None].repeat(3, axis=-1)
    if picture.shape[2] == 4:
        picture = (picture[..., :3] * (picture[..., 3:] / 255)).astype(np.uint8)
    return picture[..., 2::-1]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: demo.py FOLDER")
    sys.exit(main(Path(sys.argv[1])))
