"""What comes in and goes out in a real Blender with a window: export, movie, photo card, match."""

import numpy as np
import pytest

pytestmark = pytest.mark.gui

PICTURES = (
    "exchange_panels",
    "exchange_compositor",
    "exchange_movie",
    "exchange_card_left",
    "exchange_card_right",
)


@pytest.fixture(scope="module")
def exchange(visit):
    return visit("exchange", tuple(f"{name}.png" for name in PICTURES), timeout_s=1800)


def test_nothing_complains(exchange):
    assert "Traceback" not in exchange.log


def test_an_empty_clipboard_is_refused_in_a_sentence(exchange):
    assert "There is no picture in the clipboard" in exchange.report["pasted"]


def test_every_map_is_exported_while_the_window_lives(exchange):
    export = exchange.report["export"]
    assert export["error"] == "" and export["ticks"] >= 3
    assert len(export["files"]) == 10 and "photo_relit.png" in export["files"]
    assert exchange.report["recombine"]["error"] == ""


def test_a_movie_waits_when_paused_and_then_goes_on_past_its_broken_frame(exchange):
    assert exchange.report["paused"]["files"] == 1
    assert exchange.report["paused"]["line"].startswith("Paused")
    movie = exchange.report["movie"]
    assert movie["files"] == ["shot_relit_0001.png", "shot_relit_0003.png"]
    assert movie["skipped"].startswith("Skipped 2: ") and movie["shown"]


def test_in_eevee_a_lamp_from_the_left_lights_the_left_side_of_the_person(exchange):
    assert exchange.report["card"]["error"] == "" and "EEVEE" in exchange.report["card"]["engine"]
    left, right = (exchange.shots[f"exchange_card_{side}"].astype(float) for side in ("left", "right"))
    # The card stands in the middle of the camera's frame; what differs by the lamp's side is what it lights.
    differs = (left - right).mean(axis=2)
    person = differs[len(differs) // 4 : len(differs) // 2]
    columns = np.flatnonzero(np.abs(person).max(axis=0) > 10)
    assert columns.size > 50
    middle = columns.size // 2
    assert person[:, columns[:middle]].mean() > person[:, columns[middle:]].mean()
    assert exchange.report["match"]["error"] == "" and exchange.report["match"]["world"] == "Photo light"
