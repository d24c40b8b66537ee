"""Recipes are checked whole where they enter."""

import pytest

from relight_stage.errors import ConfigError
from relight_stage.nets.config import read_recipe, recipe_from, table_of


@pytest.mark.parametrize("name", ["tiny", "portable", "paper"])
def test_shipped_recipes_are_good_and_survive_a_round_trip(recipe_path, name):
    recipe = read_recipe(recipe_path.with_name(f"{name}.toml"))
    assert recipe_from(table_of(recipe)) == recipe


@pytest.mark.parametrize(
    "text, words",
    [
        ("[[stages]]\nnet = 'matting'\nsteps = 3\ncolour = 1", "unknown key 'colour'"),
        ("sed = 1\n[[stages]]\nnet = 'matting'", "unknown key 'sed'"),
        ("[[stages]]\nnet = 'matting'\nsteps = '3'", "must be of type int"),
        ("[[stages]]\nnet = 'matting'\nsteps = true", "must be of type int"),
        ("bf16 = 1\n[[stages]]\nnet = 'matting'", "must be of type bool"),
        ("[[stages]]\nsteps = 3", "lacks the key 'net'"),
        ("[[stages]]\nnet = 'mating'", "must be one of matting"),
        ("[[stages]]\nnet = 'matting'\nsize = 100", "multiple of 32"),
        ("[[stages]]\nnet = 'matting'\nbatch = 1", "at least 2"),
        ("seed = 1", "lacks the key 'stages'"),
        ("stages = 3", "must be a list"),
        ("[portrait.geometry]\nwidths = [8, 8]\n[[stages]]\nnet = 'matting'", "must be 6 positive widths"),
        ("[data]\ntest_percent = 0\n[[stages]]\nnet = 'matting'", "test_percent is 0"),
        ("this is no TOML", "not valid TOML"),
        ("[[stages]]\nnet = 'albedo'\nterms.albedo.vg = 0.1", "unknown key 'vg'"),
        ("[[stages]]\nnet = 'albedo'\nterms.albedo.vgg = 0.1", "needs a file of weights; name one in .backbones. vgg"),
        ("[[stages]]\nnet = 'shading'\nterms.shading.identity = 1", "needs a file of weights"),
        ("[[stages]]\nnet = 'albedo'\nterms.albedo.gradient = -1", "must be at least 0"),
        ("[[stages]]\nnet = 'albedo'\nterms.shading.relit = 2", "terms.shading is given, but this stage trains albedo"),
        ("[[stages]]\nnet = 'albedo'\nadversarial.kind = 'gan'", "must be lsgan or wgan-gp"),
        ("[[stages]]\nnet = 'albedo'\nadversarial.side = 16", "3 levels need 32"),
        ("[[stages]]\nnet = 'albedo'\nadversarial.steps = 0", "must be positive"),
        (
            "[[stages]]\nnet = 'all'\nterms.albedo.adversarial = 1\nterms.shading.adversarial = 1",
            "a stage has one critic",
        ),
        ("[[stages]]\nnet = 'albedo'\ntruth_until = 0.5", "truth_until needs on_predictions"),
        ("[[stages]]\nnet = 'albedo'\non_predictions = true\ntruth_until = 2", r"must be in \[0, 1\]"),
        ("[[stages]]\nnet = 'all'\non_predictions = true", "drop on_predictions"),
        ("[[stages]]\nnet = 'albedo'\nfrozen = ['matting']", "frozen is for stages of all"),
        ("[[stages]]\nnet = 'all'\nfrozen = ['mating']", "frozen must name some, not all, of matting"),
        ("[[stages]]\nnet = 'albedo'\nepsilon = 0", "epsilon positive"),
        ("clip = 0\n[[stages]]\nnet = 'albedo'", "clip is 0"),
        ("workers = -1\n[[stages]]\nnet = 'albedo'", "workers is -1"),
        ("[data.photography]\njpeg = 1.5\n[[stages]]\nnet = 'albedo'", "photography: jpeg is 1.5"),
        ("[backbones]\nidentity_side = 4\n[[stages]]\nnet = 'albedo'", "identity_side must be at least 16"),
    ],
)
def test_a_bad_recipe_is_refused_with_the_reason(tmp_path, text, words):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words):
        read_recipe(path)


def test_a_missing_recipe_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.toml"):
        read_recipe(tmp_path / "absent.toml")
