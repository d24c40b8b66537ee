"""Laws of the light from afar: its energy, its colours, where it stands."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from relight_stage.scenes import light_map as lm
from relight_stage.scenes.colour import luminance
from relight_stage.scenes.environments import Environment, Layer, environment_rand, panorama_of
from relight_stage.scenes.hdris import Hdri
from relight_stage.scenes.lamp import Lamp, lamp_panorama
from relight_stage.scenes.light_path import light_path_rand
from relight_stage.scenes.panorama import add_disc, direction_of, enlarged, world_directions
from relight_stage.scenes.room import room_panorama, room_rand
from relight_stage.scenes.sky import SUN_HALF_ANGLE, SUN_KLX, Sky, clear_sky, clouded_sky, sky_panorama, sky_rand
from relight_stage.scenes.spectra import black_body, sunlight
from relight_stage.scenes.street import street_panorama, street_rand
from relight_stage.scenes.studio import FlatLamp, Studio, studio_panorama, studio_rand

DARK = (0.0, 0.0, 0.0)


def no_files(path):
    raise AssertionError(f"{path} should not be read")


def mean_luminance(panorama):
    return float(luminance(lm.flux(panorama))) / (4 * np.pi)


def middle(panorama):
    """Direction of the mean of all light, in the world."""
    height = len(panorama)
    weight = luminance(panorama) * lm.solid_angles(height)
    mean = (world_directions(height) * weight[:, :, None]).sum((0, 1))
    return mean / np.linalg.norm(mean)


@pytest.mark.parametrize("seed", range(12))
def test_any_environment_can_be_painted_and_written_down(seed):
    environment = environment_rand(np.random.default_rng(seed), ())
    panorama = panorama_of(environment, no_files)
    assert panorama.shape == (512, 1024, 3) and panorama.dtype == np.float32
    assert np.isfinite(panorama).all() and panorama.min() >= 0
    # Every layer is exposed to its strength; a lamp at 1 m too.
    assert mean_luminance(panorama) == pytest.approx(sum(la.strength for la in environment.layers), rel=0.01)
    written = json.loads(json.dumps(environment.parameters()))["layers"]
    assert [layer["source"]["kind"] for layer in written] == [
        type(la.source).__name__.lower() for la in environment.layers
    ]
    again = environment_rand(np.random.default_rng(seed), ())
    assert again == environment and np.array_equal(panorama_of(again, no_files), panorama)


def test_layers_add_and_names_join(tmp_path):
    first = Layer(Hdri(tmp_path / "a.exr"), turn_deg=45, strength=2.0, tint=(1.2, 1.0, 0.4))
    second = Layer(Hdri(tmp_path / "b.exr"))
    files = {
        layer.source.path: np.random.default_rng(k).gamma(0.3, 5, (64, 128, 3))
        for k, layer in enumerate((first, second))
    }
    both = panorama_of(Environment((first, second)), files.get)
    one, other = (panorama_of(Environment((layer,)), files.get) for layer in (first, second))
    assert both == pytest.approx(one + other, rel=1e-5)
    assert Environment((first, second)).name == "a+b"
    assert lm.flux(one) / lm.flux(files[first.source.path]) == pytest.approx(
        2.0 * np.array(first.tint) / mean_luminance(files[first.source.path]), rel=1e-5
    )


def test_a_turn_is_counter_clockwise_from_above():
    files = {Path("spot.exr"): np.full((64, 128, 3), 1e-3)}
    files[Path("spot.exr")][32, 64] = 100.0  # the centre of a panorama is +X
    turned = panorama_of(Environment((Layer(Hdri(Path("spot.exr")), turn_deg=90),)), files.get)
    brightest = world_directions(64).reshape(-1, 3)[turned.sum(axis=-1).argmax()]
    assert brightest @ [0, 1, 0] > 0.998


def test_large_files_are_averaged_down_and_keep_their_light():
    files = {Path("sun.exr"): np.full((1536, 3072, 3), 0.1, np.float32)}
    files[Path("sun.exr")][300, 1000] = 1e6
    small = panorama_of(Environment((Layer(Hdri(Path("sun.exr"))),)), files.get)
    assert small.shape == (1024, 2048, 3)
    share = files[Path("sun.exr")][300, 1000, 0] * lm.solid_angles(1536)[300, 0] / lm.flux(files[Path("sun.exr")])[0]
    found = small.max(axis=-1) > 1.0
    lit = (small[:, :, 0] * lm.solid_angles(1024) * found).sum() / lm.flux(small)[0]
    assert lit == pytest.approx(share, rel=1e-3)


@pytest.mark.parametrize("half_deg", [0.05, 0.2665, 2.0, 15.0])
@pytest.mark.parametrize("elevation", [-20.0, 0.0, 37.0, 88.0])
def test_a_disc_keeps_its_light_and_place_however_small(half_deg, elevation):
    panorama = np.zeros((512, 1024, 3), np.float32)
    toward, half = direction_of(33.0, elevation), np.radians(half_deg)
    add_disc(panorama, toward, half, np.array([3.0, 2.0, 1.0]))
    solid = 2 * np.pi * (1 - np.cos(half))
    assert lm.flux(panorama) == pytest.approx(solid * np.array([3.0, 2.0, 1.0]), rel=1e-4)
    assert middle(panorama) @ toward > np.cos(np.radians(0.18))  # half a texel


def test_enlarging_keeps_what_is_linear():
    ramp = np.linspace(0, 1, 16)[:, None] * np.ones((16, 32))
    large = enlarged(ramp, 64)
    assert large.shape == (64, 128)
    assert np.allclose(np.diff(large[4:-4, 0]), 1 / 15 / 4, atol=1e-9)


def test_black_bodies_have_their_known_colours():
    def chromaticity(kelvin):
        xyz = np.linalg.solve(
            [
                [3.2404542, -1.5371385, -0.4985314],
                [-0.9692660, 1.8760108, 0.0415560],
                [0.0556434, -0.2040259, 1.0572252],
            ],
            black_body(kelvin),
        )
        return xyz[:2] / xyz.sum()

    # CIE 15: illuminant A is the black body of 2856 K at (0.4476, 0.4074); the fit of the curves is good to 0.005.
    assert chromaticity(2856) == pytest.approx([0.4476, 0.4074], abs=0.006)
    # The Planckian locus at 5000 K, Wyszecki and Stiles 1982, table 1(3.11).
    assert chromaticity(5000) == pytest.approx([0.3451, 0.3516], abs=0.006)
    assert luminance(black_body(3000)) == pytest.approx(1, rel=1e-5)


def test_the_sun_is_as_bright_as_it_is():
    # Outdoor practice: 60 to 100 klx from a high sun through clear air, and redder the lower it is.
    high, low = sunlight(60, 2.5), sunlight(5, 2.5)
    assert 60 < SUN_KLX * luminance(high) < 110
    assert luminance(low) < 0.35 * luminance(high)
    assert low[0] / low[2] > 2 * high[0] / high[2]
    sky = Sky(sun_elevation_deg=40, turbidity=2.5)
    panorama = sky_panorama(sky)
    # Radiance of the disc, never clipped: illuminance over its solid angle of 6.8e-5 sr.
    true = SUN_KLX * sunlight(40, 2.5) / (2 * np.pi * (1 - np.cos(SUN_HALF_ANGLE)))
    assert luminance(panorama.max(axis=(0, 1))) > 0.5 * luminance(true)
    assert panorama.max() > 1e5 * np.median(panorama)


def test_a_clear_sky_is_blue_and_brightest_about_the_sun():
    rays = world_directions(128)
    sky = clear_sky(30, 2.5, rays)
    zenith = sky[2].mean(axis=0)
    assert zenith[2] > 1.5 * zenith[0]
    upper = luminance(sky[:60])
    assert rays[:60].reshape(-1, 3)[upper.argmax()] @ direction_of(0, 30) > np.cos(np.radians(12))
    # Horizontal sky light of 5 to 35 klx is what clear days have; Preetham's model gives a little much.
    up = np.maximum(rays[:, :, 2], 0) * lm.solid_angles(128)
    assert 5 < float((luminance(sky) * up).sum()) < 35


def test_clouds_hide_the_sun_but_not_the_day():
    _, beam = clouded_sky(Sky(40, clouds=0.0), np.random.default_rng(0))
    grey, hidden = clouded_sky(Sky(40, clouds=1.0), np.random.default_rng(0))
    assert luminance(hidden) < 0.01 * luminance(beam)
    upper = luminance(grey[:256])
    # Moon and Spencer: the zenith is three times the horizon; clouds vary by 15%.
    assert upper[:20].mean() == pytest.approx(3 * upper[-6:].mean(), rel=0.3)
    assert 0.9 < grey[..., 0].mean() / grey[..., 2].mean() < 1.1


def test_a_flat_lamp_gives_the_irradiance_it_is_set_to():
    lamp = FlatLamp(40.0, 35.0, 1.5, (0.8, 0.5), "box", 0.7, (1.0, 1.0, 1.0))
    panorama = studio_panorama(Studio("loop", (lamp,), DARK, DARK))
    toward = direction_of(40, 35)
    cosine = np.maximum(world_directions() @ toward, 0) * lm.solid_angles(512)
    assert (panorama[:, :, 0] * cosine).sum() == pytest.approx(0.7, rel=1e-3)
    assert middle(panorama) @ toward > 0.9995
    # A diffuse emitter of 0.8 m × 0.5 m at 1.5 m: ∫ cos² /r² over its face, by points on it.
    x, y = np.meshgrid((np.arange(200) + 0.5) / 200 * 0.8 - 0.4, (np.arange(200) + 0.5) / 200 * 0.5 - 0.25)
    squared = x**2 + y**2 + 1.5**2
    projected = (1.5**2 / squared**2).mean() * 0.8 * 0.5
    assert panorama.max() == pytest.approx(0.7 / projected, rel=0.01)


def test_a_lamp_at_twice_the_distance_gives_a_quarter():
    near, far = (mean_luminance(lamp_panorama(Lamp(20, 10, distance))) for distance in (1.0, 2.0))
    assert near == pytest.approx(1, rel=1e-3)
    assert far == pytest.approx(0.25, rel=1e-3)


def test_window_light_comes_from_the_window():
    rng = np.random.default_rng(3)
    room = next(
        r
        for r in (room_rand(rng) for _ in range(200))
        if not r.bulbs and len(r.windows) == 1 and r.windows[0].wall == 1
    )
    assert middle(room_panorama(room)) @ [1, 0, 0] > 0.5  # wall 1 stands at +X
    closed = room_panorama(replace(room, windows=()))
    assert closed.max() == 0  # no light, dark walls


def test_a_street_at_night_is_dark_with_small_bright_lamps():
    for seed in range(4):
        panorama = luminance(street_panorama(street_rand(np.random.default_rng(seed))))
        assert panorama.max() > 300 * panorama.mean()
        bright = panorama > 10 * panorama.mean()
        assert (bright * lm.solid_angles(512)).sum() < 0.05 * 4 * np.pi


def test_skies_studios_rooms_and_streets_are_many():
    for draw, paint in ((sky_rand, sky_panorama), (studio_rand, studio_panorama), (room_rand, room_panorama)):
        pictures = [lm.resize(paint(draw(np.random.default_rng(seed))), 16) for seed in range(6)]
        pictures = [p / p.mean() for p in pictures]
        apart = [np.abs(a - b).mean() for i, a in enumerate(pictures) for b in pictures[:i]]
        assert min(apart) > 0.1  # of a mean of 1


def test_a_carried_lamp_moves_steadily_and_comes_back():
    rng = np.random.default_rng(5)
    surroundings = environment_rand(rng, ())
    path = light_path_rand(rng, surroundings)
    lamps = [path.at(t / 25).layers[-1].source for t in range(100)]
    steps = np.abs(np.diff([lamp.azimuth_deg for lamp in lamps]))
    # The fastest swing of 150° at 0.5 Hz crosses 150·2π·0.5 degrees a second.
    assert 0 < steps.max() <= 150 * np.pi / 25 + 1e-9
    assert path.at(0.0).layers[:-1] == surroundings.layers
    period = replace(path, rates_hz=(0.25, 0.25, 0.25))
    assert period.at(4.0).layers[-1].source.azimuth_deg == pytest.approx(period.at(0.0).layers[-1].source.azimuth_deg)
    assert path.at(1.3) == path.at(1.3)


def test_an_ordinary_picture_saved_as_an_hdri_is_named(tmp_path):
    import cv2

    pixels = np.random.default_rng(0).uniform(0, 0.8, (32, 64, 3)).astype(np.float32)
    pixels[4:8, 10:20] = 1.0  # a window cut off at white
    cv2.imwrite(str(tmp_path / "ldr.hdr"), pixels)
    remark = lm.remark_on_range(lm.read_light_map(tmp_path / "ldr.hdr"), "ldr.hdr")
    assert remark.startswith("ldr.hdr is an ordinary picture saved as an HDRI: 2.0% of it")
    pixels[4:8, 10:20] *= np.linspace(1, 30, 10)[:, None]  # the same window as it was
    cv2.imwrite(str(tmp_path / "hdr.hdr"), pixels)
    light = lm.read_light_map(tmp_path / "hdr.hdr")
    assert light.max() > 25 and not lm.remark_on_range(light, "hdr.hdr")
