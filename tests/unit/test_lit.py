"""Laws of a lit portrait's layers: parts recombine, and sliders are arithmetic on them."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from relight_stage.nets.infer import Relighter
from relight_stage.nets.lit import Sliders, compose, layers, lit_view
from relight_stage.nets.views import strips
from relight_stage.scenes.colour import srgb_to_linear

spec = importlib.util.spec_from_file_location("stand_ins", Path(__file__).with_name("stand_ins.py"))
stand_ins = importlib.util.module_from_spec(spec)
spec.loader.exec_module(stand_ins)

EVEN = np.ones((64, 128, 3), np.float32)


@pytest.fixture(scope="module")
def relighter(tmp_path_factory):
    return Relighter.load(stand_ins.write_networks(tmp_path_factory.mktemp("networks")), working_px=128)


@pytest.fixture(scope="module")
def portrait(relighter):
    return relighter.analyse(srgb_to_linear(stand_ins.draw_portrait(320, 256, 110.0, (120.0, 128.0))))


@pytest.fixture(scope="module")
def lit(portrait):
    """Light that falls off to the right, half of it in shadow below, with a highlight; none of it from a network."""

    def light(view):
        h, w = view.matte.shape
        shading = np.broadcast_to(np.linspace(2.0, 0.1, w, dtype=np.float32)[None, :, None], (h, w, 3))
        shadow = np.where(np.arange(h) < h / 2, 1.0, 0.5).astype(np.float32)[:, None, None]
        specular = np.full((h, w, 3), 0.05, np.float32)
        return lit_view(view.albedo, view.matte, view.albedo * shading * shadow, shading, specular)

    return tuple(light(view) for view in portrait.views)


def test_the_whole_photo_is_lit_coarser_where_its_face_has_a_view(relighter, portrait):
    assert [view.matte.shape[0] for view in portrait.views] == [128, 128]
    assert [light.arriving.shape[0] for light in relighter.light(portrait, EVEN)] == [64, 128]
    alone = replace(portrait, views=portrait.views[1:])
    assert [light.arriving.shape[0] for light in relighter.light(alone, EVEN)] == [128]


def test_the_layers_recombine_to_the_picture(portrait, lit):
    relit, albedo, diffuse_light, shadow, specular = layers(portrait, lit)
    # Float32 rounding of three products.
    np.testing.assert_allclose(albedo * diffuse_light * shadow + specular, relit, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(relit * portrait.matte[..., None], compose(portrait, lit), rtol=1e-5, atol=1e-6)


def test_shadow_is_a_share(portrait, lit):
    shadow = layers(portrait, lit).shadow
    assert shadow.min() >= 0 and shadow.max() <= 1
    # The face spans the border of the shadow, two thirds down a view's height lies well inside it.
    inside = portrait.matte == 1
    assert shadow[inside].min() == pytest.approx(0.5, abs=0.05) and shadow[inside].max() == pytest.approx(1, abs=0.01)


def test_light_that_skin_adds_is_no_shadow(portrait):
    view = portrait.views[0]
    light = np.ones_like(view.albedo)
    lit = lit_view(view.albedo, view.matte, view.albedo * 1.3, light, 0 * light)
    np.testing.assert_allclose(lit.shadow, 1, atol=1e-6)
    np.testing.assert_allclose(lit.arriving, 1.3, rtol=1e-5)


def test_a_stop_doubles_the_picture(portrait, lit):
    brighter = compose(portrait, lit, Sliders(exposure_ev=1))
    np.testing.assert_allclose(brighter, 2 * compose(portrait, lit), rtol=1e-5, atol=1e-6)


def test_without_specular_the_diffuse_part_is_left(portrait, lit):
    parts = layers(portrait, lit)
    diffuse = parts.albedo * parts.diffuse_light * parts.shadow * portrait.matte[..., None]
    np.testing.assert_allclose(compose(portrait, lit, Sliders(specular=0)), diffuse, rtol=1e-4, atol=1e-5)


def test_shadow_strength_takes_shadow_away_and_deepens_it(portrait, lit):
    weak, plain, strong = (compose(portrait, lit, Sliders(shadow=s, specular=0)) for s in (0, 1, 2))
    # Deep in the shadow of one half: full light, half, a quarter. A row inside the face, away from the border.
    shadow = layers(portrait, lit).shadow
    deep = (portrait.matte == 1) & (np.abs(shadow - 0.5).max(axis=-1) < 0.01)
    assert deep.sum() > 100
    np.testing.assert_allclose(weak[deep], 2 * plain[deep], rtol=0.04)  # ± 0.01 of a half, twice
    np.testing.assert_allclose(strong[deep], plain[deep] / 2, rtol=0.04)
    lit_part = (portrait.matte == 1) & (shadow.min(axis=-1) > 0.9999)
    np.testing.assert_allclose(strong[lit_part], plain[lit_part], rtol=1e-3)


def test_the_layers_follow_the_sliders(portrait, lit):
    sliders = Sliders(exposure_ev=-1, specular=2, shadow=0.3)
    parts = layers(portrait, lit, sliders)
    np.testing.assert_allclose(
        parts.relit * portrait.matte[..., None], compose(portrait, lit, sliders), rtol=1e-5, atol=1e-6
    )


def test_blended_all_the_way_the_person_is_as_photographed(portrait, lit):
    expected = portrait.foreground * portrait.matte[..., None]
    np.testing.assert_allclose(compose(portrait, lit, Sliders(blend=1)), expected, atol=1e-6)


def test_no_network_runs_for_a_slider(relighter, portrait, monkeypatch):
    lit = relighter.light(portrait, EVEN)
    monkeypatch.setattr(relighter, "_run", None)
    compose(portrait, lit, Sliders(exposure_ev=1, specular=0.5, shadow=2, blend=0.5))


def test_a_preview_is_the_picture_made_smaller(relighter, portrait):
    small = portrait.shrink(160)
    assert small.matte.shape == (160, 128)
    whole, preview = (relighter.relight(each, EVEN) for each in (portrait, small))
    shrunk = whole.reshape(160, 2, 128, 2, 3).mean(axis=(1, 3))
    inside = small.matte == 1
    # All but the pixels at the eyes' borders, where the photo's detail is resampled: the median is one of skin.
    error = np.abs(preview[inside] / shrunk[inside] - 1)
    assert np.median(error) < 0.01 and np.quantile(error, 0.9) < 0.05
    assert portrait.shrink(5000) is portrait


def test_networks_may_see_less_than_the_portrait_was_taken_apart_at(relighter, portrait):
    light = np.random.default_rng(0).random((64, 128, 3)).astype(np.float32)
    coarse = relighter.light(portrait, light, working_px=64)
    assert all(max(view.arriving.shape) <= 64 for view in coarse)
    inside = portrait.matte == 1
    full = compose(portrait, relighter.light(portrait, light))
    # Lambert on a sphere is smooth: half the pixels say the same but at the matte's edge.
    np.testing.assert_allclose(compose(portrait, coarse)[inside].mean(), full[inside].mean(), rtol=0.03)


def test_a_matte_that_covers_nothing_shows_nothing(portrait, lit):
    empty = replace(portrait, matte=np.zeros_like(portrait.matte))
    assert not compose(empty, lit).any()


def test_a_smaller_view_is_made_once(portrait):
    view = portrait.views[0]
    assert view.shrink(64) is view.shrink(64) and view.shrink(64) is not view.shrink(32)
    assert view.shrink(1000) is view and view.shrink(None) is view


@pytest.mark.parametrize("height, width", [(512, 512), (64, 8192), (8192, 64), (2881, 2879), (1, 1)])
def test_strips_are_of_one_size_and_cover_all_rows(height, width):
    parts = list(strips(height, width))
    assert [row for part in parts for row in range(part.start, part.stop)] == list(range(height))
    sizes = [part.stop - part.start for part in parts]
    assert len(set(sizes[:-1])) <= 1 and sizes[-1] > sizes[0] - len(sizes)
    assert max(sizes) * width <= max(2**16, width)
