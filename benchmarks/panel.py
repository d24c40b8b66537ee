"""How soon does the face follow the light? `python benchmarks/panel.py PHOTO OUT [--hdri FILE] [--repeats N] …`.

Does what Live does between noticing a change and Blender's image holding the new picture, step by step, in real
Blender (the bpy wheel): the world read, the light map made, the network run on drafts and at full size, the picture
composed and written. What it leaves out is the timer, which looks every 0.03 s. The median, and the fastest, which
other work on the machine changes least, go to OUT/panel.json.
"""

import argparse
import json
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import bpy
import numpy as np

from relight_stage.addon import images, probe, world_nodes
from relight_stage.addon.pictures import encode
from relight_stage.addon.previews import DRAFT_PX
from relight_stage.nets.infer import Relighter
from relight_stage.nets.lit import NEUTRAL, Lit, Sliders, compose
from relight_stage.scenes.build.surroundings import build_world
from relight_stage.scenes.world_light import backdrop_of, light_map_of

CITY = Path(bpy.utils.system_resource("DATAFILES")) / "studiolights" / "world" / "city.exr"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--hdri", type=Path, default=CITY)
    parser.add_argument("--longest", type=int, default=512, help="longer side of the preview")
    parser.add_argument("--repeats", type=int, default=15)
    arguments = parser.parse_args()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.world = build_world(arguments.hdri)
    photo, _ = images.to_linear(images.read_pixels(bpy.data.images.load(str(arguments.photo.resolve()))))
    relighter = Relighter.load()
    whole = relighter.analyse(photo)
    portrait = whole.shrink(arguments.longest)
    assert portrait.albedo is not None  # made once, with the first picture
    height, width = portrait.matte.shape
    image = images.write_image("relit", encode(np.zeros((height, width, 4), np.float32)))
    turn = next(node for node in scene.world.node_tree.nodes if node.type == "MAPPING").inputs["Rotation"]
    view = probe.view_of(bpy.context)
    times: dict[str, list[float]] = defaultdict(list)
    lit: Lit = ()

    def follow(kind: str, draft: bool, sliders: Sliders = NEUTRAL, is_slider: bool = False) -> None:
        nonlocal lit
        clock = partial(_clock, times, kind)
        with clock("all"):
            with clock("world"):
                terms = world_nodes.terms_of(scene.world)
                panoramas = world_nodes.panoramas_of(terms)
            if not is_slider:
                with clock("light map"):
                    light_map = light_map_of(terms, panoramas, view.camera_to_world, draft)
                with clock("network"):
                    lit = relighter.light(portrait, light_map, DRAFT_PX if draft else None)
                with clock("background"):
                    step = 4 if draft else 1
                    size = (height // step, width // step)
                    backdrop_of(terms, panoramas, view.camera_to_world, view.fov_deg, size)
            with clock("compose"):
                picture = compose(portrait, lit, sliders)
            with clock("image"):
                rgba = np.concatenate([picture, portrait.matte[..., None]], axis=-1)
                images.overwrite_image(image, rgba)

    for i in range(arguments.repeats + 1):
        turn.default_value[2] = 0.1 * i
        follow("draft", draft=True)
        follow("full", draft=False)
        follow("slider", draft=False, sliders=Sliders(exposure_ev=0.1 * i), is_slider=True)
        if i == 0:
            times.clear()  # what is made once
    result = {
        "photo": [whole.matte.shape[1], whole.matte.shape[0]],
        "preview": [width, height],
        "views": len(portrait.views),
        "load": os.getloadavg()[0],
        "median_s": {name: round(statistics.median(values), 4) for name, values in times.items()},
        "fastest_s": {name: round(min(values), 4) for name, values in times.items()},
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "panel.json").write_text(json.dumps(result, indent=1))
    for name in times:
        print(f"{name:20} median {result['median_s'][name]:.3f} s, fastest {result['fastest_s'][name]:.3f} s")


@contextmanager
def _clock(times: dict[str, list[float]], kind: str, part: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    times[f"{kind}, {part}"].append(time.perf_counter() - started)


if __name__ == "__main__":
    main()
