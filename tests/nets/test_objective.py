"""Every named option of a stage is in the loss, and does what it is named after."""

import copy
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper
from torch import nn

from relight_stage.errors import ModelError
from relight_stage.nets import lobes
from relight_stage.nets.adversarial import Critic, Opponent, critic_loss
from relight_stage.nets.config import JOINED, PARSED, StageConfig, read_recipe
from relight_stage.nets.data import Dataset
from relight_stage.nets.examples import Needs, batch_rand
from relight_stage.nets.identity import read_embedding
from relight_stage.nets.objective import Judges, Objective
from relight_stage.nets.onnx_graph import read_onnx
from relight_stage.nets.perceptual import VGG19, read_vgg, vgg_l1
from relight_stage.nets.portrait import PortraitNet
from relight_stage.nets.schedule import rate_at, truth_at
from relight_stage.nets.terms import AdversarialConfig, AlbedoTerms, MattingTerms, ShadingTerms, Terms


@pytest.fixture(scope="module")
def batch(recipe_path, spheres):
    dataset = Dataset(spheres, replace(read_recipe(recipe_path).data, panoramas=()))
    dataset.rescan()
    batch = batch_rand(np.random.default_rng(0), dataset, 2, 32, Needs(relit=True, seen=True, light=True))
    # Spheres have no faces: eyes in the middle.
    batch["parsing"][:, :, 12:18, 8:24] = 0
    batch["parsing"][:, 1 + PARSED.index("eyes"), 12:18, 8:24] = 1
    return batch


@pytest.fixture(scope="module")
def spectra():
    return lobes.spectra()


@pytest.fixture
def nets(recipe_path):
    torch.manual_seed(0)
    return PortraitNet(read_recipe(recipe_path).portrait).eval()


@pytest.fixture(scope="module")
def vgg_path(tmp_path_factory):
    """Random weights under torchvision's names, with the classifier that its file has besides."""
    torch.manual_seed(0)
    tensors = VGG19().state_dict() | {"classifier.6.bias": torch.zeros(1000)}
    path = tmp_path_factory.mktemp("vgg") / "vgg19.pth"
    torch.save(tensors, path)
    return path


def face_net():
    """Something like an embedding network, with the layers that they are made of."""
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.PReLU(8),
        nn.MaxPool2d(3, stride=2, padding=1),
        nn.Conv2d(8, 8, 3, padding=1, groups=8),
        nn.Flatten(),
        nn.Linear(8 * 8 * 8, 16),
    ).eval()


