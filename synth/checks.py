"""Whether samples on disk obey the laws they were rendered under, and a contact sheet to look at."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from ..errors import SampleError
from ..scenes.bust import LABELS
from ..scenes.light_map import olat_weights
from .passes import MAPS, recombine
from .sample import Sample, list_samples, read_olat, read_sample
from .sheet import grid, sample_tiles, write_sheet

SHEET_ROWS = 12

# A map is stored in half floats: each factor of the product is off by at most 2⁻¹¹ of itself.
RECOMBINATION_MAX = 4 * 2.0**-11
# Patches of the sphere stand for their light. Soft light sums to the picture within a few per cent; a sun is spread
# over its whole patch and may reach a face that it misses, so the share of the strongest patch comes on top.
OLAT_MEAN_MAX = 0.1


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
    bad = 0
    rows: list[list[np.ndarray]] = []
    for folder in folders:
        try:
            sample = read_sample(folder)
            problems = list(sample_problems(sample))
            if not problems and sample.meta.get("olat"):
                problems = list(olat_problems(folder, sample))
        except SampleError as error:
            problems = [str(error)]
        else:
            if len(rows) < SHEET_ROWS:
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


def sample_problems(sample: Sample) -> Iterator[str]:
    """What is wrong with a sample, one sentence each; nothing when it is good."""
    maps = sample.maps
    for name, array in [*maps.items(), ("light map", sample.light_map)]:
        broken = int((~np.isfinite(array)).any(axis=-1).sum())
        if broken:
            yield f"{name} has {broken} pixels that are NaN or infinite"
    shapes = {name: array.shape for name, array in maps.items()}
    size = sample.meta["size"]
    wrong = [name for name, channels in MAPS.items() if shapes[name] != (size, size, len(channels))]
    if wrong:
        yield f"{', '.join(wrong)} should be {size} px square"
        return
    matte = maps["matte"]
    inside = matte[:, :, 0] > 0.999
    if matte.mean() < 0.02 or not inside.any():
        yield f"the matte is empty: it covers {matte.mean():.2%} of the picture"
        return
    full = maps["full"]
    level = float(full[inside].mean())
    if not level > 0:
        yield "the picture is black"
        return
    error = float(np.abs(recombine(maps) - full).mean()) / level
    if error > RECOMBINATION_MAX:
        yield f"albedo · shading · shadow + specular differs from full by {error:.2%} of its mean"
    if maps["shadow"].min() < 0 or maps["shadow"].max() > 1:
        yield f"shadow lies in [{maps['shadow'].min():.3f}, {maps['shadow'].max():.3f}], not in [0, 1]"
    if maps["specular"].min() < -0.01 * level:
        yield f"specular is negative: {maps['specular'].min():.3g} where full averages {level:.3g}"
    length = np.linalg.norm(maps["normal"][inside], axis=-1)
    # Averaged over a pixel, normals of fine hair shorten; those of skin do not.
    skin = inside & (maps["parsing"][:, :, LABELS.index("skin")] > 0.999)
    if skin.any() and np.median(np.linalg.norm(maps["normal"][skin], axis=-1)) < 0.95:
        yield "normals on skin are not of unit length"
    if length.max() > 1.01:
        yield f"normals are up to {length.max():.2f} long"
    gap = float(np.abs(maps["parsing"].sum(axis=-1) - matte[:, :, 0]).max())
    if gap > 0.01:
        yield f"the parsing labels sum to the matte but for {gap:.3f}"
    if skin.mean() < 0.005:
        yield f"hardly any skin is seen: {skin.mean():.2%} of the picture"
    # Blender paints what it cannot find magenta.
    albedo = maps["albedo"][inside]
    magenta = float(((albedo[:, 0] > 0.9) & (albedo[:, 1] < 0.02) & (albedo[:, 2] > 0.9)).mean())
    if magenta > 0.001:
        yield f"{magenta:.1%} of the subject is magenta: a texture is missing"
    landmarks = np.asarray(sample.meta["landmarks"], np.float64)
    if landmarks.shape != (68, 2) or not np.isfinite(landmarks).all():
        yield "there are not 68 landmarks"


def olat_problems(folder: Path, sample: Sample) -> Iterator[str]:
    """Compare Σ w·OLAT with the picture under the sample's own light map."""
    olat = read_olat(folder)
    stack = olat.diffuse.astype(np.float32)
    if not np.isfinite(stack).all() or not np.isfinite(olat.specular).all():
        yield "an OLAT image has pixels that are NaN or infinite"
        return
    weights = olat_weights(sample.light_map, olat.directions)
    summed = np.einsum("nc,nhwc->hwc", weights, stack)
    inside = sample.maps["matte"][:, :, 0] > 0.999
    ratio = float(summed[inside].mean() / sample.maps["diffuse"][inside].mean())
    strongest = float(weights.sum(axis=1).max() / max(weights.sum(), 1e-12))
    if not abs(ratio - 1) < OLAT_MEAN_MAX + strongest:
        yield f"the OLAT images sum to {ratio:.0%} of the picture under the sample's light"
