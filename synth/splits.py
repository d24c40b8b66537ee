"""Who and what light belongs to training and who to the test: the same in every run, for shards and for networks."""

import hashlib
from collections.abc import Iterable

# Panoramas that training never sees, and how many identities in a hundred it never sees.
TEST_HDRIS = ("interior", "sunset", "pedestrian_overpass_1k", "quarry_01_1k")
TEST_PERCENT = 10

# Seen people in seen light; then what is new: both, the person alone, the light alone.
SPLITS = ("train", "test", "test_identity", "test_hdri")


def is_test(identity: str, percent: int = TEST_PERCENT) -> bool:
    """Whether an identity belongs to the test: a hash of its name, so that it stays there in every run."""
    digest = hashlib.sha256(identity.encode()).digest()
    return int.from_bytes(digest[:8], "big") % 100 < percent


def is_under(hdri: str, hdris: Iterable[str] = TEST_HDRIS) -> bool:
    """Whether a light, a mixture of several perhaps (joined by ``+``), holds one of ``hdris``."""
    return not set(hdri.split("+")).isdisjoint(hdris)


def split_of(identity: str, hdri: str) -> str:
    """The one of SPLITS that a sample of that person in that light belongs to."""
    new_person, new_light = is_test(identity), is_under(hdri)
    return SPLITS[1 if new_person and new_light else 2 if new_person else 3 if new_light else 0]
