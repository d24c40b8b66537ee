"""Files of weights are data, never code."""

import pickle

import pytest
import torch

from relight_stage.errors import ModelError
from relight_stage.nets.checkpoint import read_checkpoint, read_weights, write_checkpoint, write_weights


def test_a_checkpoint_survives_a_round_trip(tmp_path):
    path = tmp_path / "checkpoint.pt"
    write_checkpoint(path, {"weights": {"a": torch.arange(3.0)}, "step": 4})
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
