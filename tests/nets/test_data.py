"""Augmentation keeps the laws of light: what is done to the picture is done to its normals and its light."""

from dataclasses import asdict, replace

import cv2
import numpy as np
import pytest
import torch
from spheres import lambert, sphere_normals, sphere_sample

from relight_stage.nets.config import DataConfig, PhotographyConfig
from relight_stage.nets.crops import Crop, crop_rand, warp
from relight_stage.nets.data import Dataset, is_test, subject_of
from relight_stage.nets.examples import SEEN_LIGHTS, Needs, batch_rand, example_rand, lit
from relight_stage.nets.illumination import lamps_rand, light_rand, stage_light
from relight_stage.nets.photography import backdrop_rand
from relight_stage.scenes import light_map as light_maps
from relight_stage.scenes.bust import LABELS
from relight_stage.scenes.colour import luminance
from relight_stage.scenes.lights import olat_directions


def dataset_of(*subjects):
    dataset = Dataset.__new__(Dataset)
    dataset.config, dataset.test, dataset.panoramas = DataConfig(), False, []
    dataset.subjects, dataset.lights = list(subjects), [subject.light_map for subject in subjects]
    return dataset


def crop_of(angle, flip, size):
    """Turn and mirror about the middle, as crop_rand builds it, without zoom."""
    c, s = np.cos(angle), np.sin(angle)
    linear = np.array([[c, s], [-s, c]]) @ np.diag([-1.0 if flip else 1.0, 1.0])
    middle = np.full(2, size / 2 - 0.5)
    return Crop(np.column_stack([linear, middle - linear @ middle]), angle, flip)


@pytest.mark.parametrize("angle, flip", [(0.0, True), (0.3, False), (-0.25, True)])
def test_a_picture_turned_with_its_normals_is_lit_like_one_turned_with_its_light(angle, flip):
    size, directions = 96, olat_directions(16)
    normals, matte = sphere_normals(size)
    # A patch of another orientation, so that the sphere's symmetry hides nothing.
    normals[20:50, 30:50] = [0.6, 0.48, 0.64]
    weights = np.random.default_rng(0).uniform(0, 1, (16, 3)) ** 4
    crop = crop_of(angle, flip, size)
    picture = warp((lambert(normals, stage_light(weights, directions)) * matte).astype(np.float32), crop, size)
    turned = crop.turn(warp(normals.astype(np.float32), crop, size))
    covered = warp(matte.astype(np.float32), crop, size)
    length = np.linalg.norm(turned, axis=2, keepdims=True)
    inside = (covered > 0.99) & (length > 0.995)  # away from edges, where normals of two surfaces mix
    relit = lambert(turned / np.maximum(length, 1e-6), stage_light(weights, crop.turn(directions)))
    assert inside.mean() > 0.3
    # Discs of 29° drawn on texels of 2.8° in two places.
    assert np.abs((relit - picture) * inside).max() < 0.02 * picture.max()


def test_flipping_a_light_map_mirrors_what_it_lights():
    normals, _ = sphere_normals(32)
    light_map = np.random.default_rng(1).uniform(0, 1, (64, 128, 3)) ** 8
    mirrored = normals * [-1, 1, 1]
    assert lambert(mirrored, light_map[:, ::-1]) == pytest.approx(lambert(normals, light_map))


