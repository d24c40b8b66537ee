"""Laws of the networks, with random weights."""

import numpy as np
import pytest
import torch

from relight_stage.nets.config import PortraitConfig, read_recipe
from relight_stage.nets.illumination import stage_light
from relight_stage.nets.portrait import PortraitNet
from relight_stage.nets.shading import SHARPNESS, WRAP, ShadingNet
from relight_stage.scenes.light_map import directions as texel_directions
from relight_stage.scenes.light_map import solid_angles


@pytest.fixture(scope="module")
def nets(recipe_path):
    torch.manual_seed(0)
    nets = PortraitNet(read_recipe(recipe_path).portrait)
    generator = torch.Generator().manual_seed(1)
    for parameter in nets.parameters():  # far from the tame start, where heads answer with constants
        parameter.data += 0.2 * torch.randn(parameter.shape, generator=generator)
    return nets.eval().requires_grad_(False)


def scene(height=64, width=96, seed=0):
    g = torch.Generator().manual_seed(seed)
    foreground, albedo = torch.rand(2, 1, 3, height, width, generator=g)
    matte = torch.rand(1, 1, height, width, generator=g)
    normal = torch.nn.functional.normalize(
        torch.randn(1, 3, height, width, generator=g) + torch.tensor([0, 0, 1.5]).reshape(1, 3, 1, 1), dim=1
    )
    light = torch.exp(torch.randn(1, 3, 64, 128, generator=g))
    return foreground, matte, normal, albedo, light


@pytest.mark.parametrize("height, width", [(32, 32), (32, 96), (160, 64)])
def test_outputs_have_the_photos_size(nets, height, width):
    foreground, matte, normal, albedo, light = scene(height, width)
    cut = nets.matting(foreground)
    assert [tuple(x.shape) for x in cut] == [(1, c, height, width) for c in (8, 3, 1, 3)]
    assert [tuple(x.shape) for x in nets.decompose(foreground, matte)] == [(1, 3, height, width)] * 2
    assert [tuple(x.shape) for x in nets.shading(foreground, matte, normal, albedo, light)] == [
        (1, 3, height, width)
    ] * 4
    assert nets(foreground, light, albedo).shape == foreground.shape


def test_classes_are_probabilities_and_mattes_are_coverage(nets):
    cut = nets.matting(scene()[0])
    assert cut.parsing.sum(dim=1).numpy() == pytest.approx(1, abs=1e-5)
    assert cut.trimap.sum(dim=1).numpy() == pytest.approx(1, abs=1e-5)
    for x in (cut.matte, cut.foreground):
        assert float(x.min()) >= 0 and float(x.max()) <= 1


def test_normals_are_unit_and_albedo_is_a_reflectance(nets):
    normal, albedo = nets.decompose(*scene()[:2])
    assert normal.norm(dim=1).numpy() == pytest.approx(1, abs=1e-4)
    assert float(albedo.min()) >= 0 and float(albedo.max()) <= 1


@pytest.mark.parametrize("factor", [1e-4, 3.0, 1e5])
def test_relighting_is_homogeneous_in_the_light(nets, factor):
    *subject, light = scene()
    once, times = nets.shading(*subject, light), nets.shading(*subject, light * factor)
    for a, b in zip(once, times, strict=True):
        assert (b / factor).numpy() == pytest.approx(a.numpy(), rel=1e-3, abs=1e-5)


def test_no_light_gives_a_black_image_and_no_nan(nets):
    *subject, light = scene()
    for x in nets.shading(*subject, light * 0):
        assert not x.any()


def test_a_white_furnace_lights_every_surface_alike(nets):
    *subject, light = scene()
    assert nets.shading(*subject, torch.ones_like(light)).diffuse_light.numpy() == pytest.approx(1, rel=2e-3)


def test_parts_add_up_to_the_relit_image(nets):
    relit = nets.shading(*scene())
    assert (relit.diffuse + relit.specular).numpy() == pytest.approx(relit.relit.numpy(), rel=1e-5)


def test_visibility_of_one_leaves_lamberts_light():
    config = PortraitConfig().shading
    net = ShadingNet(config).eval().requires_grad_(False)
    _, _, normal, _, light = scene()
    logits = torch.zeros(1, config.visibility, 32, 48)  # 2 · sigmoid(0) = 1
    share = net._visible(logits, normal, light)
    assert share.numpy() == pytest.approx(1, abs=1e-4)


def test_what_is_hidden_from_a_lamp_stays_dark_under_that_lamp_alone():
    config = PortraitConfig().shading
    net = ShadingNet(config).eval().requires_grad_(False)
    normal = torch.zeros(1, 3, 32, 32)
    normal[:, 2] = 1
    # The lamp of the stage that is nearest to the camera, hidden; and the light map with that lamp only.
    lamp = int(np.argmax(net.directions.numpy()[:, 2]))
    logits = torch.full((1, config.visibility, 16, 16), 8.0)
    logits[:, lamp] = -8.0
    directions = net.directions.numpy().astype(float)

    def share(index):
        light_map = stage_light(np.eye(len(directions))[index][:, None].repeat(3, axis=1), directions)
        light = torch.tensor(light_map).permute(2, 0, 1)[None]
        return float(net._visible(logits, normal, light).mean())

    front = np.argsort(-directions[:, 2])
    other = next(i for i in front if directions[i] @ directions[lamp] < 0.5)
    # Hidden is 0 and open is 2. What is left under the hidden lamp is the part of its disc that neighbouring cells
    # take, summed here texel by texel.
    disc = stage_light(np.eye(len(directions))[lamp][:, None].repeat(3, axis=1), directions)[:, :, 0]
    received = np.zeros(len(directions))
    for texel, toward, area in zip(
        disc.ravel(), texel_directions(64).reshape(-1, 3), np.repeat(solid_angles(64), 128), strict=True
    ):
        if texel > 0:
            nearness = np.exp(SHARPNESS * (directions @ toward - 1))
            received += texel * area * nearness / nearness.sum() * np.maximum(directions[:, 2] + WRAP, 0)
    assert share(lamp) == pytest.approx(2 * (1 - received[lamp] / received.sum()), rel=0.02)
    assert share(lamp) < 0.5 * share(other)
    assert share(other) > 1.9
