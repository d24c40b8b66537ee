"""Laws of dyeing: only clothes and hair change, and nothing reflects more than it receives."""

import numpy as np
import pytest

from relight_stage.nets.config import PARSED
from relight_stage.nets.dyes import BRIGHTEST, dye_rand


@pytest.fixture
def person():
    """The left half skin, the right half clothes, hair above both; all covered."""
    rng = np.random.default_rng(0)
    parsing = np.zeros((32, 32, len(PARSED)), np.float32)
    parsing[8:, :16, PARSED.index("skin")] = 1
    parsing[8:, 16:, PARSED.index("clothes")] = 1
    parsing[:8, :, PARSED.index("hair")] = 1
    albedo = rng.uniform(0.05, 0.6, (32, 32, 3)).astype(np.float32)
    return albedo, np.ones((32, 32, 1), np.float32), parsing


def test_skin_is_never_dyed(person):
    for seed in range(40):
        factors = dye_rand(np.random.default_rng(seed), *person)
        assert np.all(factors[8:, :16] == 1)


def test_clothes_and_hair_take_many_colours(person):
    drawn = np.stack([dye_rand(np.random.default_rng(seed), *person) for seed in range(60)])
    assert (drawn[:, 20, 24] != 1).any(axis=-1).mean() > 0.4
    assert (drawn[:, 2, 10] != 1).any(axis=-1).mean() > 0.15
    dyed = (drawn * person[0])[:, 8:, 16:].mean(axis=(1, 2))
    assert dyed.max() > 0.4 and dyed.min() < 0.1


def test_nothing_reflects_more_than_it_receives(person):
    albedo = person[0]
    for seed in range(40):
        dyed = albedo * dye_rand(np.random.default_rng(seed), *person)
        assert dyed.max() <= BRIGHTEST + 1e-5 and dyed.min() > 0
