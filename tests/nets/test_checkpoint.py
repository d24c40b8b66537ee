"""Files of weights are data, never code."""

import pickle

import pytest
import torch
from torch import nn

from relight_stage.errors import ModelError
from relight_stage.nets.checkpoint import read_checkpoint, read_weights, start_from, write_checkpoint, write_weights

CONTENT = {"config": {}, "weights": {}, "average": {}, "stage": 0, "step": 0, "seconds": 0.0}


def test_a_checkpoint_survives_a_round_trip(tmp_path):
    path = tmp_path / "checkpoint.pt"
    write_checkpoint(path, {**CONTENT, "weights": {"a": torch.arange(3.0)}, "step": 4})
    content = read_checkpoint(path)
    assert content["step"] == 4 and torch.equal(content["weights"]["a"], torch.arange(3.0))
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.pt"]


class Code:
    """Unpickling one would end the test run."""

    def __reduce__(self):
        return exec, ("raise SystemExit('code ran')",)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("save", [torch.save, lambda content, path: path.write_bytes(pickle.dumps(content))])
def test_a_checkpoint_with_code_in_it_is_refused_and_not_run(tmp_path, save):
    path = tmp_path / "checkpoint.pt"
    save({"format": 1, "weights": Code()}, path)
    with pytest.raises(ModelError, match="not a checkpoint"):
        read_checkpoint(path)


def test_damaged_missing_and_foreign_files_are_told_apart(tmp_path):
    path = tmp_path / "checkpoint.pt"
    with pytest.raises(ModelError, match="does not exist"):
        read_checkpoint(path)
    write_checkpoint(path, {"step": 1})
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ModelError, match="not a checkpoint"):
        read_checkpoint(path)
    write_checkpoint(path, {"step": 1})
    with pytest.raises(ModelError, match="lacks config, weights, average, stage, seconds"):
        read_checkpoint(path)
    torch.save({"format": 99}, path)
    with pytest.raises(ModelError, match="format 99"):
        read_checkpoint(path)


def test_final_weights_survive_a_round_trip_and_damage_is_found(tmp_path):
    path = tmp_path / "weights.safetensors"
    write_weights(path, {"a": torch.rand(2, 3)}, {"widths": [1, 2]})
    weights, config = read_weights(path)
    assert config == {"widths": [1, 2]} and weights["a"].shape == (2, 3)
    path.write_bytes(path.read_bytes()[:10])
    with pytest.raises(ModelError, match="damaged"):
        read_weights(path)


def nets_of(channels_in, channels=4):
    torch.manual_seed(channels_in)
    return nn.Sequential(nn.Conv2d(channels_in, channels, 3), nn.Conv2d(channels, 2, 1))


def test_networks_with_more_inputs_start_by_doing_what_the_old_ones_did(tmp_path):
    path, old, new = tmp_path / "weights.safetensors", nets_of(3), nets_of(5)
    write_weights(path, old.state_dict(), {})
    assert start_from(new, path) == []
    picture = torch.rand(1, 5, 8, 8)
    assert torch.allclose(new(picture), old(picture[:, :3]), atol=1e-6)


def test_what_does_not_fit_keeps_its_random_start_and_is_named(tmp_path):
    path, old, new = tmp_path / "weights.safetensors", nets_of(3), nets_of(3, channels=6)
    write_weights(path, old.state_dict(), {})
    before = {name: tensor.clone() for name, tensor in new.state_dict().items()}
    left = start_from(new, path)
    assert left == ["0.weight", "0.bias"]
    for name in left:
        assert torch.equal(new.state_dict()[name], before[name])
    assert torch.equal(new[1].bias, old[1].bias)


def test_weights_of_other_networks_are_refused(tmp_path):
    path = tmp_path / "weights.safetensors"
    write_weights(path, {"somebody.else": torch.rand(2)}, {})
    with pytest.raises(ModelError, match="Nothing in"):
        start_from(nets_of(3), path)
