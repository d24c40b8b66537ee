"""The report says what was measured: on people and light never seen, against judges that know the answer."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from relight_stage.errors import ModelError
from relight_stage.nets import cases, evaluate, export
from relight_stage.nets.config import DataConfig
from relight_stage.nets.data import Dataset


@pytest.fixture(scope="module")
def exported(run_folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("onnx")
    export.export(run_folder, out)
    return out


@pytest.fixture(scope="module")
def tests(spheres):
    return evaluate.read_tests(spheres, DataConfig(panoramas=()))


@pytest.fixture(scope="module")
def photo(tests):
    return next(cases.photos(tests))


def judges_in(folder):
    """A distance that is the mean absolute difference, and an embedding that is the mean colour."""
    shape = [1, 3, "H", "W"]
    pair = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("first", "second")]
    nodes = [
        helper.make_node("Sub", ["first", "second"], ["difference"]),
        helper.make_node("Abs", ["difference"], ["error"]),
        helper.make_node("ReduceMean", ["error"], ["distance"], axes=[1, 2, 3], keepdims=0),
    ]
    distance = helper.make_tensor_value_info("distance", TensorProto.FLOAT, [1])
    mean = helper.make_node("ReduceMean", ["first"], ["colour"], axes=[2, 3], keepdims=0)
    colour = helper.make_tensor_value_info("colour", TensorProto.FLOAT, [1, 3])
    for name, graph in (
        ("lpips", helper.make_graph(nodes, "lpips", pair, [distance])),
        ("identity", helper.make_graph([mean], "identity", pair[:1], [colour])),
    ):
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.save(model, folder / f"{name}.onnx")
    return {name: folder / f"{name}.onnx" for name in ("lpips", "identity")}


def test_every_part_every_light_and_every_method_is_scored(exported, spheres, tmp_path, capsys):
    out = tmp_path / "scores"
    result = evaluate.evaluate(exported, spheres, out, **judges_in(tmp_path))
    assert json.loads((out / "scores.json").read_text()) == result
    scores = result["scores"]
    # No sphere of the test side happens to be rendered under a test panorama.
    kinds = set(cases.KINDS) - {"rendered"}
    assert set(scores) == {"parts", *kinds}
    for kind in kinds:
        assert set(scores[kind]) == set(evaluate.METHODS)
        for found in scores[kind].values():
            for name in ("mae", "mse", "psnr", "ssim", "dssim", "log_rmse", "lpips", "mps"):
                mean, error = found[name]
                assert np.isfinite(mean) and error >= 0
    table = capsys.readouterr().out
    report = (out / "report.md").read_text()
    assert table.strip() in report
    for method in evaluate.METHODS:
        assert method in table
    for name in ("best", "worst"):
        assert (out / f"{name}.png").exists() and f"({name}.png)" in report


def test_in_a_dataset_that_nobody_trained_on_everyone_is_tested(exported, spheres):
    assert evaluate.evaluate(exported, spheres, everyone=True)["identities"] == 14


def test_the_same_photos_come_in_every_run(tests, photo):
    again = next(cases.photos(tests))
    assert np.array_equal(again.photo, photo.photo)
    for one, other in zip(again.wanted, photo.wanted, strict=True):
        assert np.array_equal(one.relit, other.relit)


def test_photos_are_of_unseen_people_under_unseen_panoramas(tests):
    seen = Dataset(tests.folder, tests.config)
    seen.rescan()
    assert not {s.identity for s in seen.subjects} & {s.identity for s in tests.subjects}
    assert not {x.tobytes() for x in seen.lights} & {x.tobytes() for x in tests.lights}


def test_the_truth_scores_best_and_an_error_costs_what_it_should(photo):
    wanted = photo.wanted[1]
    nobody = evaluate.Judges()
    perfect = evaluate.relit_scores(wanted.relit, photo, wanted, nobody)
    # Brightness is matched, but for log-RMSE.
    brighter = evaluate.relit_scores(2 * wanted.relit, photo, wanted, nobody)
    assert perfect["psnr"] > 60 and perfect["ssim"] == pytest.approx(1, abs=1e-4)
    assert perfect["dssim"] == pytest.approx(0, abs=1e-4) and perfect["mae"] == pytest.approx(0, abs=1e-4)
    assert brighter["psnr"] > 60
    assert brighter["log_rmse"] == pytest.approx(np.log(2), rel=0.05)
    grey = evaluate.relit_scores(np.full_like(wanted.relit, 0.1), photo, wanted, nobody)
    assert grey["psnr"] < 30 and grey["ssim"] < perfect["ssim"]


def test_given_judges_are_asked(photo, tmp_path):
    sessions = {name: evaluate.open_session(path) for name, path in judges_in(tmp_path).items()}
    wanted = photo.wanted[1]
    perfect = evaluate.relit_scores(wanted.relit, photo, wanted, evaluate.Judges(**sessions))
    assert perfect["lpips"] == pytest.approx(0, abs=1e-4)
    assert perfect["mps"] == pytest.approx((perfect["ssim"] + 1) / 2, abs=1e-4)
    assert perfect["identity"] == pytest.approx(1, abs=1e-4)


def test_a_shadow_drawn_where_it_falls_overlaps_with_itself(photo):
    size = photo.photo.shape[:2]
    shaded = np.zeros((*size, 2), np.float32)
    shaded[20:40, 20:40, 0] = shaded[..., 1] = 1
    light = np.ones((*size, 3), np.float32)
    albedo = np.full_like(light, 0.5)
    drawn = {"specular": 0 * light, "diffuse_light": light, "albedo": albedo}
    wanted = photo.wanted[-1]._replace(shaded=shaded)
    cast = 0.5 * light * (1 - shaded[:, :, :1])
    moved = np.roll(cast, 10, axis=0)
    assert evaluate.shadow_iou({**drawn, evaluate.OURS: cast}, photo, wanted) == 1
    # Half of each overlaps: a third of both together.
    assert evaluate.shadow_iou({**drawn, evaluate.OURS: moved}, photo, wanted) == pytest.approx(1 / 3)


def test_standard_errors_are_over_identities():
    values = {"a": (20.0, 22.0), "b": (24.0, 26.0), "c": (30.0, 32.0)}
    scores = [evaluate.Score("hdri", "ours", "psnr", v, who, "tan") for who, pair in values.items() for v in pair]
    mean, error = evaluate.summary(scores)["hdri"]["ours"]["psnr"]
    assert mean == pytest.approx(77 / 3)
    assert error == pytest.approx(np.std([21, 25, 31], ddof=1) / np.sqrt(3))
    assert evaluate.by_skin(scores) == {"hdri": {"tan": [pytest.approx(mean), pytest.approx(error), 3]}}


def test_normals_of_a_sphere_turned_by_ten_degrees_are_ten_degrees_off(photo):
    c, s = np.cos(np.radians(10)), np.sin(np.radians(10))
    turned = photo.normal @ np.array([[1, 0, 0], [0, c, s], [0, -s, c]])
    maps = {"normal": turned, "albedo": photo.albedo * 0.5, "matte": photo.matte, "parsing": photo.parsing}
    scores = evaluate.part_scores(photo, maps)
    # A sphere's normals turn by ten degrees at most, less near the axis.
    assert 6 < scores["normal_deg"] < 10 and scores["normal_below_11"] == 1
    assert scores["albedo_psnr"] > 60  # its brightness is anybody's guess
    assert scores["matte_gradient"] == scores["matte_mae"] == 0


def test_without_weights_the_folder_is_named(tmp_path, spheres):
    with pytest.raises(ModelError, match=r"matting\.onnx is missing"):
        evaluate.evaluate(tmp_path, spheres)


def test_a_judge_that_is_no_network_is_named(exported, spheres, tmp_path):
    (tmp_path / "lpips.onnx").write_bytes(b"nothing")
    with pytest.raises(ModelError, match=r"lpips\.onnx is damaged"):
        evaluate.evaluate(exported, spheres, lpips=tmp_path / "lpips.onnx")