@pytest.fixture(scope="module")
def face_path(tmp_path_factory):
    """face_net as ONNX, of 32 px, written by hand: the exporter would take longer than the test."""
    net, path = face_net(), tmp_path_factory.mktemp("face") / "face.onnx"
    conv, norm, prelu, _, grouped, _, linear = net
    tensors = {
        "w0": conv.weight,
        **{f"n{i}": x for i, x in enumerate((norm.weight, norm.bias, norm.running_mean, norm.running_var))},
        "slope": prelu.weight[:, None, None],
        "w1": grouped.weight,
        "b1": grouped.bias,
        "w2": linear.weight,
        "b2": linear.bias,
    }
    nodes = [
        helper.make_node("Conv", ["x", "w0"], ["a"], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["a", "n0", "n1", "n2", "n3"], ["b"], epsilon=norm.eps),
        helper.make_node("PRelu", ["b", "slope"], ["c"]),
        helper.make_node("MaxPool", ["c"], ["d"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["d", "w1", "b1"], ["e"], pads=[1, 1, 1, 1], group=8),
        helper.make_node("Flatten", ["e"], ["f"]),
        helper.make_node("Gemm", ["f", "w2", "b2"], ["y"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "face",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 32, 32])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 16])],
        [onnx.numpy_helper.from_array(t.detach().numpy(), name) for name, t in tensors.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path


def judge(nets, batch, spectra, stage, judges=Judges(), opponent=None, truth=0.0):  # noqa: B008 (immutable)
    objective = Objective(nets, stage, spectra, judges, opponent)
    return objective(batch, torch.Generator().manual_seed(0), truth)


OPTIONS = [
    ("matting", MattingTerms(trimap_dice=1, parsing_dice=1, matte_dice=1, matte_cross_entropy=1, smoothness=1)),
    ("albedo", AlbedoTerms(coarse=1, laplacian=1, scale_invariant=1, vgg=1, adversarial=1, smoothness=1)),
    (
        "shading",
        ShadingTerms(laplacian=1, scale_invariant=1, vgg=1, identity=1, parsing=1, adversarial=1, smoothness=1),
    ),
]


@pytest.mark.parametrize("net, weights", OPTIONS, ids=[net for net, _ in OPTIONS])
def test_every_term_with_a_weight_is_in_the_total_and_teaches_the_network(
    nets, batch, spectra, vgg_path, face_path, net, weights
):
    stage = StageConfig(net, size=32, batch=2, terms=replace(Terms(), **{net: weights}))
    judges = Judges(read_vgg(vgg_path), read_embedding(face_path, 32))
    opponent = Opponent(AdversarialConfig(side=32, widths=(4, 8)), 0, torch.device("cpu"))
    learner = getattr(nets, net).train()
    judged = judge(nets, batch, spectra, stage, judges, opponent)
    given = {name: weight for name, weight in vars(weights).items() if weight}
    assert judged.terms.keys() == {*given, "total"}
    total = sum(weight * float(judged.terms[name].detach()) for name, weight in given.items())
    assert float(judged.terms["total"].detach()) == pytest.approx(total, rel=1e-5)
    assert (judged.faces is not None) == hasattr(weights, "adversarial")
    for name in given:
        slopes = torch.autograd.grad(
            judged.terms[name], list(learner.parameters()), retain_graph=True, allow_unused=True
        )
        assert any(slope is not None and slope.abs().max() > 0 for slope in slopes), name


def test_terms_that_compare_with_the_truth_are_least_at_the_truth(batch, vgg_path, face_path):
    vgg, embedding = read_vgg(vgg_path), read_embedding(face_path, 32)
    true = batch["photo"]
    assert float(vgg_l1(vgg, true, true)) == 0 < float(vgg_l1(vgg, true.flip(3), true))
    faces = embedding(true)
    assert torch.allclose(faces.norm(dim=1), torch.ones(2), atol=1e-5)


def test_smoothness_of_a_network_that_ignores_its_input_is_zero(nets, batch, spectra):
    for head in (nets.albedo.head, nets.matting.matte_head[-1], nets.matting.trimap_head):
        nn.init.zeros_(head.weight)
    for net, weights in (("albedo", AlbedoTerms(smoothness=1)), ("matting", MattingTerms(smoothness=1))):
        stage = StageConfig(net, size=32, batch=2, terms=replace(Terms(), **{net: weights}))
        assert float(judge(nets, batch, spectra, stage).terms["smoothness"].detach()) == 0


def test_end_to_end_the_relit_picture_teaches_all_networks_that_make_it(nets, batch, spectra):
    nets.train()
    judged = judge(nets, batch, spectra, StageConfig("all", size=32, batch=2, keep=0.0))
    judged.terms["total"].backward()
    for net in JOINED:
        slopes = [p.grad for p in getattr(nets, net).parameters() if p.grad is not None]
        assert slopes and max(float(slope.abs().max()) for slope in slopes) > 0, net


def test_keep_adds_the_losses_of_the_earlier_networks(nets, batch, spectra):
    without, kept = (
        judge(nets, batch, spectra, StageConfig("all", size=32, batch=2, keep=keep)).terms for keep in (0.0, 0.5)
    )
    parts = sum(
        getattr(getattr(Terms(), net), name) * value
        for net, name, value in ((*key.split("."), value) for key, value in kept.items() if key != "total")
        if net != "shading"
    )
    assert float((kept["total"] - without["total"]).detach()) == pytest.approx(0.5 * float(parts.detach()), rel=1e-4)


def test_frozen_networks_are_not_judged(nets, batch, spectra):
    stage = StageConfig("all", size=32, batch=2, frozen=("matting", "visibility"))
    assert stage.trained == ("geometry", "albedo", "shading")
    judged = {name.split(".")[0] for name in judge(nets, batch, spectra, stage).terms}
    assert judged == {"geometry", "albedo", "shading", "total"}


def test_the_schedule_goes_from_the_truth_to_predictions(nets, batch, spectra):
    stage = StageConfig("shading", size=32, batch=2, on_predictions=True, truth_until=0.5)
    assert [truth_at(stage, done) for done in (0, 0.25, 0.5, 0.9)] == [1, 0.5, 0, 0]
    assert truth_at(replace(stage, truth_until=0.0), 0) == 0
    fed, made = (float(judge(nets, batch, spectra, stage, truth=t).terms["total"].detach()) for t in (1.0, 0.0))
    truth = float(judge(nets, batch, spectra, replace(stage, on_predictions=False)).terms["total"].detach())
    assert fed == pytest.approx(truth, rel=1e-6) and abs(made - truth) > 1e-4


def test_the_rate_rises_to_its_peak_and_falls_to_a_fiftieth():
    stage = StageConfig("albedo", rate=2.0)
    assert rate_at(stage, 10, 0, 0.0) == pytest.approx(0.2)
    assert rate_at(stage, 10, 9, 0.0) == pytest.approx(2.0)
    assert rate_at(stage, 10, 99, 1.0) == pytest.approx(2 / 50)
    assert rate_at(stage, 0, 0, 0.0) == pytest.approx(2.0)  # no warm-up


@pytest.mark.parametrize("kind", ["lsgan", "wgan-gp"])
def test_a_critic_learns_to_tell_made_faces_from_true_ones(kind):
    torch.manual_seed(0)
    config = AdversarialConfig(kind, side=32, widths=(8, 16), rate=2e-3)
    opponent = Opponent(config, 0, torch.device("cpu"))
    true = torch.rand(4, 3, 32, 32) * 0.2 + 0.6
    made = torch.rand(4, 3, 32, 32) * 0.2 + 0.2
    generator = torch.Generator().manual_seed(0)
    before = float(opponent.judge(made) - opponent.judge(true))
    for _ in range(15):
        opponent.learn(made, true, generator)
    # What is made costs its maker more than the truth would, and by more than before.
    assert float(opponent.judge(made) - opponent.judge(true)) > before + 0.1


def test_the_gradient_penalty_is_least_where_the_slope_is_one():
    config, critic = AdversarialConfig("wgan-gp", side=32, penalty=10.0), Critic((4, 8))
    faces, mix = torch.rand(2, 3, 32, 32), torch.full((2, 1, 1, 1), 0.5)
    # On the same faces the scores cancel out and the penalty is all.
    x = faces.clone().requires_grad_(True)
    slope = torch.autograd.grad(critic(x).flatten(1).mean(dim=1).sum(), x)[0].flatten(1).norm(dim=1)
    wanted = 10 * float(((slope - 1) ** 2).mean())
    assert float(critic_loss(config, critic, faces, faces, mix).detach()) == pytest.approx(wanted, rel=1e-4)


def test_vgg_is_laid_out_like_torchvisions(vgg_path):
    # Indices of the convolutions in torchvision's features, from its published file's names.
    wanted = [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30]
    vgg = read_vgg(vgg_path)
    assert [int(name.split(".")[1]) for name in vgg.state_dict() if name.endswith("weight")] == wanted
    # Channels and resolution of relu1_2, 2_2, 3_2, 4_2 and 5_2.
    shapes = [tuple(x.shape[1:]) for x in vgg(torch.rand(1, 3, 32, 32))]
    assert shapes == [(64, 32, 32), (128, 16, 16), (256, 8, 8), (512, 4, 4), (512, 2, 2)]


def test_vgg_weights_that_are_missing_damaged_or_foreign_are_refused(tmp_path, vgg_path):
    with pytest.raises(ModelError, match="do not exist"):
        read_vgg(tmp_path / "absent.pth")
    (tmp_path / "cut.pth").write_bytes(vgg_path.read_bytes()[:2000])
    with pytest.raises(ModelError, match="damaged"):
        read_vgg(tmp_path / "cut.pth")
    (tmp_path / "cut.safetensors").write_bytes(b"cut")
    with pytest.raises(ModelError, match="damaged"):
        read_vgg(tmp_path / "cut.safetensors")
    torch.save({"features.0.weight": torch.zeros(64, 3, 5, 5)}, tmp_path / "other.pth")
    with pytest.raises(ModelError, match=r"features\.0\.weight is \[64, 3, 5, 5\]"):
        read_vgg(tmp_path / "other.pth")


def test_an_onnx_graph_computes_here_what_onnx_runtime_computes_and_has_gradients(face_path):
    faces = torch.rand(3, 3, 32, 32, requires_grad=True)
    session = onnxruntime.InferenceSession(face_path.read_bytes(), providers=["CPUExecutionProvider"])
    wanted = session.run(None, {"x": faces.detach().numpy()})[0]
    found = read_onnx(face_path)(faces)
    assert found.detach().numpy() == pytest.approx(wanted, abs=1e-5)
    reference = faces.detach().clone().requires_grad_(True)
    for x, y in ((faces, found), (reference, face_net()(reference))):
        (y**2).sum().backward()
        assert x.grad.abs().max() > 0
    assert torch.allclose(faces.grad, reference.grad, atol=1e-5)


@pytest.mark.filterwarnings("ignore:`torch.jit")
def test_torchscript_embeds_like_onnx_and_says_that_it_is_code(face_path, tmp_path, capsys):
    path = tmp_path / "face.pt"
    torch.jit.trace(face_net(), torch.zeros(1, 3, 32, 32)).save(str(path))
    faces = torch.rand(2, 3, 32, 32)
    assert torch.allclose(read_embedding(path, 32)(faces), read_embedding(face_path, 32)(faces), atol=1e-5)
    assert "TorchScript: code" in capsys.readouterr().out


def test_embeddings_that_are_missing_damaged_or_foreign_are_refused(tmp_path, face_path):
    for name, words in (("absent.onnx", "does not exist"), ("cut.onnx", "damaged"), ("cut.pt", "damaged")):
        if "cut" in name:
            (tmp_path / name).write_bytes(face_path.read_bytes()[:300])
        with pytest.raises(ModelError, match=words):
            read_embedding(tmp_path / name, 32)
    (tmp_path / "face.bin").write_bytes(b"")
    with pytest.raises(ModelError, match=r"neither \.onnx nor TorchScript"):
        read_embedding(tmp_path / "face.bin", 32)
    with pytest.raises(ModelError, match="does not take two RGB faces of 64 px"):
        read_embedding(face_path, 64)
    model = onnx.load(str(face_path))
    model.graph.node[2].op_type = "LSTM"
    onnx.save(model, tmp_path / "lstm.onnx")
    with pytest.raises(ModelError, match="uses LSTM"):
        read_embedding(tmp_path / "lstm.onnx", 32)


def test_the_parsing_of_the_relit_picture_moves_neither_weights_nor_statistics_of_matting(nets, batch, spectra):
    before = copy.deepcopy(nets.matting.state_dict())
    nets.shading.train()
    stage = StageConfig("shading", size=32, batch=2, terms=replace(Terms(), shading=ShadingTerms(parsing=1)))
    judge(nets, batch, spectra, stage).terms["total"].backward()
    assert all(torch.equal(before[name], value) for name, value in nets.matting.state_dict().items())
    assert all(p.grad is None for p in nets.matting.parameters())
