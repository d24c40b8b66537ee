"""Photo files and light files in, pictures out: what ``relight-stage relight`` does around the networks.

In memory everything is scene-linear Rec.709 float32, straight colour, top row first. Files of 8 and 16 bits are
sRGB-encoded; files of floats (EXR, HDR, float TIFF) are scene-linear, EXR with associated alpha.
"""

import importlib.util
import os
import sys
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from ..errors import ConfigError, PhotoError, SceneError
from ..scenes import light_map as light_maps
from ..scenes.colour import linear_to_srgb, luminance, srgb_to_linear
from .infer import Portrait, Relighter, check_size
from .resampling import Enlarged, Window, box_mean

WRITABLE = (".png", ".jpg", ".jpeg", ".exr")
PANORAMAS = (".hdr", ".exr")

# The camera that is taken to have made the photo: it looks at the person as Blender's front view (numpad 1) does,
# along +Y, with a 50 mm lens on a 36 mm sensor. Columns: its axes in the world.
FRONT_VIEW = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
FOV_DEG = float(np.degrees(2 * np.arctan(18 / 50)))


class Photo(NamedTuple):
    """rgb (H, W, 3) scene-linear straight colour; alpha (H, W) in [0, 1], None where the file is opaque."""

    rgb: np.ndarray
    alpha: np.ndarray | None


def read_photo(path: Path) -> Photo:
    """Read JPEG, PNG, TIFF, WebP, EXR or HDR, upright as EXIF says.

    Raises:
        PhotoError: no such file, not a picture, damaged, or smaller or larger than can be relit.
    """
    path = Path(path)
    photo = _read_picture(path)
    check_size(photo.rgb.shape[:2], path.name)
    return photo


def _read_picture(path: Path) -> Photo:
    if path.is_dir():
        raise PhotoError(f"{path} is a folder. Give the path of one picture in it.")
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise PhotoError(f"{path} does not exist. Check the path of the photo.") from error
    except OSError as error:
        raise PhotoError(f"{path} cannot be read: {error.strerror}.") from error
    if _is_cut_off(data):
        raise PhotoError(
            f"{path.name} is cut off: its end is missing after {len(data)} bytes. Copy or download it again."
        )
    stored = _decode_exr(path) if data[:4] == b"\x76\x2f\x31\x01" else _decode(data)
    if stored is None:
        raise PhotoError(f"{path.name} is not a picture that can be read. Use JPEG, PNG, TIFF, WebP, EXR or HDR.")
    return stored


def _is_cut_off(data: bytes) -> bool:
    """Whether a JPEG or PNG lacks its end mark; decoders fill what is missing with grey without a word."""
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return data.rfind(b"IEND") < 0
    if data[:2] != b"\xff\xd8":
        return False
    # Walk the segments to the start of scan: a thumbnail inside a segment has an end mark of its own.
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        at += 1 if data[at + 1] == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return data.find(b"\xff\xd9", at) < 0


