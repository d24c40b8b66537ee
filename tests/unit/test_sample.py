"""Samples on disk: they say themselves what they hold, and come back as they were."""

import json

import numpy as np
import pytest

from relight_stage.errors import SampleError
from relight_stage.synth.exr import read_exr, read_planes, write_exr
from relight_stage.synth.passes import MAPS, RGB, layer
from relight_stage.synth.sample import (
    FORMAT,
    Olat,
    Sample,
    read_gradients,
    read_meta,
    read_olat,
    read_sample,
    write_sample,
)

SIDE = 8


def made_up(names=("full", "matte", "depth", "parsing", "CryptoObject00"), **meta):
    rng = np.random.default_rng(0)
    maps = {name: rng.random((SIDE, SIDE, len(MAPS[name]))).astype(np.float32) for name in names}
    base = {"format": FORMAT, "cryptomatte": {"CryptoObject": {"hat": "055ec73d"}}, "olat": None, "gradient": None}
    return Sample({**base, **meta}, maps, rng.random((64, 128, 3)).astype(np.float32))


def lights(unshadowed):
    stacks = np.random.default_rng(1).random((3, 4, SIDE, SIDE, 3)).astype(np.float16)
    return Olat(stacks[0], stacks[1], np.eye(4, 3), stacks[2] if unshadowed else None)


def test_a_sample_comes_back_with_the_maps_it_has(tmp_path):
    sample = made_up()
    write_sample(tmp_path / "000000", sample)
    found = read_sample(tmp_path / "000000")
    assert list(found.maps) == list(sample.maps)
    for name, pixels in sample.maps.items():
        # Eleven bits of a half; what is marked as full float is exact.
        assert found.maps[name] == pytest.approx(pixels, abs=0 if name in ("depth", "CryptoObject00") else 2**-11)
    assert np.array_equal(found.light_map, sample.light_map)


def test_the_picture_and_its_matte_are_what_a_viewer_shows_first(tmp_path):
    write_sample(tmp_path / "000000", made_up())
    planes, texts = read_exr(tmp_path / "000000" / "maps.exr")
    assert {name for name in planes if "." not in name} == {"R", "G", "B", "A"}
    assert "CryptoObject" in texts.values()
    assert planes["depth.Z"].dtype == np.float32 and planes["R"].dtype == np.float16


def test_readers_take_what_they_need(tmp_path):
    write_sample(tmp_path / "000000", made_up())
    assert list(read_sample(tmp_path / "000000", ["depth"]).maps) == ["depth"]
    with pytest.raises(SampleError, match="no map uv"):
        read_sample(tmp_path / "000000", ["depth", "uv"])


@pytest.mark.parametrize("unshadowed", [True, False])
def test_lights_come_back_with_or_without_their_pictures_without_shadow(tmp_path, unshadowed):
    olat = lights(unshadowed)
    write_sample(tmp_path / "000000", made_up(olat={"count": 4, "directions": np.eye(4, 3).tolist()}), olat)
    found = read_olat(tmp_path / "000000")
    assert list(found.images()) == ["diffuse", "specular", *(["unshadowed"] if unshadowed else [])]
    for name, images in olat.images().items():
        assert np.array_equal(found.images()[name], images)


def test_gradients_come_back(tmp_path):
    gradients = {"x_diffuse": np.full((SIDE, SIDE, 3), 0.5, np.float32), "x_specular": np.zeros((SIDE, SIDE, 3))}
    write_sample(tmp_path / "000000", made_up(), None, gradients)
    found = read_gradients(tmp_path / "000000")
    assert found.keys() == gradients.keys() and (found["x_diffuse"] == 0.5).all()


def test_what_a_sample_was_not_rendered_with_is_named(tmp_path):
    write_sample(tmp_path / "000000", made_up())
    with pytest.raises(SampleError, match="--lights olat:32"):
        read_olat(tmp_path / "000000")
    with pytest.raises(SampleError, match="--lights gradient"):
        read_gradients(tmp_path / "000000")


def test_a_glint_brighter_than_the_largest_half_stays_finite(tmp_path):
    sample = made_up()
    sample.maps["full"][0, 0] = 1e6
    write_sample(tmp_path / "000000", sample)
    assert (read_sample(tmp_path / "000000").maps["full"][0, 0] == 65504).all()


def test_a_sample_of_another_format_is_named(tmp_path):
    write_sample(tmp_path / "000000", made_up())
    path = tmp_path / "000000" / "sample.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 1}))
    with pytest.raises(SampleError, match="has format 1; this version reads format 2"):
        read_meta(tmp_path / "000000")


def test_planes_keep_their_precision(tmp_path):
    rng = np.random.default_rng(0)
    maps = {"a": rng.random((8, 8, 3)).astype(np.float16), "b": rng.random((8, 8, 1)).astype(np.float32)}
    write_exr(tmp_path / "x.exr", maps, {"a": layer("a", RGB), "b": ("b.V",)})
    planes = read_planes(tmp_path / "x.exr")
    assert np.array_equal(planes["a.G"], maps["a"][:, :, 1]) and np.array_equal(planes["b.V"], maps["b"][:, :, 0])
    assert planes["b.V"].dtype == np.float32
