"""Sums of 64 single lights against Cycles' own render under the same panorama."""

import numpy as np
import pytest

from relight_stage.scenes import light_map as lm
from relight_stage.scenes.build.surroundings import build_panorama_world, read_panorama
from relight_stage.scenes.cameras import Camera
from relight_stage.scenes.environments import Environment, Layer, panorama_of
from relight_stage.scenes.hdris import Hdri, studio_hdris
from relight_stage.scenes.lights import olat_directions
from relight_stage.scenes.procedural import procedural_bust, procedural_head_rand
from relight_stage.scenes.sky import Sky
from relight_stage.synth.compose import compose
from relight_stage.synth.sample import Olat
from relight_stage.synth.stage import Stage

CAMERA = Camera(yaw_deg=20, frame_m=0.4)
SIZE = 48


def panoramas():
    files = {path.stem: Hdri(path) for path in studio_hdris()}
    sources = {
        "city": files["city"],
        "sunset": files["sunset"],
        "forest": files["forest"],
        "overcast": Sky(50, clouds=1.0),
    }
    return {
        name: panorama_of(Environment((Layer(source, turn_deg=50),)), read_panorama) for name, source in sources.items()
    }


@pytest.mark.slow
def test_sums_of_64_lights_are_within_5_percent_of_direct_renders_of_a_head():
    head = procedural_bust(procedural_head_rand(np.random.default_rng(4)))
    places, sums, direct = panoramas(), [], []
    with Stage(head, CAMERA, SIZE, seed=1, denoised=False) as stage:
        inside = stage.surface.matte[:, :, 0] > 0.999
        for seed in (1, 2):
            stage.scene.cycles.seed = seed
            singles = stage.light_one_at_a_time(olat_directions(64), 16)
            diffuse, specular = (np.stack([np.asarray(s[k], np.float16) for s in singles]) for k in range(2))
            olat = Olat(diffuse, specular, olat_directions(64))
            for panorama in places.values():
                stage.scene.world = build_panorama_world(panorama)
                on = stage.split(stage.render_planes(128))
                composed = compose(olat, lm.panorama_in_camera(panorama, CAMERA.matrix_world()[:3, :3]))
                direct.append((on.diffuse + on.specular)[inside])
                sums.append((composed.diffuse + composed.specular)[inside])
    for one, name in enumerate(places):
        other = one + len(places)
        # The product of two differences that share no noise: the square of what would be left after endless rendering.
        squared = ((sums[one] - direct[one]) * (sums[other] - direct[other])).mean()
        level = (direct[one] * direct[other]).mean()
        assert np.sqrt(max(squared, 0) / level) < 0.05, name
        assert sums[one].mean() == pytest.approx(direct[one].mean(), rel=0.03), name