@pytest.mark.parametrize("count", [12, 32])
def test_each_light_of_the_stage_gives_unit_irradiance_from_its_direction(count):
    directions = olat_directions(count)
    for index in (0, count // 2, count - 1):
        light_map = stage_light(np.eye(count)[index][:, None].repeat(3, axis=1), directions)
        facing = lambert(directions[index][None], light_map) * np.pi
        assert facing == pytest.approx(1.0, rel=1e-4)
        flux = light_maps.flux(light_map)
        # A disc of half angle h turns flux F into normal irradiance F · (1 + cos h)/2.
        assert flux * (1 + (1 - 2 / count)) / 2 == pytest.approx(1.0, rel=0.01)


def test_sums_of_olat_images_are_the_images_weighted():
    sample, olat = sphere_sample(3, size=32)
    subject = subject_of(sample, olat)
    weights = np.random.default_rng(2).uniform(0, 2, (2, 12, 3)).astype(np.float32)
    found = lit(subject, weights)
    for kind, image in enumerate((olat.diffuse, olat.specular)):
        wanted = np.einsum("knc,nhwc->khwc", weights, image.astype(np.float64))
        covered = sample.maps["matte"] > 0
        # Halves have eleven bits.
        assert found[..., 3 * kind : 3 * kind + 3] * covered == pytest.approx(wanted * covered, rel=4e-3, abs=2e-3)


def test_what_is_worn_or_held_is_clothes_to_the_networks():
    sample, _ = sphere_sample(4, size=32)
    parsing = sample.maps["parsing"].copy()
    worn = parsing.copy()
    # The sphere's clothes become glasses in the left half and a cup in the right one.
    worn[:, :16, LABELS.index("accessories")] = parsing[:, :16, LABELS.index("clothes")]
    worn[:, 16:, LABELS.index("props")] = parsing[:, 16:, LABELS.index("clothes")]
    worn[:, :, LABELS.index("clothes")] = 0
    packed = subject_of(sample._replace(maps={**sample.maps, "parsing": worn}), None).maps
    assert np.array_equal(packed, subject_of(sample, None).maps)


@pytest.mark.parametrize("half", [None, np.radians(4)])
@pytest.mark.parametrize("grey_share", [0.0, 1.0])
def test_the_relit_picture_is_what_the_light_map_makes_of_the_sphere(grey_share, half):
    sample, olat = sphere_sample(5, size=64, lights=32, half=half)
    dataset = dataset_of(subject_of(sample, olat))
    assert dataset.subjects[0].is_gappy == (half is not None)
    dataset.config = replace(DataConfig(), photography=PhotographyConfig(grey=grey_share))
    for seed in range(6):
        example = example_rand(np.random.default_rng(seed), dataset, 64, Needs(relit=True))
        for name in ("photo", "albedo", "relit", "specular", "light_map"):
            assert (np.ptp(example[name], axis=2).max() < 1e-6) == (grey_share == 1), name
        diffuse = example["relit"] - example["specular"]
        wanted = lambert(example["normal"], example["light_map"]) * example["albedo"]
        inside = cv2.erode(example["matte"], np.ones((5, 5)))[:, :, None] > 0.99
        # The made-up OLAT images use the centre of each disc; sharp lights go to the nearest of 32 discs.
        error = np.abs(np.log(wanted.mean(axis=2) + 0.1) - np.log(diffuse.mean(axis=2) + 0.1))[inside[:, :, 0]]
        assert error.mean() < 0.2


@pytest.mark.parametrize("half", [None, np.radians(4)])
@pytest.mark.parametrize("grey_share", [0.0, 1.0])
def test_the_foreground_is_what_the_photos_light_makes_of_the_sphere(grey_share, half):
    sample, olat = sphere_sample(5, size=64, lights=32, half=half)
    olat = olat._replace(specular=np.zeros_like(olat.specular))  # Lambert knows no gloss
    for subject in (subject_of(sample, olat), subject_of(sample, None)):
        dataset = dataset_of(subject)
        off = {name: 0.0 for name in asdict(PhotographyConfig())}
        dataset.config = replace(DataConfig(), dark=0.0, photography=PhotographyConfig(**off | {"grey": grey_share}))
        for seed in range(6):
            example = example_rand(np.random.default_rng(seed), dataset, 64, Needs(light=True))
            wanted = lambert(example["normal"], example["photo_light"]) * example["albedo"]
            inside = cv2.erode(example["matte"], np.ones((5, 5))) > 0.99
            # The brightest lamps clip a quarter of the sphere; mirrored light would miss by 0.3 to 1.1.
            error = np.abs(np.log(wanted.mean(axis=2) + 0.1) - np.log(example["foreground"].mean(axis=2) + 0.1))
            assert error[inside].mean() < 0.12


def test_what_arrives_turns_with_the_picture_and_its_lights():
    sample, olat = sphere_sample(6, size=64, lights=32)
    # A share that depends on the angle between light and surface alone stays what it was when both turn.
    angle = np.einsum("hwc,nc->nhw", sample.maps["normal"], olat.directions)
    share = 0.5 + 0.5 * np.clip(angle, 0.01, 1)
    unshadowed = (olat.diffuse / share[..., None]).astype(np.float16)
    dataset = dataset_of(subject_of(sample, olat._replace(unshadowed=unshadowed)))
    compared = 0
    for seed in range(6):
        example = example_rand(np.random.default_rng(seed), dataset, 64, Needs(seen=True))
        assert example["arriving"].shape == example["sure"].shape == (32, 32, SEEN_LIGHTS)
        normal = example["normal"].reshape(32, 2, 32, 2, 3).mean(axis=(1, 3))
        length = np.linalg.norm(normal, axis=2, keepdims=True)
        wanted = 0.5 + 0.5 * (normal / np.maximum(length, 1e-6)) @ example["toward"][0].T
        seen = (example["sure"] > 0.99) & (length > 0.999)
        compared += seen.sum()
        # Halves, and pixels between which the surface turns.
        assert np.abs(example["arriving"] - wanted)[seen].max(initial=0) < 0.03
    assert compared > 1000


def test_where_no_light_can_arrive_nothing_is_sure():
    sample, olat = sphere_sample(6, size=64, lights=32)
    visible = subject_of(sample, olat._replace(unshadowed=olat.diffuse)).visible.astype(np.float32)
    covered = sample.maps["matte"][:, :, 0] > 0
    angle = np.einsum("hwc,nc->nhw", sample.maps["normal"], olat.directions)[:, covered]
    assert not visible[1][angle <= 0].any()
    assert visible[0][visible[1] > 0.99] == pytest.approx(1, abs=2e-3)


def test_the_same_generator_draws_the_same_batch():
    sample, olat = sphere_sample(1, size=48)
    dataset = dataset_of(subject_of(sample, olat))
    first, second = (batch_rand(np.random.default_rng([1, 2, 3]), dataset, 3, 32, Needs(relit=True)) for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert {tuple(x.shape[2:]) for name, x in first.items() if name != "light_map"} == {(32, 32)}


def test_examples_are_finite_and_in_range():
    sample, olat = sphere_sample(2, size=48)
    dataset = dataset_of(subject_of(sample, olat), subject_of(sample, None))
    for seed in range(12):
        example = example_rand(np.random.default_rng(seed), dataset, 32, Needs(seed % 2 == 0, seed % 3 == 0))
        for name, value in example.items():
            assert np.isfinite(value).all(), name
        for name in {"photo", "foreground", "matte", "parsing", "albedo", "background", "arriving"} & set(example):
            assert example[name].min() >= -1e-6 and example[name].max() <= 1 + 1e-6, name
        assert example["parsing"].sum(axis=2) == pytest.approx(1, abs=0.02)
        assert np.linalg.norm(example["normal"], axis=2).max() < 1.001


def test_identities_never_change_sides_and_a_tenth_is_tested():
    names = [f"head-{i}" for i in range(2000)]
    share = np.mean([is_test(name, 10) for name in names])
    assert share == pytest.approx(0.1, abs=0.02)  # three standard deviations
    assert is_test("head-17", 10) == is_test("head-17", 10)


def test_training_sees_neither_test_identities_nor_test_panoramas(spheres):
    config = DataConfig(panoramas=())
    train, test = Dataset(spheres, config), Dataset(spheres, config, test=True)
    assert train.rescan() == test.rescan() == 14
    assert train.rescan() == 0
    people = [{subject.identity for subject in side.subjects} for side in (train, test)]
    assert people[0] and people[1] and not people[0] & people[1]
    lights = [{light.tobytes() for light in side.lights} for side in (train, test)]
    assert lights[0] and lights[1] and not lights[0] & lights[1]


def test_a_damaged_sample_is_left_out_and_named(spheres, tmp_path):
    import shutil

    folder = tmp_path / "data"
    shutil.copytree(spheres, folder)
    (folder / "000004" / "maps.exr").write_bytes(b"cut")
    dataset = Dataset(folder, DataConfig(panoramas=()))
    assert dataset.rescan() == 13
    assert "maps.exr" in dataset.skipped["000004"]


def test_a_stage_of_small_lights_burns_one_or_two_of_them():
    directions, half = olat_directions(32), np.radians(4)
    for seed in range(20):
        weights = lamps_rand(np.random.default_rng(seed), [], directions, half)
        mean = luminance(light_maps.flux(stage_light(weights, directions, half))) / (4 * np.pi)
        assert mean == pytest.approx(1, rel=0.1) and weights.min() >= 0
        strongest = np.sort(weights.sum(axis=1))[::-1]
        assert strongest[:2].sum() > 0.3 * strongest.sum()


def test_lights_have_mean_luminance_one_and_no_negative_radiance():
    panorama = np.exp(np.random.default_rng(0).normal(size=(64, 128, 3))).astype(np.float32)
    for seed in range(20):
        light = light_rand(np.random.default_rng(seed), [panorama] if seed % 2 else [])
        assert light.shape == (64, 128, 3) and light.min() >= 0
        assert float(luminance(light_maps.flux(light).astype(np.float32))) / (4 * np.pi) == pytest.approx(1, rel=1e-3)


def test_backdrops_are_pictures():
    panorama = np.random.default_rng(0).uniform(0, 1, (64, 128, 3)).astype(np.float32)
    for seed in range(15):
        rng = np.random.default_rng(seed)
        picture = backdrop_rand(rng, 48, [panorama], 0.5)
        assert picture.shape == (48, 48, 3)
        assert np.isfinite(picture).all() and picture.min() >= 0


@pytest.mark.parametrize(("tight", "least", "most"), [(0.0, 1.0, 1.84), (1.0, 1.82, 3.34)])
def test_a_tight_crop_is_filled_by_the_face(tight, least, most):
    zooms = []
    for seed in range(40):
        crop = crop_rand(np.random.default_rng(seed), 100, (0.5, 0.4, 0.3), 100, tight, upright=True)
        zooms.append(np.hypot(*crop.matrix[:, 0]))
    assert least <= min(zooms) and max(zooms) <= most
    assert max(zooms) - min(zooms) > 0.5 * (most - least)


def test_views_of_panoramas_stand_behind_as_many_people_as_was_said():
    panorama = np.ones((64, 128, 3), np.float32)
    rng = np.random.default_rng(1)
    even = [float(np.ptp(backdrop_rand(rng, 32, [panorama], 0.8))) < 1e-4 for _ in range(100)]
    assert sum(even) == pytest.approx(80, abs=12)


@pytest.mark.parametrize("dark", [0.0, 1.0])
def test_in_a_dark_room_the_background_is_darker_than_the_face(dark):
    dataset = dataset_of(subject_of(*sphere_sample(4, size=32)))
    dataset.config = DataConfig(dark=dark, photography=PhotographyConfig(overexposure=0, response=0))
    ratios = []
    for seed in range(30):
        example = example_rand(np.random.default_rng(seed), dataset, 32, Needs(relit=True))
        inside = example["matte"][:, :, 0] > 0.9
        ratios.append(example["background"].mean() / max(float(example["foreground_true"][inside].mean()), 1e-6))
    assert (np.median(ratios) < 0.1) == bool(dark)
