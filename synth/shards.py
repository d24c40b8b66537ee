"""A dataset as WebDataset shards: tar files of whole samples, an index with checksums, and a dataset card.

A sample ``000012`` is its files under their names, ``000012.maps.exr``, ``000012.light.exr`` …, and ``000012.json``.
The same samples give the same bytes. A shard bears its name only when it is whole; the index is written after each.
"""

import hashlib
import io
import json
import os
import re
import tarfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import ConfigError, SampleError
from .card import Instance, dataset_card, instance_of
from .exr import read_planes
from .png16 import encode_maps
from .sample import files_of, list_samples
from .splits import SPLITS, split_of

FORMAT = 1
IMAGES = ("exr", "png16")
INDEX, CARD = "index.json", "README.md"
# A run that was killed leaves its half-written shard behind; after a day nobody writes it any more.
_STALE_S = 86400


@dataclass(frozen=True)
class Shard:
    """One tar file.

    Attributes:
        source: fingerprint of what it was packed from.
        bytes, sha256: of the file.
    """

    name: str
    split: str
    samples: int
    source: str
    bytes: int
    sha256: str


def pack_dataset(
    out: Path,
    shards: Path,
    samples_a_shard: int = 100,
    images: str = "exr",
    licence: str | None = None,
    report: Callable[[str], None] = print,
) -> None:
    """Pack all complete samples of ``out`` into ``shards``; shards that are up to date stay.

    Args:
        samples_a_shard: at most so many; 100 samples of 256² with 32 lights are 1.3 GB.
        images: ``exr`` copies the sample's files; ``png16`` turns maps.exr into 16-bit PNG (see ``png16``).
        licence: identifier of the licence that the card states, or None.

    Raises:
        ConfigError: an impossible value, or ``shards`` holds another dataset.
        SampleError: ``out`` holds no samples, one of them is damaged, or ``shards`` cannot be written.
    """
    if images not in IMAGES or samples_a_shard < 1:
        raise ConfigError(f"--images {images}, --samples-a-shard {samples_a_shard}: use exr or png16, and at least 1.")
    if licence is not None and not re.fullmatch(r"[A-Za-z0-9.+-]+", licence):
        raise ConfigError(f"--licence {licence!r}: give an identifier such as cc0-1.0, cc-by-4.0 or mit.")
    folders = list_samples(out)
    if not folders:
        raise SampleError(f"{out} holds no complete sample. Give the folder that relight-stage render wrote.")
    instances = {folder: _instance(folder) for folder in folders}
    setting = _read_json(out / "dataset.json") if (out / "dataset.json").is_file() else {}
    head = {"format": FORMAT, "dataset": setting, "images": images, "samples_a_shard": samples_a_shard}
    done = {shard.name: shard for shard in _claim(shards, head)}
    finished: list[Shard] = []
    try:
        # Before the first shard, so that a run that is killed there, or another one beside, knows whose shard it is.
        _write_index(shards, head, list(done.values()), False)
        for name, split, folders in _plan(instances, samples_a_shard):
            source = _fingerprint(folders, images)
            shard = done.get(name)
            path = shards / name
            if shard is None or shard.source != source or not path.is_file() or path.stat().st_size != shard.bytes:
                size, digest = _write_shard(path, folders, images)
                shard = Shard(name, split, len(folders), source, size, digest)
                report(f"{name}: {len(folders)} samples, {size / 1e6:.1f} MB")
            finished.append(shard)
            done.pop(name, None)
            _write_index(shards, head, [*finished, *done.values()], False)
        for name in done:
            (shards / name).unlink(missing_ok=True)
        card = dataset_card(list(instances.values()), [asdict(shard) for shard in finished], setting, images, licence)
        _replace(shards / CARD, card.encode())
        _write_index(shards, head, finished, True)
    except OSError as error:
        raise SampleError(
            f"{shards} could not be written: {error.strerror}. Free the disk and run the same command: it goes on."
        ) from error


