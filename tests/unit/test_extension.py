"""The zip for Blender: what goes in, what stays out, and that no other wheel than the pinned one gets in."""

import ast
import hashlib
import re
import tomllib
from pathlib import Path

import pytest

from relight_stage import __version__

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = """schema_version = "1.0.0"
id = "relight_stage"

[permissions]
files = "Read photos"

[build]
paths_exclude_pattern = ["__pycache__/"]
"""


@pytest.fixture
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "scripts")
    import extension
    import wheels

    return extension, wheels


def test_the_manifest_has_the_version_of_the_package():
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    assert manifest["version"] == __version__


def test_the_completed_manifest_lists_the_wheels_and_keeps_the_rest(scripts):
    extension, _ = scripts
    text = extension.complete_manifest(MANIFEST, [Path("a/x.whl"), Path("b/y.whl")], ["linux-x64"])
    completed = tomllib.loads(text)
    assert completed.pop("wheels") == ["./wheels/x.whl", "./wheels/y.whl"]
    assert completed.pop("platforms") == ["linux-x64"]
    assert completed == tomllib.loads(MANIFEST)


def test_the_staged_folder_holds_every_module_that_the_package_imports(scripts, tmp_path):
    extension, _ = scripts
    extension.stage_package(ROOT, tmp_path / "stage", [], ["linux-x64"])
    for path in (tmp_path / "stage").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level and node.module:
                target = path.parents[node.level - 1] / node.module.replace(".", "/")
                assert target.is_dir() or target.with_suffix(".py").is_file(), f"{path.name}: {node.module}"


def test_the_staged_folder_holds_the_weights_and_nothing_of_the_workshop(scripts, tmp_path):
    extension, _ = scripts
    extension.stage_package(ROOT, tmp_path / "stage", [], ["linux-x64"])
    staged = {str(path.relative_to(tmp_path / "stage")) for path in (tmp_path / "stage").rglob("*")}
    assert {"nets/weights/matting.onnx", "LICENSE", "cli.py", "addon/__init__.py"} <= staged
    assert not any(name.endswith(".safetensors") for name in staged)
    assert not [name for name in staged if re.search(r"(^|/)(tests|docs|scripts|\..*|__pycache__)(/|$)", name)]


def test_every_platform_has_both_libraries_for_each_python_that_blender_brings(scripts):
    _, wheels = scripts
    pins = wheels.read_pins()
    # Blender 4.5 and 5.0 bring 3.11, 5.1 and 5.2 bring 3.13: release notes of 4.1 and 5.1, Python API.
    wanted = {(library, python) for library in ("onnxruntime", "openexr") for python in ("cp311", "cp313")}
    for platform in ("linux-x64", "windows-x64", "macos-arm64"):
        found = {(name.split("-")[0], name.split("-")[2]) for name in pins[platform]}
        assert wanted <= found
        assert all(re.fullmatch(r"[0-9a-f]{64}", sha256) for sha256 in pins[platform].values())


def test_a_wheel_that_is_already_there_is_not_fetched_again(scripts, tmp_path, monkeypatch):
    _, wheels = scripts
    monkeypatch.setattr(wheels, "_download", lambda name, folder: pytest.fail("downloaded"))
    (tmp_path / "x-1-cp311-cp311-any.whl").write_bytes(b"right")
    pins = {"x-1-cp311-cp311-any.whl": hashlib.sha256(b"right").hexdigest()}
    assert wheels.fetch_wheels(pins, tmp_path) == [tmp_path / "x-1-cp311-cp311-any.whl"]


def test_a_wheel_with_another_hash_is_refused_and_thrown_away(scripts, tmp_path, monkeypatch):
    _, wheels = scripts
    monkeypatch.setattr(wheels, "_download", lambda name, folder: (folder / name).write_bytes(b"wrong"))
    name = "x-1-cp311-cp311-any.whl"
    with pytest.raises(wheels.WheelError, match="wants"):
        wheels.fetch_wheels({name: hashlib.sha256(b"right").hexdigest()}, tmp_path)
    assert not (tmp_path / name).exists()
