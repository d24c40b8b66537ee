"""Made-up samples and tiny networks for the tests of nets/."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Networks this small lose more by waiting for a second thread than they gain."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def recipe_path():
    from relight_stage import nets

    return Path(nets.__file__).parent / "configs" / "tiny.toml"


@pytest.fixture(scope="session")
def spheres(tmp_path_factory):
    """A dataset on disk: 14 spheres of 64 px, some of them under the test panorama."""
    from spheres import sphere_sample

    from relight_stage.synth.sample import write_sample

    folder = tmp_path_factory.mktemp("spheres")
    for i in range(14):
        sample, olat = sphere_sample(i, size=64, hdri="interior" if i % 3 == 0 else "made_up")
        write_sample(folder / f"{i:06d}", sample, olat)
    return folder


@pytest.fixture(scope="session")
def run_folder(recipe_path, spheres, tmp_path_factory):
    """A finished run of the tiny recipe."""
    from relight_stage.nets.train import train

    out = tmp_path_factory.mktemp("run") / "run"
    train(recipe_path, spheres, out)
    return out
