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

COMMAND = Path(sys.executable).with_name("relight-stage")
STUDIO_LIGHTS = ("studio", "sunset", "forest")
TILE_PX = 208


def main(folder: Path) -> int:
    start = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    data = folder / "samples"
    run("render", data, "--count", 2, "--seed", 2, "--size", 256, "--samples", 48)
    run("check", data, "--sheet", folder / "samples.png")

    photo = write_photo(folder / "astronaut.png")
    lights = find_studio_lights()
    for light in lights:
        run("relight", photo, "--light", light, "--maps", folder / "maps", "-o", folder / f"relit_{light.stem}.png")

    sheet = folder / "contact_sheet.png"
    write_contact_sheet(
        sheet, data, photo, folder / "maps", {light: folder / f"relit_{light.stem}.png" for light in lights}
    )
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


def find_studio_lights() -> list[Path]:
    """Blender's own panoramas (CC0) inside the bpy wheel, found without importing bpy."""
    from importlib.util import find_spec

    spec = find_spec("bpy")
    worlds = next(Path(spec.origin).parent.glob("*/datafiles/studiolights/world"))
    return [worlds / f"{name}.exr" for name in STUDIO_LIGHTS]


def write_contact_sheet(sheet: Path, data: Path, photo: Path, maps: Path, relit: dict[Path, Path]) -> None:
    """A row per sample with all of its maps; then the photo, what the networks see in it, and it under each light."""
    from relight_stage.scenes.light_map import read_light_map
    from relight_stage.synth.sample import list_samples, read_sample
    from relight_stage.synth.sheet import gain_of, grid, inset, sample_tiles, show, tile, write_sheet

    rows = []
    for folder in list_samples(data):
        sample = read_sample(folder)
        rows.append(sample_tiles(sample.maps, sample.light_map, TILE_PX))

    width = sum(picture.shape[1] for picture in rows[0])
    analysed = [("photo", photo), *((name, maps / f"{name}.png") for name in ("matte", "normals", "albedo"))]
    size = width // (len(analysed) + len(relit))
    last = [tile(read_picture(path), name, size) for name, path in analysed]
    for light, path in relit.items():
        panorama = read_light_map(light)
        thumbnail = show("light map", panorama, gain_of(panorama))
        last.append(tile(inset(read_picture(path), thumbnail), f"relit: {light.stem}", size))
    write_sheet(sheet, grid([*rows, last], "Relight Stage: rendered portraits with their maps; a photo relit"))


def read_picture(path: Path):
    """An 8- or 16-bit picture as (H, W, 3) uint8, red first."""
    import cv2

    return cv2.imread(str(path), cv2.IMREAD_COLOR)[..., ::-1]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: demo.py FOLDER")
    sys.exit(main(Path(sys.argv[1])))
