"""Relighting a sample by summing its OLAT images: ``relight-stage compose``.

Arrays are (H, W, C) float32, scene-linear Rec.709, associated alpha, top row first.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import ConfigError, SampleError, SceneError
from ..scenes.colour import linear_to_srgb
from ..scenes.hdris import studio_hdris
from ..scenes.light_map import olat_weights, panorama_in_camera, read_light_map, remark_on_range
from .exr import write_exr
from .passes import RGB, layer
from .sample import Olat, read_olat, read_sample
from .sheet import gain_of

WRITABLE = (".exr", ".png")


class Composed(NamedTuple):
    """A picture under any light, in its two parts."""

    diffuse: np.ndarray
    specular: np.ndarray


def compose(olat: Olat, light_map: np.ndarray) -> Composed:
    """The picture under ``light_map`` (h, 2h, 3), camera frame."""
    weights = olat_weights(light_map, olat.directions, olat.half_angle)
    diffuse, specular = (
        np.einsum("nc,nhwc->hwc", weights, images.astype(np.float32)) for images in (olat.diffuse, olat.specular)
    )
    return Composed(diffuse, specular)


def find_light(name: str) -> Path:
    """The panorama's file: a path, or the name of one that Blender ships; SceneError where there is none."""
    known = {path.stem: path for path in studio_hdris()}
    if not Path(name).exists() and name in known:
        return known[name]
    if not Path(name).exists() and not Path(name).suffix:
        here = f", or one of {', '.join(known)}" if known else ""
        raise SceneError(f"There is no light {name}. Give the path of an .hdr or .exr panorama{here}.")
    return Path(name)


def compose_sample(
    sample: Path, light: str, rotate_deg: float = 0.0, out: Path | None = None, report: Callable[[str], None] = print
) -> None:
    """Relight a sample and write the picture.

    Args:
        light: an .hdr or .exr panorama, or the name of one that Blender ships.
        rotate_deg: turns it counter-clockwise seen from above.
        out: ``.exr`` holds radiance, with the matte as alpha and the layers ``diffuse`` and ``specular``; ``.png`` is
            exposed for viewing. None is ``SAMPLE_LIGHT.png`` in this folder.

    Raises:
        SampleError: no OLAT sample, or the picture cannot be written.
        SceneError: the light cannot be used.
        ConfigError: another kind of picture is asked for.
    """
    path = find_light(light)
    target = Path(f"{Path(sample).resolve().name}_{path.stem}.png") if out is None else Path(out)
    if target.suffix.lower() not in WRITABLE:
        raise ConfigError(f"{target.name}: write .exr (radiance) or .png (exposed for viewing).")
    olat, base = read_olat(sample), read_sample(sample, ("matte",))
    camera = np.asarray(base.meta["camera"]["matrix_world"])[:3, :3]
    panorama = read_light_map(path)
    if remark := remark_on_range(panorama, path.name):
        report(remark)
    composed = compose(olat, panorama_in_camera(panorama, camera, np.radians(rotate_deg)))
    write_composed(target, composed, base.maps["matte"])
    report(f"{sample} under {path.stem}: {target}")


def write_composed(target: Path, composed: Composed, matte: np.ndarray) -> None:
    """Write an .exr or .png; see ``compose_sample``."""
    full = composed.diffuse + composed.specular
    if target.suffix.lower() == ".exr":
        maps = {
            "full": np.concatenate([full, matte], axis=2),
            "diffuse": composed.diffuse,
            "specular": composed.specular,
        }
        channels = {"full": (*RGB, "A"), "diffuse": layer("diffuse", RGB), "specular": layer("specular", RGB)}
        write_exr(target, {name: image.astype(np.float32) for name, image in maps.items()}, channels)
        return
    import cv2

    # PNG has straight colour.
    straight = np.where(matte > 1e-3, full / np.maximum(matte, 1e-3), 0) * gain_of(full, matte)
    picture = np.concatenate([linear_to_srgb(straight), matte], axis=2)
    pixels = np.round(np.clip(picture, 0, 1) * 65535).astype(np.uint16)[:, :, [2, 1, 0, 3]]
    done, data = cv2.imencode(".png", pixels)
    try:
        if not done:
            raise OSError(0, "the picture could not be encoded")
        target.write_bytes(data.tobytes())
    except OSError as error:
        raise SampleError(f"{target} cannot be written: {error.strerror}. Choose another place by -o.") from error
