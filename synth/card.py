"""The card of a packed dataset: YAML for the Hugging Face Hub, then a datasheet, both out of the samples themselves.

Source: T. Gebru et al., "Datasheets for Datasets", Communications of the ACM 64, 2021: which questions to answer.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from .splits import SPLITS, TEST_HDRIS, TEST_PERCENT, split_of

# Panoramas that every Blender ships.
_BLENDERS = ("city", "courtyard", "forest", "interior", "night", "studio", "sunrise", "sunset")
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_TAGS = ("relighting", "portrait", "synthetic", "intrinsic-images", "light-stage", "olat", "matting", "normals")
_TASKS = ("image-to-image", "image-segmentation", "depth-estimation")
# What people are made from: whose it is, and under which licence.
_ORIGINS = {
    "procedural": ("Relight Stage's own procedural heads", "no third-party data"),
    "ict_facekit": ("ICT FaceKit, © 2020 USC Institute for Creative Technologies", "MIT"),
    "makehuman": ("MakeHuman's system assets", "CC0-1.0"),
}
_NEWS = dict(zip(SPLITS, ("nothing", "person and light", "the person", "the light"), strict=True))
_FILES = {
    "exr": "`<key>.maps.exr` (all maps), `<key>.light.exr` (the light map)",
    "png16": "`<key>.<map>.png` (16 bits; the JSON's `png16` says how codes become values), `<key>.light.exr`",
}

_SHEET = """\
# Portraits from a virtual light stage

{samples} rendered portraits of {people} people who do not exist, in {lights} kinds of light, with the ground truth of
each pixel. {shards} WebDataset shards, {megabytes:.0f} MB. Written by `relight-stage pack` from the samples; nothing
here was filled in by hand.

## Motivation

To train and judge networks that take a portrait apart (matte, normals, albedo, shading, shadow, highlights) and put it
under another light. Photographs have no such ground truth outside of a light stage.

## Composition

One instance is one portrait of {sides} pixels with its maps, its light, and all parameters it was drawn from.

{splits}

Of the people {percent} in 100 are kept for the test, by a hash of their names; no person is on both sides. The
panoramas {held_out} are kept for the test as well.

{counts}

Files of a sample: {files}, `<key>.json`. Everything is scene-linear Rec.709; the JSON names format, camera, landmarks
and versions.

## Collection

Drawn at random and rendered with Blender {blenders} (Cycles) by Relight Stage; {denoised} of {samples} samples were
denoised. Flags: {flags}. The seed and these flags repeat the samples. Nobody was photographed, and no personal data is
in here.

## Uses

Relighting, intrinsic decomposition, matting, face parsing, normals and depth from a portrait. Not for telling who
somebody is or what somebody is like: the people are random draws, and their skin, hair and features go together far
more loosely than in any population.

## Limits

Rendered people are simpler than people: skin, hair and cloth have less detail than a photo, and expressions come from
a few blend shapes. The counts above show what is rare. What a network learns here has to be tested on photos of real
people of all kinds before it is relied on.

## Licences

{licence}

{licences}

## Reading it

```python
import webdataset

for sample in webdataset.WebDataset("{first}", shardshuffle=False):
    print(sample["__key__"], sorted(name for name in sample if not name.startswith("__")))
```