def is_packed(folder: Path) -> bool:
    """Whether a folder holds shards rather than samples."""
    return (folder / INDEX).is_file() and not (folder / "dataset.json").exists()


def check_shards(shards: Path, report: Callable[[str], None] = print) -> None:
    """Read everything back: checksums, counts, whole samples, and that nobody is in training and test.

    Raises:
        SampleError: something is missing or damaged (after all of it was reported).
    """
    index = _read_json(shards / INDEX)
    listed = _listed(shards, index)
    bad = 0 if index.get("complete") else 1
    if bad:
        report(f"{shards / INDEX} is not complete: run the same relight-stage pack again")
    for shard in listed:
        faults = list(_faults(shards / shard.name, shard))
        for fault in faults:
            report(f"{shard.name}: {fault}")
        bad += bool(faults)
    if not (shards / CARD).is_file():
        report(f"{CARD} is missing")
        bad += 1
    if bad:
        raise SampleError(f"{shards} is damaged in {bad} places. Delete the shards named above and pack again.")
    report(f"{len(listed)} shards, {sum(shard.samples for shard in listed)} samples: all as they were packed.")


def _plan(instances: dict[Path, Instance], samples_a_shard: int) -> Iterator[tuple[str, str, list[Path]]]:
    """Name, split and samples of each shard."""
    for split in SPLITS:
        folders = [folder for folder, i in instances.items() if split_of(i.identity, i.hdri) == split]
        for k in range(0, len(folders), samples_a_shard):
            yield f"{split}-{k // samples_a_shard:06d}.tar", split, folders[k : k + samples_a_shard]


def _write_shard(path: Path, folders: list[Path], images: str) -> tuple[int, str]:
    """Write a tar and read it back; return its size and SHA-256."""
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    try:
        written: list[tuple[str, str]] = []
        with tarfile.open(partial, "w", format=tarfile.USTAR_FORMAT) as tar:
            for folder in folders:
                for name, content in _members(folder, images):
                    entry = tarfile.TarInfo(name)
                    entry.size, entry.mode = len(content), 0o644
                    tar.addfile(entry, io.BytesIO(content))
                    written.append((name, hashlib.sha256(content).hexdigest()))
        with tarfile.open(partial) as tar:
            found = [(entry.name, hashlib.sha256(_extracted(tar, entry)).hexdigest()) for entry in tar]
        if found != written:
            raise SampleError(f"{path} reads back otherwise than it was written. Is the disk sound? Pack again.")
        size, digest = partial.stat().st_size, _sha256(partial)
        partial.replace(path)
        return size, digest
    finally:
        partial.unlink(missing_ok=True)


def _members(folder: Path, images: str) -> Iterator[tuple[str, bytes]]:
    """Names and contents of a sample's members, the JSON last as on disk."""
    meta = _read_json(folder / "sample.json")
    for path in sorted(folder.iterdir()):
        if path.name == "sample.json" or path.name.startswith(".") or not path.is_file():
            continue
        if path.name == "maps.exr" and images == "png16":
            files, meta["png16"] = encode_maps(read_planes(path))
            yield from ((f"{folder.name}.{name}.png", content) for name, content in sorted(files.items()))
        else:
            yield f"{folder.name}.{path.name}", path.read_bytes()
    yield f"{folder.name}.json", json.dumps(meta, indent=1).encode()


def _faults(path: Path, shard: Shard) -> Iterator[str]:
    if not path.is_file():
        yield "missing"
        return
    if path.stat().st_size != shard.bytes or _sha256(path) != shard.sha256:
        yield f"{path.stat().st_size} bytes with another checksum; {shard.bytes} were packed"
        return
    keys, described = set(), set()
    with tarfile.open(path) as tar:
        for entry in tar:
            key, _, ending = entry.name.partition(".")
            keys.add(key)
            if ending == "json":
                described.add(key)
                sample = instance_of(json.loads(_extracted(tar, entry)))
                split = split_of(sample.identity, sample.hdri)
                if split != shard.split:
                    yield f"sample {key} belongs to {split}"
    if keys != described or len(keys) != shard.samples:
        yield f"{len(keys)} samples, {len(described)} with their JSON; {shard.samples} were packed"


