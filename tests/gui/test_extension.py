"""The zip, installed into a real Blender, renders what the checkout renders."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from relight_stage.synth.checks import sample_problems
from relight_stage.synth.sample import read_sample

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.gui


def test_the_installed_extension_and_the_script_render_the_same_sample(installation):
    outside, inside, run = installation
    small = ("--count", 1, "--seed", 1, "--size", 48, "--samples", 2)
    run("blender", "--command", "relight_stage", "render", inside / "installed", *small)
    for folder in ("scenes", "synth"):
        shutil.copytree(ROOT / folder, outside / "checkout" / folder)
    for path in ROOT.glob("*.py"):
        shutil.copy2(path, outside / "checkout")
    script = inside / "checkout" / "synth" / "render.py"
    run("blender", "-b", "-P", script, "--", inside / "script", *small)
    installed, script = (read_sample(outside / way / "000000") for way in ("installed", "script"))
    assert list(sample_problems(installed)) == []
    assert installed.meta == script.meta
    assert installed.maps.keys() == script.maps.keys() >= {"full", "albedo", "shading", "shadow", "specular"}
    assert all(np.array_equal(installed.maps[name], script.maps[name]) for name in script.maps)


def test_installed_from_the_preferences_window_it_relights(visit):
    seen = visit("install")
    assert "Traceback" not in seen.log
    assert seen.report["removed"] and seen.report["enabled"]
    assert seen.report["relit"]["error"] == "" and seen.report["relit"]["name"] == "photo relit"
