"""Whether samples on disk obey the laws they were rendered under, and a contact sheet to look at."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SampleError
from ..scenes.bust import LABELS
from ..scenes.light_map import olat_weights
from .passes import COVERAGE_MIN, CRYPTOMATTES, cryptomatte_coverage, recombine
from .photometric import AXES, PATTERNS
from .sample import Sample, list_samples, read_gradients, read_olat, read_sample, sample_name
from .sheet import grid, sample_tiles, write_sheet

SHEET_ROWS = 12

Maps = dict[str, np.ndarray]

# Without these a sample is of no use; every other map is held to its laws where it is there.
NEEDED = ("full", "diffuse", "specular", "albedo", "shading", "shadow", "normal", "depth", "matte", "parsing")

# A map is stored in half floats: each factor of the product is off by at most 2⁻¹¹ of itself.
RECOMBINATION_MAX = 4 * 2.0**-11
# Patches of the sphere stand for their light. Soft light sums to the picture within a few per cent; a sun is spread
# over its whole patch and may reach a face that it misses, so the share of the strongest patch comes on top.
OLAT_MEAN_MAX = 0.1
# Shares are half floats, and Cryptomatte keeps six of the ids that share a pixel.
SHARE_MAX = 0.01
# A position is the mean over a pixel's filter, which is one and a half pixels wide.
ASTRAY_MAX = 0.01
DEPTH_ERROR_MAX_M = 1e-4
# The clearest lenses stop 3% of the light, which counts as their share of a pixel, and the darkest 97%.
GLASS_LEAST, GLASS_MOST = 0.01, 0.98
# Materials keep to it; a half rounds by 2⁻¹¹ of it at most, and coverage takes a thousandth.
ALBEDO_LEAST = 0.004 * 0.998
# Where a pattern is noisier than full its complement is cut off at black.
GRADIENT_MAX = 0.05
KINDS = ("diffuse", "specular")
NAMED_MAX = 5  # of the samples that are missing


def check_dataset(out: Path, sheet: Path | None = None, report: Callable[[str], None] = print) -> None:
    """Check every sample of a dataset, name each bad one, and write a contact sheet.

    Args:
        sheet: where the contact sheet goes; None is ``out``/contact_sheet.png.

    Raises:
        SampleError: ``out`` holds no samples, or bad ones (after all of them were reported).
    """
    folders = list_samples(out)
    if not folders:
        raise SampleError(f"{out} holds no complete sample. Render one: relight-stage render {out} --count 1 --seed 1")
    lost = lost_samples(folders)
    if lost:
        named = ", ".join(lost[:NAMED_MAX]) + (", …" if len(lost) > NAMED_MAX else "")
        report(f"Samples missing: {len(lost)} ({named}). The command that rendered the others renders them too.")
    bad = 0
    rows: list[list[np.ndarray]] = []
    for folder in folders:
        try:
            sample = read_sample(folder)
            problems = list(sample_problems(sample))
            if not problems and sample.meta.get("olat"):
                problems = list(olat_problems(folder, sample))
            if not problems and sample.meta.get("gradient"):
                problems = list(gradient_problems(folder, sample))
        except SampleError as error:
            problems = [str(error)]
        # A bad sample may lack what a tile is made from.
        if not problems and len(rows) < SHEET_ROWS:
            rows.append(sample_tiles(sample.maps, sample.light_map, size=150))
        bad += bool(problems)
        for problem in problems:
            report(f"{folder.name}: {problem}")
    if rows:
        path = sheet or out / "contact_sheet.png"
        write_sheet(path, grid(rows, f"{out.name}: {len(folders)} samples"))
        report(f"Contact sheet: {path}")
    report(f"{len(folders) - bad} of {len(folders)} samples are good.")
    if bad:
        raise SampleError(f"{bad} of {len(folders)} samples in {out} are bad. Delete their folders and render again.")


def lost_samples(folders: list[Path]) -> list[str]:
    """Names of the samples that are not there though later ones are."""
    there = {int(folder.name) for folder in folders if folder.name.isdecimal()}
    return [sample_name(index) for index in range(max(there, default=0)) if index not in there]


def sample_problems(sample: Sample) -> Iterator[str]:
    """What is wrong with a sample, one sentence each; nothing when it is good."""
    maps, size = sample.maps, sample.meta["size"]
    for name, array in [*maps.items(), ("light map", sample.light_map)]:
        # The ids of a Cryptomatte are bits, and some of them read as numbers that are none.
        broken = 0 if name.startswith("Crypto") else int((~np.isfinite(array)).any(axis=-1).sum())
        if broken:
            yield f"{name} has {broken} pixels that are NaN or infinite"
    wrong = [name for name, array in maps.items() if array.shape[:2] != (size, size)]
    if wrong:
        yield f"{', '.join(wrong)} should be {size} px square"
        return
    missing = [name for name in NEEDED if name not in maps]
    if missing:
        yield f"there is no map {', '.join(missing)}"
        return
    matte = maps["matte"]
    inside = matte[:, :, 0] > 0.999
    if matte.mean() < 0.02 or not inside.any():
        yield f"the matte is empty: it covers {matte.mean():.2%} of the picture"
        return
    if not maps["full"][inside].mean() > 0:
        yield "the picture is black"
        return
    yield from light_problems(maps, inside)
    yield from surface_problems(maps, inside)
    yield from coverage_problems(maps)
    if "position" in maps and "extrinsics" in sample.meta["camera"]:
        yield from place_problems(maps, inside, sample.meta["camera"])
    landmarks = np.asarray(sample.meta["landmarks"], np.float64)
    if landmarks.shape != (68, 2) or not np.isfinite(landmarks).all():
        yield "there are not 68 landmarks"


def light_problems(maps: Maps, inside: np.ndarray) -> Iterator[str]:
    """Hold the maps of light against each other.

    Args:
        inside: (H, W), where the subject covers the whole pixel.
    """
    level = float(maps["full"][inside].mean())
    sums = {"albedo · shading · shadow + specular": (recombine(maps), maps["full"])}
    if "direct" in maps:
        sums["albedo · (direct + indirect)"] = (maps["albedo"] * (maps["direct"] + maps["indirect"]), maps["diffuse"])
    if "foreground" in maps:
        matte = np.where(maps["matte"] >= COVERAGE_MIN, maps["matte"], 0)
        sums["foreground · matte"] = (maps["foreground"] * matte, np.where(matte > 0, maps["full"], 0))
    for name, (found, wanted) in sums.items():
        error = float(np.abs(found - wanted).mean()) / level
        if not error <= RECOMBINATION_MAX:
            whole = "diffuse" if wanted is maps["diffuse"] else "full"
            yield f"{name} differs from {whole} by {error:.2%} of its mean"
    if maps["shadow"].min() < 0 or maps["shadow"].max() > 1:
        yield f"shadow lies in [{maps['shadow'].min():.3f}, {maps['shadow'].max():.3f}], not in [0, 1]"
    if maps["specular"].min() < -0.01 * level:
        yield f"specular is negative: {maps['specular'].min():.3g} where full averages {level:.3g}"


def surface_problems(maps: Maps, inside: np.ndarray) -> Iterator[str]:
    """Hold albedo, normals, weights and texture coordinates against what they can be."""
    length = np.linalg.norm(maps["normal"][inside], axis=-1)
    # Averaged over a pixel, normals of fine hair shorten; those of skin do not.
    skin = inside & (maps["parsing"][:, :, LABELS.index("skin")] > 0.999)
    if skin.any() and np.median(np.linalg.norm(maps["normal"][skin], axis=-1)) < 0.95:
        yield "normals on skin are not of unit length"
    if length.max() > 1.01:
        yield f"normals are up to {length.max():.2f} long"
    if skin.mean() < 0.005:
        yield f"hardly any skin is seen: {skin.mean():.2%} of the picture"
    # Blender paints what it cannot find magenta.
    albedo = maps["albedo"][inside]
    magenta = float(((albedo[:, 0] > 0.9) & (albedo[:, 1] < 0.02) & (albedo[:, 2] > 0.9)).mean())
    if magenta > 0.001:
        yield f"{magenta:.1%} of the subject is magenta: a texture is missing"
    if albedo.min() < ALBEDO_LEAST:
        yield f"albedo falls to {albedo.min():.4f} on the subject; 0.004 is the least"
    for name in ("roughness", "specular_weight", "subsurface_weight", "uv"):
        if name in maps and (maps[name].min() < 0 or maps[name].max() > 1):
            yield f"{name} lies in [{maps[name].min():.3f}, {maps[name].max():.3f}], not in [0, 1]"


def coverage_problems(maps: Maps) -> Iterator[str]:
    """Hold what shares a pixel out against the matte."""
    matte = maps["matte"]
    shares = {"the parsing labels": maps["parsing"].sum(axis=-1, keepdims=True)}
    for name in CRYPTOMATTES:
        if f"{name}00" in maps:
            shares[f"the ids of {name}"] = cryptomatte_coverage(maps, name)
    for name, share in shares.items():
        gap = float(np.abs(share - matte).max())
        if not gap <= SHARE_MAX:
            yield f"{name} sum to the matte but for {gap:.3f}"
    if "trimap" in maps:
        trimap = maps["trimap"]
        wrong = ((trimap == 1) & (matte < 0.99)) | ((trimap == 0) & (matte > 0.01)) | ~np.isin(trimap, (0, 0.5, 1))
        if wrong.any():
            yield f"the trimap is sure of {int(wrong.sum())} pixels that the matte is not sure of"


def place_problems(maps: Maps, inside: np.ndarray, camera: dict[str, Any]) -> Iterator[str]:
    """Project positions through the camera: each must fall onto its own pixel, as far away as the depth says.

    Lenses of glasses show what lies beside their pixels.
    """
    extrinsics, intrinsics = np.asarray(camera["extrinsics"]), np.asarray(camera["intrinsics"])
    seen = maps["position"][inside] @ extrinsics[:3, :3].T + extrinsics[:3, 3]
    pixels = seen @ intrinsics.T
    rows, columns = np.nonzero(inside)
    offset = pixels[:, :2] / pixels[:, 2:] - np.stack([columns, rows], axis=-1) - 0.5
    worn = maps["parsing"][inside][:, LABELS.index("accessories")]
    behind_glass = (worn > GLASS_LEAST) & (worn < GLASS_MOST)
    astray = float(((np.abs(offset).max(axis=-1) > 0.5) & ~behind_glass).mean())
    if not astray <= ASTRAY_MAX:
        yield f"{astray:.1%} of the positions project onto another pixel"
    error = float(np.abs(seen[:, 2] - maps["depth"][inside][:, 0]).max())
    if not error <= DEPTH_ERROR_MAX_M:
        yield f"position and depth differ by {error * 1000:.1f} mm"


def olat_problems(folder: Path, sample: Sample) -> Iterator[str]:
    """Compare Σ w·OLAT with the picture under the sample's own light map, visibility on and off."""
    olat, size = read_olat(folder), sample.meta["size"]
    for name, stack in olat.images().items():
        if stack.shape[1:3] != (size, size) or not np.isfinite(stack).all():
            yield f"an OLAT image ({name}) is not {size} px square or has pixels that are NaN or infinite"
            return
    weights = olat_weights(sample.light_map, olat.directions, olat.half_angle)
    strongest = float(weights.sum(axis=1).max() / max(weights.sum(), 1e-12))
    inside = sample.maps["matte"][:, :, 0] > 0.999
    for name, stack in olat.images().items():
        # A mirror image of patches is not one of the panorama, whatever its mean.
        if name == "specular" or name not in sample.maps:
            continue
        summed = np.einsum("nc,nhwc->hwc", weights, stack.astype(np.float32))
        ratio = float(summed[inside].mean() / sample.maps[name][inside].mean())
        if not abs(ratio - 1) < OLAT_MEAN_MAX + strongest:
            yield f"the OLAT images ({name}) sum to {ratio:.0%} of the picture under the sample's light"


def gradient_problems(folder: Path, sample: Sample) -> Iterator[str]:
    """Hold the pictures under gradients against each other: a pattern and its complement are full."""
    pictures, size = read_gradients(folder), sample.meta["size"]
    missing = [f"{name}_{kind}" for name in PATTERNS for kind in KINDS if f"{name}_{kind}" not in pictures]
    if missing:
        yield f"there is no picture {', '.join(missing)} under gradient light"
        return
    for name, picture in pictures.items():
        if picture.shape[:2] != (size, size) or not np.isfinite(picture).all():
            yield f"{name} under gradient light is not {size} px square or has pixels that are NaN or infinite"
            return
    inside = sample.maps["matte"][:, :, 0] > 0.999
    level = float(sum(pictures[f"full_{kind}"][inside].mean() for kind in KINDS))
    for axis in AXES:
        for kind in KINDS:
            whole = pictures[f"{axis}_{kind}"] + pictures[f"{axis}_inverse_{kind}"]
            error = float(np.abs(whole - pictures[f"full_{kind}"])[inside].mean()) / max(level, 1e-12)
            if not error <= GRADIENT_MAX:
                yield f"{axis} and {axis}_inverse ({kind}) sum to full but for {error:.1%} of its mean"
