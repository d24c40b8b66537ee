"""From an origin to a checked dataset: what ``assets convert`` writes is rendered from, whatever the kind of pack."""

import importlib.util
import os
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from relight_stage.cli import main
from relight_stage.scenes.packs import Packs, find_packs, read_index
from relight_stage.scenes.scene import scenes_rand
from relight_stage.synth.sample import read_meta

spec = importlib.util.spec_from_file_location("origins", Path(__file__).parents[1] / "unit" / "origins.py")
origins = importlib.util.module_from_spec(spec)
spec.loader.exec_module(origins)


def write_origin(kind: str, pack: Path, clone: Path) -> Path:
    """A pack in the layout of its origin's repository."""
    if kind == "makehuman":
        return origins.write_makehuman(clone, pack, read_index(pack))
    with np.load(pack / "ict_facekit.npz") as file:
        arrays = dict(file)
    return origins.write_ict(clone, arrays, len(arrays["identity"]))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ict_facekit", "makehuman"])
def test_people_of_a_converted_pack_are_rendered_and_pass_the_check(kind, tmp_path, capsys):
    if not os.environ.get("RELIGHT_STAGE_ASSETS") or (pack := getattr(find_packs(None), kind)) is None:
        pytest.skip(f"RELIGHT_STAGE_ASSETS NAMES NO FOLDER WITH {kind}/: no person of it is rendered")
    assets, out = tmp_path / "assets", tmp_path / "set"
    clone = write_origin(kind, pack, tmp_path / "clone")
    assert main(["assets", "convert", kind.replace("_", "-"), str(clone), str(assets)]) == 0
    packs = find_packs(assets)
    assert packs == Packs(assets, **{kind: assets / kind})
    # A few are the procedural ones that are always there.
    seed = next(s for s in count() if scenes_rand(s, 0, 1, packs, ())[0].head.source == kind)
    flags = f"--seed {seed} --size 64 --samples 4 --lights olat:4"
    assert main(["render", str(out), "--assets", str(assets), *flags.split()]) == 0, capsys.readouterr().err
    assert read_meta(out / "000000")["source"] == kind
    assert main(["check", str(out)]) == 0
    assert "1 of 1 samples are good." in capsys.readouterr().out