`relight-stage check SHARDS` compares all files with the checksums in `index.json`.
"""


class Instance(NamedTuple):
    """What the card counts of a sample; a description takes a thousand times the memory.

    Attributes:
        skin: the Fitzpatrick type, in words.
        olat: how many single lights.
        gradient: whether there are pictures under colour gradients.
    """

    identity: str
    source: str
    hdri: str
    size: int
    skin: str
    blender: str
    denoised: bool
    olat: int
    gradient: bool


def instance_of(meta: dict[str, Any]) -> Instance:
    """Sum up a sample.json, whatever its format; KeyError where it names no person, light or size."""
    skin = _search(meta.get("head"), "fitzpatrick")
    return Instance(
        identity=str(meta["identity"]),
        source=str(meta["source"]),
        hdri=str(meta["hdri"]),
        size=int(meta["size"]),
        skin=f"type {skin}" if isinstance(skin, int) else "not recorded",
        blender=str((meta.get("versions") or {}).get("blender", "unknown")),
        denoised=bool(meta.get("denoised")),
        olat=(meta.get("olat") or {}).get("count", 0),
        gradient=bool(meta.get("gradient")),
    )


def dataset_card(
    instances: list[Instance],
    shards: list[dict[str, Any]],
    setting: dict[str, Any],
    images: str,
    licence: str | None,
) -> str:
    """Write the card.

    Args:
        shards: name, split, samples and bytes of each shard.
        setting: the dataset's dataset.json, or nothing.
        images: ``exr`` or ``png16``.
        licence: the identifier that the author gives the dataset to others under, or None.
    """
    splits = [split for split in SPLITS if any(shard["split"] == split for shard in shards)]

    def count(trait: Callable[[Instance], str]) -> Counter[str]:
        return Counter(map(trait, instances))

    lights, sources = count(lambda i: i.hdri), count(lambda i: i.source)
    single = sorted({i.olat for i in instances if i.olat})
    olat = f", `<key>.olat.exr` ({' or '.join(map(str, single))} single lights)" if single else ""
    gradient = ", `<key>.gradient.exr` (colour gradients)" if any(i.gradient for i in instances) else ""
    members = {split: [i for i in instances if split_of(i.identity, i.hdri) == split] for split in splits}
    rows = [(split, len(mine), _people(mine), _NEWS[split]) for split, mine in members.items()]
    tables = (("People made from", sources), ("Skin (Fitzpatrick)", count(lambda i: i.skin)), ("Light", lights))
    sheet = _SHEET.format(
        samples=len(instances),
        people=_people(instances),
        lights=len(lights),
        shards=len(shards),
        megabytes=sum(shard["bytes"] for shard in shards) / 1e6,
        sides=", ".join(f"{size}²" for size in sorted({i.size for i in instances})),
        splits=_table(("split", "samples", "people", "what is new in it"), rows),
        percent=TEST_PERCENT,
        held_out=", ".join(TEST_HDRIS),
        counts="\n\n".join(_table((title, "samples"), _by_count(counts)) for title, counts in tables),
        files=_FILES[images] + olat + gradient,
        blenders=", ".join(sorted(count(lambda i: i.blender))),
        denoised=sum(i.denoised for i in instances),
        flags=", ".join(f"{key} {value}" for key, value in setting.items()) or "not recorded",
        licence=f"The dataset: {licence}." if licence else "The dataset: its author has not stated a licence.",
        licences=_table(("what", "whose", "licence"), [*map(_origin, sorted(sources)), *map(_light, _parts(lights))]),
        first=shards[0]["name"],
    )
    return "\n".join([*_front_matter(len(instances), splits, licence), "", sheet])


def _search(table: Any, key: str) -> Any:
    if isinstance(table, dict):
        if key in table:
            return table[key]
        table = list(table.values())
    if isinstance(table, list):
        return next((found for item in table if (found := _search(item, key)) is not None), None)
    return None


def _front_matter(samples: int, splits: list[str], licence: str | None) -> list[str]:
    size = next((name for limit, name in _SIZES if samples < limit), "n>1M")
    stated = [f"license: {licence}"] if licence else ["license: other", "license_name: not-stated"]
    lines = ["---", *stated, "pretty_name: Portraits from a virtual light stage"]
    lines += ["task_categories:", *(f"- {task}" for task in _TASKS)]
    lines += ["size_categories:", f"- {size}", "tags:", *(f"- {tag}" for tag in _TAGS)]
    lines += ["configs:", "- config_name: default", "  data_files:"]
    for split in splits:
        lines += [f"  - split: {split}", f"    path: {split}-*.tar"]
    return [*lines, "---"]


def _people(instances: list[Instance]) -> int:
    return len({instance.identity for instance in instances})


def _parts(lights: Counter[str]) -> list[str]:
    """Names of all lights, those of mixtures one by one."""
    return sorted({part for light in lights for part in light.split("+")})


def _origin(source: str) -> tuple[str, str, str]:
    return (f"people: {source}", *_ORIGINS.get(source, ("not recorded", "not recorded")))


def _light(name: str) -> tuple[str, str, str]:
    if name in _BLENDERS:
        return f"light: {name}", "Blender's studio lights", "CC0-1.0"
    return f"light: {name}", "drawn by Relight Stage, or a file of the author's", "none needed, or as the file's"


def _by_count(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _table(head: tuple[str, ...], rows: list) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