def _instance(folder: Path) -> Instance:
    meta = _read_json(folder / "sample.json")
    try:
        instance = instance_of(meta)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SampleError(f"{folder / 'sample.json'} describes no sample ({error!r}). Render it again.") from None
    missing = [name for name in files_of(meta) if not (folder / name).is_file()]
    if missing:
        raise SampleError(f"{folder} lacks {', '.join(missing)}. Delete the sample and render again.")
    return instance


def _claim(shards: Path, head: dict[str, Any]) -> list[Shard]:
    """Shards that are there already; ConfigError where they are of another dataset or packing."""
    try:
        shards.mkdir(parents=True, exist_ok=True)
        for path in shards.glob(".*.partial"):
            with suppress(FileNotFoundError):  # another run has just finished it
                if time.time() - path.stat().st_mtime > _STALE_S:
                    path.unlink()
        # In this order: a run that has just begun beside this one writes its index before its first shard.
        found = sorted(path.name for path in shards.iterdir() if path.name[0] != ".")
        foreign = [] if (shards / INDEX).is_file() else found
    except OSError as error:
        raise SampleError(f"{shards} cannot be written: {error.strerror}. Choose a folder of your own.") from error
    if foreign:
        raise ConfigError(f"{shards} holds other files ({', '.join(foreign[:3])}). Choose an empty folder.")
    if not (shards / INDEX).is_file():
        return []
    index = _read_json(shards / INDEX)
    differing = [
        f"{key} is {index.get(key)} there and {value} here" for key, value in head.items() if index.get(key) != value
    ]
    if differing:
        raise ConfigError(f"{shards} holds another packing: {'; '.join(differing)}. Choose another folder.")
    return _listed(shards, index)


def _listed(shards: Path, index: dict[str, Any]) -> list[Shard]:
    try:
        listed = [Shard(**entry) for entry in index["shards"]]
        # Names come from a file that travels with the shards: none may lead out of the folder.
        if any(Path(shard.name).name != shard.name or not shard.name.endswith(".tar") for shard in listed):
            raise ValueError
        return listed
    except (KeyError, TypeError, ValueError):
        raise SampleError(f"{shards / INDEX} is not an index of shards. Pack into an empty folder.") from None


def _write_index(shards: Path, head: dict[str, Any], listed: list[Shard], complete: bool) -> None:
    splits = {
        split: sum(shard.samples for shard in listed if shard.split == split)
        for split in SPLITS
        if any(shard.split == split for shard in listed)
    }
    index = {**head, "complete": complete, "splits": splits, "shards": [asdict(shard) for shard in listed]}
    _replace(shards / INDEX, json.dumps(index, indent=1).encode())


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    try:
        partial.write_bytes(content)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _fingerprint(folders: list[Path], images: str) -> str:
    """What a shard is made of: its samples' descriptions, and the names and sizes of their files."""
    digest = hashlib.sha256(images.encode())
    for folder in folders:
        digest.update((folder / "sample.json").read_bytes())
        for path in sorted(folder.iterdir()):
            digest.update(f"{folder.name}/{path.name} {path.stat().st_size}\n".encode())
    return digest.hexdigest()


def _extracted(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(entry)
    return file.read() if file is not None else b""


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise SampleError(f"{path} is missing. Give a folder that relight-stage wrote.") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise SampleError(f"{path} cannot be read: {error}. Delete it and render or pack again.") from error
    if not isinstance(content, dict):
        raise SampleError(f"{path} holds no table. Delete it and render or pack again.")
    return content
