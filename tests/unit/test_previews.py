"""Laws of Live's pictures: what did not change is not computed again, and the last picture is the button's."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from relight_stage.addon.previews import Previewer, Request
from relight_stage.addon.relighting import Networks, Studio
from relight_stage.errors import PhotoError
from relight_stage.nets.lit import NEUTRAL, Sliders
from relight_stage.scenes.colour import srgb_to_linear

spec = importlib.util.spec_from_file_location("stand_ins", Path(__file__).with_name("stand_ins.py"))
stand_ins = importlib.util.module_from_spec(spec)
spec.loader.exec_module(stand_ins)


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    return stand_ins.write_networks(tmp_path_factory.mktemp("networks"))


@pytest.fixture(scope="module")
def photo():
    return srgb_to_linear(stand_ins.draw_portrait(240, 200, 130, (120, 100)))


@pytest.fixture
def request_for(networks, photo):
    def make(radiance=1.0, **changes):
        light = np.full((64, 128, 3), radiance, np.float32)
        request = Request(
            name="photo.png",
            shape=photo.shape[:2],
            photo_key="photo",
            read_photo=lambda: (photo, None),
            light_key=radiance,
            read_light=lambda draft: light,
            is_rough=False,
            sliders=NEUTRAL,
            background_key=None,
            read_background=lambda size, draft: None,
            longest_px=120,
            face=0,
            networks=Networks(networks),
        )
        return replace(request, **changes)

    return make


def draw(previewer, request):
    return list(previewer.draw(request, report=lambda fraction, text: None))


def test_a_new_light_gives_a_draft_and_then_the_picture(request_for):
    pictures = draw(Previewer(Studio()), request_for())
    assert [picture.is_draft for picture in pictures] == [True, False]
    assert all(picture.rgba.shape == (120, 100, 4) for picture in pictures)
    draft, full = (picture.rgba[..., :3] for picture in pictures)
    # Lambert on a sphere: what 96 px leave out is at the edge.
    assert np.abs(draft - full).mean() < 0.05 * full.mean()


def test_a_slider_alone_runs_no_network(request_for, monkeypatch):
    studio = Studio()
    previewer = Previewer(studio)
    full = draw(previewer, request_for())[-1]
    monkeypatch.setattr(studio, "light", None)
    brighter = draw(previewer, request_for(sliders=Sliders(exposure_ev=1)))
    assert len(brighter) == 1
    np.testing.assert_allclose(brighter[0].rgba[..., :3], 2 * full.rgba[..., :3], rtol=1e-4, atol=1e-6)


def test_a_new_light_does_not_take_the_photo_apart_again(request_for):
    previewer = Previewer(Studio())
    draw(previewer, request_for())

    def refuse():
        raise AssertionError("the photo was read again")

    bright = draw(previewer, request_for(2.0, read_photo=refuse))
    assert len(bright) == 2


def test_the_picture_is_the_buttons_where_the_photo_is_no_larger(request_for, photo, networks):
    request = request_for(longest_px=1000)
    live = draw(Previewer(Studio()), request)[-1].rgba
    relit = Studio().relight(
        photo,
        None,
        request.read_light(False),
        None,
        name="photo",
        networks=Networks(networks),
        progress=lambda fraction, text: None,
    )
    # An even light has no key to raise; float32 sums in another order.
    np.testing.assert_allclose(live, relit.picture, rtol=1e-4, atol=1e-5)


def test_memory_that_runs_out_offers_a_smaller_size(request_for):
    def fill():
        raise MemoryError

    with pytest.raises(PhotoError, match=r"^Memory ran out with photo\.png at 200x240 px\. Scale it to 100x120 px"):
        draw(Previewer(Studio()), request_for(read_photo=fill))


def test_a_rough_light_gets_no_more_than_a_draft(request_for):
    assert [picture.is_draft for picture in draw(Previewer(Studio()), request_for(is_rough=True))] == [True]


def test_over_the_photos_own_background_the_unchanged_person_is_the_photo(request_for, photo):
    request = request_for(sliders=Sliders(blend=1), read_background=lambda size, draft: "PHOTO", longest_px=1000)
    picture = draw(Previewer(Studio()), request)[-1].rgba
    # The composition equation, but where the matte's edge was sharpened past it.
    error = np.abs(picture[..., :3] - photo)
    assert np.quantile(error, 0.98) < 0.01 and (picture[..., 3] == 1).all()
