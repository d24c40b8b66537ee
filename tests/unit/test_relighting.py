"""What the Relight button computes, on arrays, with networks of known answers."""

import importlib.util
from pathlib import Path

import numpy as np
import onnx
import pytest

from relight_stage.addon.relighting import Networks, Studio, draw_maps
from relight_stage.addon.worker import Cancelled
from relight_stage.errors import ModelError, PhotoError
from relight_stage.nets.infer import Relighter
from relight_stage.scenes.colour import srgb_to_linear

spec = importlib.util.spec_from_file_location("stand_ins", Path(__file__).with_name("stand_ins.py"))
stand_ins = importlib.util.module_from_spec(spec)
spec.loader.exec_module(stand_ins)


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    return stand_ins.write_networks(tmp_path_factory.mktemp("networks"))


@pytest.fixture(scope="module")
def photo():
    return srgb_to_linear(stand_ins.draw_portrait(160, 128, 90, (80, 64)))


@pytest.fixture
def relight(networks, photo):
    """Relight the photo in one studio, every argument open to change."""
    studio = Studio()

    def run(**changes):
        arguments = {
            "photo": photo,
            "matte": None,
            "light_map": even_light(1.0),
            "background": None,
            "name": "photo.png",
            "networks": Networks(networks),
            "progress": lambda fraction, text: None,
        }
        arguments |= changes
        first = [arguments.pop(key) for key in ("photo", "matte", "light_map", "background")]
        return studio.relight(*first, **arguments)

    return run


def even_light(radiance):
    return np.full((64, 128, 3), radiance, np.float32)


def test_twice_the_light_is_twice_the_picture(relight):
    one, two = relight(), relight(light_map=even_light(2.0))
    np.testing.assert_allclose(two.picture[..., :3], 2 * one.picture[..., :3], rtol=1e-4, atol=1e-6)


def test_the_two_halves_of_a_light_add_up(relight):
    left, right = even_light(1.0), even_light(1.0)
    left[:, 64:], right[:, :64] = 0, 0
    halves = relight(light_map=left).picture + relight(light_map=right).picture
    np.testing.assert_allclose(halves[..., :3], relight().picture[..., :3], rtol=1e-3, atol=1e-5)


def test_without_a_background_the_matte_is_the_alpha(relight):
    relit = relight()
    np.testing.assert_array_equal(relit.picture[..., 3], relit.portrait.matte)
    np.testing.assert_array_equal(relit.picture, relit.cutout)


def test_over_a_colour_the_person_covers_it_by_the_matte(relight):
    colour = np.array([0.1, 0.2, 0.3], np.float32)
    relit = relight(background=colour)
    expected = relit.cutout[..., :3] + (1 - relit.portrait.matte[..., None]) * colour
    np.testing.assert_allclose(relit.picture[..., :3], expected, atol=1e-6)
    np.testing.assert_array_equal(relit.picture[..., 3], 1)
    np.testing.assert_allclose(relit.picture[2, 2, :3], colour, atol=1e-6)


def test_a_smaller_backdrop_is_stretched_over_the_photo(relight):
    ramp = np.broadcast_to(np.linspace(0, 1, 16, dtype=np.float32)[None, :, None], (20, 16, 3))
    picture = relight(background=ramp).picture
    edge = picture[2, :, 0]  # above the head nobody covers it
    assert edge[0] == pytest.approx(0, abs=0.04) and edge[-1] == pytest.approx(1, abs=0.04)
    assert (np.diff(edge) > -1e-6).all()


def test_the_same_photo_is_taken_apart_once(relight, photo):
    first = relight()
    again = relight(photo=photo.copy(), light_map=even_light(3.0))
    assert again.portrait is first.portrait and again.fingerprint == first.fingerprint


@pytest.mark.parametrize("what", ["photo", "matte", "networks"])
def test_another_photo_matte_or_network_is_taken_apart_anew(relight, photo, networks, tmp_path, what):
    first = relight()
    if what == "photo":
        changes = {"photo": photo * 0.9}
    elif what == "matte":
        changes = {"matte": np.ones(photo.shape[:2], np.float32)}
    else:
        changes = {"networks": Networks(stand_ins.write_networks(tmp_path / "others"))}
    other = relight(**changes)
    assert other.portrait is not first.portrait and other.fingerprint != first.fingerprint


def test_progress_only_goes_forward_and_says_what_is_done(relight):
    seen = []
    relight(progress=lambda fraction, text: seen.append((fraction, text)))
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] < 0.1 and fractions[-1] == pytest.approx(1)
    assert all(text for _, text in seen) and len({text for _, text in seen}) >= 4


def test_a_cancelled_run_leaves_the_studio_usable(relight):
    def stop_at_half(fraction, text):
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        relight(progress=stop_at_half)
    assert relight().portrait.matte.max() > 0.9


def test_a_failed_photo_leaves_the_last_one_in_the_studio(relight, photo):
    first = relight()
    with pytest.raises(PhotoError, match=r"No face found in wall\.png"):
        relight(photo=np.full_like(photo, 0.2), name="wall.png")
    assert relight().portrait is first.portrait


def test_another_network_estimates_the_light_anew(relight, photo, networks, tmp_path, monkeypatch):
    studio, analysed = Studio(), []
    analyse = Relighter.analyse
    monkeypatch.setattr(Relighter, "analyse", lambda self, *a, **k: analysed.append(self) or analyse(self, *a, **k))
    for folder in (networks, networks, stand_ins.write_networks(tmp_path / "others")):
        studio.estimate(photo, None, name="photo.png", networks=Networks(folder))
    assert len(analysed) == 2 and analysed[0] is not analysed[1]


def test_missing_networks_are_named(relight, tmp_path):
    with pytest.raises(ModelError, match=r"matting\.onnx is missing"):
        relight(networks=Networks(tmp_path))


def test_networks_of_another_format_are_named_with_their_version(relight, tmp_path):
    path = stand_ins.write_networks(tmp_path) / "decompose.onnx"
    model = onnx.load(path)
    onnx.helper.set_model_props(model, {"format": "7", "version": "9.1"})
    onnx.save(model, path)
    said = r"decompose\.onnx was made by Relight Stage 9\.1 and has format 7; this version reads format 1\. Export"
    with pytest.raises(ModelError, match=said):
        relight(networks=Networks(tmp_path))


def test_the_maps_are_drawn_as_pictures(relight):
    portrait = relight().portrait
    maps = draw_maps(portrait)
    np.testing.assert_array_equal(maps["matte"][..., 0], portrait.matte)
    np.testing.assert_allclose(2 * maps["normals"][..., :3] - 1, portrait.normals, atol=1e-6)
    np.testing.assert_allclose(maps["albedo"][..., :3], portrait.albedo * portrait.matte[..., None], atol=1e-6)
    assert all(rgba.shape == (160, 128, 4) for rgba in maps.values())