def _decode(data: bytes) -> Photo | None:
    packed = np.frombuffer(data, np.uint8)
    try:
        # Colour is turned upright but loses its alpha; unchanged keeps alpha but lies as it was stored.
        colour = cv2.imdecode(packed, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
        stored = cv2.imdecode(packed, cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    if colour is None or stored is None:
        return None
    alpha = None
    if stored.ndim == 3 and stored.shape[2] == 4:
        alpha = _turned_like(stored, colour)[:, :, 3]
        full = np.iinfo(alpha.dtype).max if alpha.dtype.kind == "u" else 1
        alpha = None if (alpha == full).all() else np.divide(alpha, full, dtype=np.float32)
    rgb = colour[:, :, ::-1]
    if rgb.dtype.kind == "u":
        top = np.iinfo(rgb.dtype).max
        rgb = srgb_to_linear(np.arange(top + 1) / top)[rgb]
    return Photo(np.ascontiguousarray(rgb, np.float32), alpha)


def _turned_like(stored: np.ndarray, upright: np.ndarray) -> np.ndarray:
    """The one of the eight ways to lay ``stored`` (H, W, 4) that shows ``upright`` (H, W, 3)."""
    for flip in (False, True):
        for quarter_turns in range(4):
            turned = np.rot90(stored[:, ::-1] if flip else stored, quarter_turns)
            if turned.shape[:2] == upright.shape[:2] and np.array_equal(turned[:, :, :3], upright):
                return turned
    return stored


def _decode_exr(path: Path) -> Photo | None:
    import OpenEXR

    try:
        with OpenEXR.File(str(path), separate_channels=True) as file:
            # A damaged file opens with no parts at all.
            stored = file.parts[0].channels if file.parts else {}
            channels = {name: np.asarray(channel.pixels, np.float32) for name, channel in stored.items()}
    except (OSError, RuntimeError, ValueError):
        return None
    names = ["R", "G", "B"] if {"R", "G", "B"} <= set(channels) else ["Y"] * 3
    if names[0] not in channels:
        return None
    rgb, alpha = np.stack([channels[name] for name in names], axis=-1), channels.get("A")
    if alpha is None or (alpha == 1).all():
        return Photo(rgb, None)
    return Photo(rgb / np.maximum(alpha, 1e-4)[:, :, None], np.clip(alpha, 0, 1))


def check_writable(path: Path, transparent: bool = False) -> None:
    """Raise ConfigError unless a picture can be written to ``path``; call it before the long work."""
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in WRITABLE:
        raise ConfigError(f"{path.name} has no known ending; pictures are written as {', '.join(WRITABLE)}.")
    if transparent and suffix in (".jpg", ".jpeg"):
        raise ConfigError(f"{path.name} cannot be transparent: JPEG has no alpha. Write a .png or .exr instead.")
    if path.is_dir():
        raise ConfigError(f"{path} is a folder. Give the path of a picture to write.")
    _check_folder(path.absolute().parent)


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise ConfigError(f"The folder {folder} does not exist. Make it first, or write elsewhere.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(f"The folder {folder} is not writable. Choose another, or change its permissions.")


def write_picture(path: Path, rgb: np.ndarray, alpha: np.ndarray | None = None, bits: int = 8) -> None:
    """Write scene-linear straight colour (H, W, 3): sRGB in PNG and JPEG, as it is in EXR.

    Args:
        alpha: (H, W), for PNG and EXR.
        bits: 8 or 16, for PNG.
    """
    path = Path(path)
    check_writable(path, transparent=alpha is not None)
    if path.suffix.lower() == ".exr":
        straight = np.asarray(rgb, np.float32)
        write_exr(path, straight if alpha is None else np.dstack([straight * alpha[:, :, None], alpha]))
        return
    encoded = linear_to_srgb(np.clip(rgb, 0, 1))
    write_encoded(path, encoded if alpha is None else np.dstack([encoded, alpha]), bits)


def write_encoded(path: Path, encoded: np.ndarray, bits: int = 8) -> None:
    """Write values in [0, 1] to PNG or JPEG as they are: (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA."""
    top = 2**bits - 1
    whole = (np.clip(encoded, 0, 1) * top + 0.5).astype(np.uint16 if bits == 16 else np.uint8)
    if whole.ndim == 3:
        whole = cv2.cvtColor(whole, cv2.COLOR_RGB2BGR if whole.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
    _, data = cv2.imencode(path.suffix, whole, [cv2.IMWRITE_JPEG_QUALITY, 95])
    _write_whole(path, lambda part: part.write_bytes(data.tobytes()))


def write_exr(path: Path, values: np.ndarray) -> None:
    """Write (H, W) as Y, (H, W, 3) as RGB, (H, W, 4) as RGBA, float32."""
    import OpenEXR

    values = np.ascontiguousarray(values, np.float32)
    name = "Y" if values.ndim == 2 else "RGBA"[: values.shape[2]]
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    _write_whole(path, lambda part: OpenEXR.File(header, {name: values}).write(str(part)))


def _write_whole(path: Path, write) -> None:
    """Write beside ``path`` first: whoever looks sees the old picture or the whole new one."""
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        write(part)
        os.replace(part, path)
    except (OSError, RuntimeError) as error:
        raise ConfigError(
            f"{path} could not be written: {error}. Is the disk full, or the folder read-only?"
        ) from error
    finally:
        part.unlink(missing_ok=True)


def studio_lights() -> dict[str, Path]:
    """Blender's own panoramas by name, where a bpy wheel is installed; bpy itself is not loaded."""
    found = importlib.util.find_spec("bpy")
    folders = [Path(p) for p in (found.submodule_search_locations or [])] if found else []
    files = (f for folder in folders for f in sorted(folder.glob("*/datafiles/studiolights/world/*.exr")))
    return {file.stem: file for file in files}


def read_light(light: Path | str) -> np.ndarray:
    """Read a panorama (h, 2h, 3) in its own frame from .hdr or .exr, a picture, or the name of a studio light."""
    path = Path(light)
    if not path.exists() and not path.suffix and path.name == str(light):
        lights = studio_lights()
        if path.name not in lights:
            known = f"one of Blender's studio lights ({', '.join(lights)})" if lights else "a panorama that exists"
            raise SceneError(f"There is no light {path.name}. Give the path of an .hdr or .exr file, or {known}.")
        path = lights[path.name]
    if not path.is_file() or path.suffix.lower() in PANORAMAS:
        panorama = light_maps.read_light_map(path)
        if remark := light_maps.remark_on_range(panorama, path.name):
            print(remark, file=sys.stderr)
        return panorama
    picture = _read_picture(path).rgb
    print(
        f"{path.name} is no HDRI: lamps and the sun are cut off at white in it, so shadows will be too soft.",
        file=sys.stderr,
    )
    light_maps.check_light_map(picture, path.name)
    return light_maps.resize(picture, picture.shape[1] // 2)


def parse_colour(text: str) -> np.ndarray:
    """A background colour, ``#rrggbb`` (sRGB) or ``R,G,B`` (scene-linear), as scene-linear (3,) float32.

    Raises:
        ConfigError: neither of the two.
    """
    try:
        if text.startswith("#") and len(text) == 7:
            return srgb_to_linear(np.array([int(text[i : i + 2], 16) for i in (1, 3, 5)]) / 255)
        parts = [float(part) for part in text.split(",")]
    except ValueError:
        parts = []
    if len(parts) != 3 or not np.isfinite(parts).all() or min(parts) < 0:
        raise ConfigError(f"{text!r} is no background; use hdri, none, #rrggbb, or R,G,B of at least 0.")
    return np.array(parts, np.float32)


def panorama_behind(panorama: np.ndarray, turn_rad: float, shape: tuple[int, int]) -> np.ndarray:
    """What the photo's camera sees behind the person, a little out of focus, (H, W, 3)."""
    longest = max(shape)
    # As fine as the panorama is, and no finer: what lies between its texels is not known.
    fine = int(np.clip(panorama.shape[1] * FOV_DEG / 360 * 1.5, 64, min(longest, 1024)))
    h, w = (max(1, round(side * fine / longest)) for side in shape)
    c, s = np.cos(turn_rad), np.sin(turn_rad)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    to_map = light_maps.WORLD_FROM_PANORAMA.T @ turn.T @ FRONT_VIEW
    small = light_maps.view(panorama, h, w, FOV_DEG, to_map)
    # A portrait lens wide open blurs a far background by some percent of the frame.
    for _ in range(2):
        small = box_mean(small, max(1, round(0.012 * fine)))
    return Enlarged(small, Window(0, 0, *shape), shape).rows(0, shape[0])


def matching_exposure(portrait: Portrait, relit: np.ndarray) -> float:
    """The factor that gives the relit face the mean luminance of the photo's, held where the face would clip.

    Args:
        relit: (H, W, 3) over black.

    Raises:
        SceneError: no light falls on the face.
    """
    top, left = (int(max(0, edge)) for edge in portrait.face[:2])
    bottom, right = (int(np.ceil(edge)) for edge in portrait.face[2:])
    face = (slice(top, max(bottom, top + 1)), slice(left, max(right, left + 1)))
    on = portrait.matte[face] > 0.5
    before = luminance(portrait.photo[face] * portrait.exposure)[on]
    after = luminance(relit[face])[on]
    if not on.any() or after.mean() <= 1e-9:
        raise SceneError("The light leaves the face black. Turn it, choose another, or fix the exposure in stops.")
    return float(min(before.mean() / after.mean(), 1 / max(np.percentile(after, 98), 1e-9)))


def relight_photo(
    photo: Path,
    light: Path | str,
    out: Path,
    rotate_deg: float = 0.0,
    background: str = "hdri",
    exposure: float | None = None,
    maps: Path | None = None,
    model: Path | None = None,
) -> None:
    """Relight a photo file by a panorama and write the picture.

    Args:
        light: panorama, or the name of one of Blender's studio lights. At 0° it stands as in Blender's front view:
            its centre column is to the image right of the person.
        rotate_deg: turns it as Blender turns a world, counter-clockwise from above: front light moves to image right.
        background: ``hdri`` for the panorama, ``none`` for transparency, or a colour (see parse_colour).
        exposure: in stops on the absolute result; None gives the face the brightness it has in the photo.
        maps: folder for matte, normals, albedo and foreground; made if missing.
        model: folder of the networks.
    """
    out = Path(out)
    check_writable(out, transparent=background == "none")
    colour = None if background in ("hdri", "none") else parse_colour(background)
    if maps is not None:
        _make_folder(Path(maps))
    panorama = read_light(light)
    source = read_photo(photo)
    relighter = Relighter.load(model)
    portrait = relighter.analyse(source.rgb, source.alpha, name=Path(photo).name)
    if maps is not None:
        write_maps(Path(maps), portrait)
    turn_rad = float(np.radians(rotate_deg))
    relit = relighter.relight(portrait, light_maps.panorama_in_camera(panorama, FRONT_VIEW, turn_rad))
    gain = matching_exposure(portrait, relit) if exposure is None else 2.0**exposure
    reason = " (the face as bright as in the photo)" if exposure is None else ""
    print(f"exposure {np.log2(gain):+.2f} stops{reason}")
    relit *= np.float32(gain)
    matte = portrait.matte[:, :, None]
    if background == "none":
        write_picture(out, relit / np.maximum(matte, 1e-3), portrait.matte)
        return
    behind = colour if colour is not None else panorama_behind(panorama, turn_rad, portrait.matte.shape) * gain
    write_picture(out, relit + (1 - matte) * behind)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"The folder {folder} cannot be made: {error.strerror}. Choose another.") from error
    _check_folder(folder)


def write_maps(folder: Path, portrait: Portrait) -> None:
    """Write matte, normals (OpenGL, +y up), albedo and foreground, each as PNG to look at and EXR to work with."""
    write_encoded(folder / "matte.png", portrait.matte)
    write_exr(folder / "matte.exr", portrait.matte)
    write_encoded(folder / "normals.png", portrait.normals * 0.5 + 0.5)
    write_exr(folder / "normals.exr", portrait.normals)
    for name, rgb in (("albedo", portrait.albedo), ("foreground", portrait.foreground)):
        write_picture(folder / f"{name}.png", rgb, portrait.matte)
        write_picture(folder / f"{name}.exr", rgb, portrait.matte)
