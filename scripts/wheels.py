"""The pinned wheels that the extension carries: which, and how they are fetched."""

import hashlib
import subprocess
import sys
import tomllib
from pathlib import Path

PINS = Path(__file__).with_name("wheels.toml")


class WheelError(Exception):
    """A wheel could not be fetched, or is not the one that was pinned."""


def read_pins(path: Path = PINS) -> dict[str, dict[str, str]]:
    """Blender's name of a platform -> file name -> sha256."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def fetch_wheels(pins: dict[str, str], folder: Path) -> list[Path]:
    """Make sure that every pinned wheel lies in ``folder``; only what is missing or damaged is downloaded.

    Args:
        pins: file name -> sha256.

    Raises:
        WheelError: no download, or a file that is not the pinned one; such a file is not kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, sha256 in pins.items():
        path = folder / name
        if path.is_file() and _sha256(path) == sha256:
            continue
        path.unlink(missing_ok=True)
        _download(name, folder)
        if not path.is_file():
            raise WheelError(f"pip fetched something else than {name}. Pin what exists in {PINS.name}.")
        if (found := _sha256(path)) != sha256:
            path.unlink()
            raise WheelError(f"{name} has sha256 {found}, {PINS.name} wants {sha256}. It was thrown away.")
    return [folder / name for name in pins]


def _download(name: str, folder: Path) -> None:
    # The name of a wheel says all that pip asks: PEP 427.
    distribution, version, python, abi, platform = name.removesuffix(".whl").split("-")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary=:all:", "--implementation", "cp"]
    command += ["--python-version", python.removeprefix("cp"), "--abi", abi, "--platform", platform]
    command += ["--dest", str(folder), f"{distribution}=={version}"]
    if subprocess.run(command).returncode != 0:
        raise WheelError(f"{name} could not be downloaded; pip's lines above say why.")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
