"""Laws of the networks, with random weights."""

import numpy as np
import pytest
import torch

from relight_stage.nets.config import read_recipe
from relight_stage.nets.illumination import stage_light
from relight_stage.nets.portrait import PortraitNet
from relight_stage.nets.visibility import GLOSS, WRAPPED_COSINE, Cells
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
    visible = torch.rand(1, 8, height // 2, width // 2, generator=g)
    light = torch.exp(torch.randn(1, 3, 64, 128, generator=g))
    return foreground, matte, normal, albedo, visible, light


@pytest.mark.parametrize("height, width", [(32, 32), (32, 96), (160, 64)])
def test_outputs_have_the_photos_size(nets, height, width):
    foreground, matte, normal, albedo, visible, light = scene(height, width)
    cut = nets.matting(foreground)
    assert [tuple(x.shape) for x in cut] == [(1, c, height, width) for c in (8, 3, 1, 3)]
    whole, half = (1, 3, height, width), (1, 8, height // 2, width // 2)
    assert [tuple(x.shape) for x in nets.decompose(foreground, matte)] == [whole, whole, half]
    relit = nets.shading(foreground, matte, normal, albedo, visible, light)
    assert [tuple(x.shape) for x in relit] == [whole] * 5
    assert nets(foreground, light, albedo).shape == foreground.shape


def test_twice_as_bright_a_photo_is_one_in_twice_as_much_light(nets):
    foreground, matte, normal, albedo, _, _ = scene()
    light, brighter = (nets.light(foreground * gain, matte, normal, albedo) for gain in (0.25, 0.5))
    assert light.shape == (1, 3, 16, 32) and float(light.min()) > 0
    assert (brighter / light).numpy() == pytest.approx(2, rel=2e-3)


def test_nobody_tells_of_no_light_and_no_nan(nets):
    foreground, matte, normal, albedo, _, _ = scene()
    assert float(nets.light(foreground, 0 * matte, normal, albedo).max()) < 0.01


def test_classes_are_probabilities_and_mattes_are_coverage(nets):
    cut = nets.matting(scene()[0])
    assert cut.parsing.sum(dim=1).numpy() == pytest.approx(1, abs=1e-5)
    assert cut.trimap.sum(dim=1).numpy() == pytest.approx(1, abs=1e-5)
    for x in (cut.matte, cut.foreground):
        assert float(x.min()) >= 0 and float(x.max()) <= 1


def test_normals_are_unit_and_albedo_is_a_reflectance(nets):
    normal, albedo, visible = nets.decompose(*scene()[:2])
    assert normal.norm(dim=1).numpy() == pytest.approx(1, abs=1e-4)
    for x in (albedo, visible):
        assert float(x.min()) >= 0 and float(x.max()) <= 1


@pytest.mark.parametrize("factor", [1e-4, 3.0, 1e5])
def test_relighting_is_homogeneous_in_the_light(nets, factor):
    *subject, light = scene()
    once, times = nets.shading(*subject, light), nets.shading(*subject, light * factor)
    for name, a, b in zip(once._fields, once, times, strict=True):
        grown = b if name == "shadow" else b / factor
        assert grown.numpy() == pytest.approx(a.numpy(), rel=1e-3, abs=1e-5)


def test_no_light_gives_a_black_image_and_no_nan(nets):
    *subject, light = scene()
    dark = nets.shading(*subject, light * 0)
    assert not dark.relit.any()
    for x in dark:
        assert torch.isfinite(x).all()


def test_a_white_furnace_lights_every_surface_alike(nets):
    *subject, light = scene()
    assert nets.shading(*subject, torch.ones_like(light)).diffuse_light.numpy() == pytest.approx(1, rel=2e-3)


def test_parts_add_up_to_the_relit_image(nets):
    relit = nets.shading(*scene())
    assert (relit.diffuse + relit.specular).numpy() == pytest.approx(relit.relit.numpy(), rel=1e-5)


@pytest.mark.parametrize("lobe", [WRAPPED_COSINE, GLOSS])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_share_that_arrives_is_what_every_direction_lets_through(lobe, share):
    _, _, normal, _, _, light = scene()
    cells = Cells(64)
    visible = torch.full((1, 64, 32, 48), share)
    assert cells.share(cells.flux(light), visible, normal, lobe).numpy() == pytest.approx(share, abs=1e-4)


def test_cells_hold_all_the_light():
    light = scene()[-1]
    area = torch.tensor(solid_angles(64)).float()[None, None]
    wanted = (light * area).sum(dim=(2, 3))
    assert Cells(64).flux(light).sum(dim=2).numpy() == pytest.approx(wanted.numpy(), rel=1e-4)


def test_what_is_hidden_from_a_lamp_is_dark_under_that_lamp_and_lit_under_another():
    cells = Cells(64)
    toward = cells.directions.numpy().astype(float)
    normal = torch.tensor([0.0, 0.0, 1.0]).reshape(1, 3, 1, 1).expand(1, 3, 32, 32)
    lamp = int(np.argmax(toward[:, 2]))
    other = next(i for i in np.argsort(-toward[:, 2]) if toward[i] @ toward[lamp] < 0.5)
    visible = torch.ones(1, 64, 16, 16)
    visible[:, lamp] = 0

    def share(index):
        light = torch.tensor(stage_light(np.eye(64)[index][:, None].repeat(3, axis=1), toward))
        return float(cells.share(cells.flux(light.permute(2, 0, 1)[None]), visible, normal, WRAPPED_COSINE).mean())

    # The lamp's disc, 14° wide, reaches into the cells beside its own.
    assert share(lamp) < 0.35
    assert share(other) > 0.98


def test_a_lamp_at_a_cells_centre_is_seen_as_that_cell_is():
    cells = Cells(64)
    visible = torch.rand(1, 64, 4, 4, generator=torch.Generator().manual_seed(0))
    seen = cells.seen_from(visible, cells.directions.T[None])
    # Neighbours, some 25° away, take exp(−64 · (1 − cos 25°)), a four-hundredth each.
    assert seen.numpy() == pytest.approx(visible.numpy(), abs=0.02)


# Layers of Pandey et al. 2021, section 3: encoder, bottleneck, decoder.
PAPER_UNET = [32, 64, 128, 256, 512, 512, 512, 512, 512, 256, 128, 64, 32]
PAPER_SPECULAR = [8, 16, 32, 64, 128, 256, 256, 256, 128, 64, 32, 16, 8]


@pytest.fixture(scope="module")
def paper(recipe_path):
    with torch.device("meta"):
        return PortraitNet(read_recipe(recipe_path.with_name("paper.toml")).portrait)


def convolutions(module):
    return [layer for layer in module.modules() if isinstance(layer, torch.nn.Conv2d)]


@pytest.mark.parametrize(
    "net, widths, inputs, millions",
    [
        ("geometry.unet", PAPER_UNET, 4, 18.08),  # colour and, beyond the paper, the matte
        ("albedo.unet", PAPER_UNET, 7, 18.08),
        ("shading.specular_net", PAPER_SPECULAR, 18, 2.76),
        ("shading.renderer", PAPER_UNET, 19, 18.09),
    ],
)
def test_the_papers_u_nets_have_its_layers_channels_and_parameters(paper, net, widths, inputs, millions):
    unet = paper.get_submodule(net)
    layers = convolutions(unet)
    assert [layer.out_channels for layer in layers] == widths
    assert layers[0].in_channels == inputs and {layer.kernel_size for layer in layers} == {(3, 3)}
    # Skips: each decoder layer sees the layer below and the encoder's of its own resolution.
    depth = len(widths) // 2
    for below, layer, skip in zip(layers[depth:], layers[depth + 1 :], reversed(layers[:depth]), strict=False):
        assert layer.in_channels == below.out_channels + skip.out_channels
    assert sum(p.numel() for p in unet.parameters()) / 1e6 == pytest.approx(millions, abs=0.01)


def test_the_papers_matting_net_has_one_encoder_and_three_decoders(paper):
    matting = paper.matting
    assert [layer.out_channels for layer in convolutions(matting.encoder)] == [32, 64, 128, 256, 512]
    for decoder in (matting.trimap_decoder, matting.matte_decoder, matting.foreground_decoder):
        assert [layer.out_channels for layer in convolutions(decoder)] == [256, 128, 64, 32]
    assert [layer.kernel_size[0] for layer in convolutions(matting.matte_head)] == [7, 5, 3]
