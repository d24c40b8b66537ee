"""Laws of the portrait camera: nobody ends within the picture."""

from dataclasses import replace

import numpy as np
import pytest

from relight_stage.scenes.accessories import Worn
from relight_stage.scenes.cameras import camera_rand
from relight_stage.scenes.heads import SOURCES, bust_of, head_rand
from relight_stage.scenes.packs import find_packs

SIZE = 256


def crossings(bust, camera):
    """Where the edges of the bust's faces cross the picture's lowest row, sorted, pixels."""
    found = []
    for part in bust.parts:
        flat = camera.project(part.vertices, SIZE)
        corners = np.where(part.faces >= 0, part.faces, part.faces[:, :1])
        a, b = flat[corners].reshape(-1, 2), flat[np.roll(corners, -1, 1)].reshape(-1, 2)
        share = (SIZE - 0.5 - a[:, 1]) / np.where(a[:, 1] == b[:, 1], np.inf, b[:, 1] - a[:, 1])
        crossed = (share > 0) & (share < 1)
        found.append((a[:, 0] + share * (b[:, 0] - a[:, 0]))[crossed])
    return np.sort(np.concatenate(found))


@pytest.mark.parametrize("source", SOURCES)
def test_neck_or_chest_reach_the_lower_border_before_every_camera(source):
    packs = find_packs(None)
    if source != "procedural" and getattr(packs, source) is None:
        pytest.skip(f"needs the {source} pack")
    heads = (head_rand(np.random.default_rng(seed), packs) for seed in range(400))
    few = [
        replace(h, worn=Worn(), hair=h.hair and replace(h.hair, style="bald", beard=0.0))
        for h in heads
        if h.source == source
    ][:4]
    busts = [bust_of(head, packs) for head in few]
    rng = np.random.default_rng(0)
    for k in range(300):
        camera = camera_rand(rng)
        places = crossings(busts[k % len(busts)], camera)
        # The middle third of the lowest row is covered: faces cross it all along, a finger's breadth apart at most.
        middle = np.concatenate([[SIZE / 3], places[(places > SIZE / 3) & (places < 2 * SIZE / 3)], [2 * SIZE / 3]])
        assert np.diff(middle).max() < 0.1 * SIZE, camera
