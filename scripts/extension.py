"""Build dist/relight_stage-VERSION-PLATFORM.zip, the extension for Blender, and validate it with Blender's own tool.

The zip works offline: it carries the wheels of scripts/wheels.toml for each Python that a supported Blender brings.
"""

import argparse
import importlib.util
import json
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from wheels import WheelError, fetch_wheels, read_pins

ROOT = Path(__file__).resolve().parents[1]

# What Blender needs: the package itself, without tests and tools.
CONTENTS = (
    "__init__.py",
    "__main__.py",
    "arguments.py",
    "cli.py",
    "errors.py",
    "library.py",
    "LICENSE",
    "addon",
    "scenes",
    "synth",
    "nets",
)
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*", "*.safetensors")  # Blender relights by the ONNX files
HOSTS = {("Linux", "x86_64"): "linux-x64", ("Windows", "AMD64"): "windows-x64", ("Darwin", "arm64"): "macos-arm64"}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="a zip for every platform, not only for this machine's")
    parser.add_argument("--wheels", type=Path, default=ROOT / "wheels", help="where downloaded wheels are kept")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where the zips go")
    arguments = parser.parse_args(argv)

    pins = read_pins()
    host = HOSTS.get((platform.system(), platform.machine()))
    if not arguments.all and host is None:
        return _fail(f"There are no wheels for {platform.system()} {platform.machine()}; --all builds for the others.")
    platforms = list(pins) if arguments.all else [host]
    try:
        tool = find_tool()
        wheels = fetch_wheels({k: v for name in platforms for k, v in pins[name].items()}, arguments.wheels)
    except (WheelError, FileNotFoundError) as error:
        return _fail(str(error))
    with tempfile.TemporaryDirectory(prefix="relight_stage_") as scratch:
        stage = Path(scratch) / "relight_stage"
        stage_package(ROOT, stage, wheels, platforms)
        return build(tool, stage, arguments.out)


def find_tool() -> Path:
    """Blender's blender_ext.py inside the bpy wheel, found without importing bpy.

    Raises:
        FileNotFoundError: no bpy here.
    """
    spec = importlib.util.find_spec("bpy")
    for place in (spec.submodule_search_locations or []) if spec else []:
        for tool in Path(place).glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py"):
            return tool
    raise FileNotFoundError("Blender's extension tool comes with the bpy wheel: run 'make env' first.")


def stage_package(root: Path, stage: Path, wheels: list[Path], platforms: list[str]) -> None:
    """Copy what Blender needs into the new folder ``stage``; its manifest names the wheels and the platforms."""
    stage.mkdir(parents=True)
    for name in CONTENTS:
        if (root / name).is_dir():
            shutil.copytree(root / name, stage / name, ignore=LEFT_OUT)
        else:
            shutil.copy2(root / name, stage / name)
    (stage / "wheels").mkdir()
    for wheel in wheels:
        shutil.copy2(wheel, stage / "wheels" / wheel.name)
    manifest = (root / "blender_manifest.toml").read_text(encoding="utf-8")
    (stage / "blender_manifest.toml").write_text(complete_manifest(manifest, wheels, platforms), encoding="utf-8")


def complete_manifest(manifest: str, wheels: list[Path], platforms: list[str]) -> str:
    """Add ``platforms`` and ``wheels`` to the text of a manifest that has neither."""
    # Keys of the top level stand before the first table. A JSON list of plain ASCII names is a TOML list, too.
    top, bracket, tables = manifest.partition("\n[")
    names = json.dumps([f"./wheels/{wheel.name}" for wheel in wheels], indent=2)
    return f"{top}\nplatforms = {json.dumps(platforms)}\nwheels = {names}\n{bracket}{tables}"


def build(tool: Path, stage: Path, out: Path) -> int:
    """Zip the staged folder, one file a platform, validate each and print its size."""
    out.mkdir(parents=True, exist_ok=True)
    # An older zip beside the new one would be picked up by whoever installs dist/*.zip.
    for old in out.glob("relight_stage-*.zip"):
        old.unlink()
    command = [sys.executable, str(tool), "build", "--source-dir", str(stage), "--output-dir", str(out)]
    if subprocess.run([*command, "--split-platforms"]).returncode != 0:
        return _fail("Blender's extension tool refused to build; its lines above say why.")
    for package in sorted(out.glob("relight_stage-*.zip")):
        if subprocess.run([sys.executable, str(tool), "validate", str(package)]).returncode != 0:
            return _fail(f"{package} is not a valid extension; the lines above say why.")
        print(f"{package}: {package.stat().st_size / 1e6:.1f} MB, valid")
    return 0


def _fail(sentence: str) -> int:
    print(f"extension: {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
