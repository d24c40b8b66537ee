"""Variety is measured as its definitions say, a collapsed axis is named, and an axis that a source lacks is said."""

import os
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from relight_stage.cli import main
from relight_stage.errors import ConfigError, SceneError
from relight_stage.scenes import faces
from relight_stage.scenes.colour import lab
from relight_stage.scenes.heads import head_rand
from relight_stage.scenes.packs import ASSETS_VARIABLE, Packs, find_packs
from relight_stage.scenes.skin import ita_class, ita_deg, skin_colour
from relight_stage.synth import variety
from relight_stage.synth.census import Subject, deed, hair_class, take_census
from relight_stage.synth.variety import RULES, Rule, judge, markdown, report_variety

ROOM = (Path("city.exr"),)


@pytest.fixture(scope="module")
def subjects():
    return take_census(200, 3, Packs(), ROOM, 0)


def test_lab_is_that_of_the_literature():
    color = pytest.importorskip("skimage.color")
    linear = np.random.default_rng(0).uniform(0, 1, (50, 3))
    encoded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    # Its matrix and white carry more digits than ours.
    np.testing.assert_allclose(lab(linear), color.rgb2lab(encoded), atol=0.05)


def test_light_skin_has_a_higher_typology_angle_than_dark_skin():
    angles = ita_deg(skin_colour(np.geomspace(0.002, 0.5, 30), 0.02))
    assert (np.diff(angles) < 0).all()
    assert ita_class(angles[0]) in ("very light", "light") and ita_class(angles[-1]) == "dark"


@pytest.mark.parametrize(
    ("angle", "name"),
    [(60, "very light"), (55, "light"), (30, "intermediate"), (11, "tan"), (-29, "brown"), (-89, "dark")],
)
def test_the_six_classes_end_where_del_bino_has_them_end(angle, name):
    assert ita_class(angle) == name


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ((0.01, 0.008, 0.007), "black"),
        ((0.024, 0.014, 0.009), "dark brown"),
        ((0.09, 0.05, 0.028), "brown"),
        ((0.4, 0.27, 0.14), "blond"),
        ((0.22, 0.068, 0.020), "red"),
        ((0.085, 0.027, 0.012), "red"),
        ((0.2, 0.2, 0.2), "grey"),
        ((0.6, 0.6, 0.58), "white"),
    ],
)
def test_hair_is_called_what_people_call_it(colour, name):
    assert hair_class(colour) == name


@pytest.mark.parametrize(
    ("units", "does"),
    [
        ({}, "neutral"),
        ({"mouthSmile_L": 0.1, "eyeBlink_L": 0.3}, "neutral"),
        ({"mouthSmile_L": 0.6, "jawOpen": 0.2}, "smile"),
        ({"mouth-corner-puller": 0.4, "mouth-open": 0.9}, "mouth open"),
        ({"smile": -0.4}, "corners down"),
        ({"raised": -0.7, "open": 0.3}, "brows down"),
        ({"eyebrows-left-inner-up": 0.9}, "brows up"),
        ({"eyeBlink_L": 0.9}, "eyes closed"),
        ({"lids": -1.0}, "eyes closed"),
        ({"mouthPucker": 0.8}, "other"),
    ],
)
def test_a_face_does_what_weighs_most(units, does):
    assert deed(units) == does


def test_the_procedural_heads_alone_have_no_collapsed_axis(subjects):
    axes = [axis for rule in RULES if (axis := judge(rule, subjects)) is not None]
    assert len(axes) > 20
    assert not [axis.rule.axis for axis in axes if axis.collapsed]


def test_procedural_faces_differ_in_shape():
    drawn = take_census(15, 5, Packs(), ROOM, 15)
    axes = [judge(rule, drawn) for rule in RULES if "Farkas" in rule.why]
    assert len(axes) == 8
    assert not [axis.rule.axis for axis in axes if axis.collapsed]


def test_the_same_seed_draws_the_same_census(subjects):
    assert take_census(20, 3, Packs(), ROOM, 0) == subjects[:20]
    assert take_census(20, 4, Packs(), ROOM, 0) != subjects[:20]


def subject(source="procedural", **values) -> Subject:
    numbers = {name: value for name, value in values.items() if not isinstance(value, str)}
    return Subject(source, "", numbers, {name: value for name, value in values.items() if isinstance(value, str)})


@pytest.mark.parametrize(
    ("measure", "values", "spread"),
    [
        ("deviation", [1, 3], 1),
        ("relative", [1, 3], 0.5),
        ("round", [0, 90, 180, 270], 1),
        ("round", [10, 10, 370], 0),
        ("kinds", ["a", "b", "c", "d"], 4),
        ("kinds", ["a", "a", "a"], 1),
        ("least", ["a", "a", "a", "b"], 0.25),
        ("least", ["a", "a"], 0),
    ],
)
def test_a_spread_is_what_its_name_says(measure, values, spread):
    axis = judge(Rule("x", measure, 0.5, "", of=2), [subject(x=value) for value in values])
    assert axis.spread == pytest.approx(spread, abs=1e-9)
    assert axis.collapsed == (spread < 0.5)


def test_a_source_without_an_axis_is_named():
    drawn = [subject(x=1.0), subject(x=2.0), subject("ict_facekit")]
    axis = judge(Rule("x", "deviation", 0.1, ""), drawn)
    assert axis.without == ("ict_facekit",) and axis.subjects == 2
    assert "| ict_facekit |" in markdown([axis], drawn, 0)
    assert judge(Rule("y", "deviation", 0.1, ""), drawn) is None


def test_sources_that_differ_from_each_other_do_not_hide_that_one_of_them_is_uniform():
    drawn = [subject(x=float(k)) for k in range(20)] + [subject("makehuman", x=50.0)] * 20
    assert not judge(Rule("x", "deviation", 1.0, ""), drawn).collapsed
    assert judge(Rule("x", "deviation", 1.0, "", each=True), drawn).spread == 0


def test_a_collapsed_axis_is_named_after_the_report_is_written(tmp_path, monkeypatch, subjects, capsys):
    monkeypatch.delenv(ASSETS_VARIABLE, raising=False)
    same = [Subject(s.source, s.identity, {**s.numbers, "yaw": 3.0}, {**s.kinds, "light": "sky"}) for s in subjects]
    monkeypatch.setattr(variety, "take_census", lambda *arguments: same)
    assert main(["variety", "--count", "200", "--report", str(tmp_path / "v.md")]) == 1
    said = capsys.readouterr().err
    assert re.search(r"collapsed on 2 of \d+ axes: yaw .*; light ", said) and said.count("\n") == 1
    assert "**0 collapsed**" in (tmp_path / "v.md").read_text()
    picture = cv2.imread(str(tmp_path / "v.png"))
    assert picture is not None and picture.std() > 10


def test_a_draw_that_repeats_people_is_said(monkeypatch, subjects):
    monkeypatch.setattr(variety, "take_census", lambda *arguments: [*subjects[:100], *subjects[:100]])
    with pytest.raises(SceneError, match="100 of 200"):
        report_variety(200, 0, report=lambda line: None)


def test_too_few_subjects_and_a_strange_name_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="--count 10"):
        report_variety(10, 0)
    with pytest.raises(ConfigError, match=r"\.md or \.png"):
        report_variety(300, 0, out=tmp_path / "v.txt")


@pytest.mark.parametrize("source", ["procedural", "makehuman", "ict_facekit"])
def test_landmarks_at_rest_are_those_of_a_face(source):
    packs = find_packs(None) if os.environ.get(ASSETS_VARIABLE) else Packs()
    if source != "procedural" and getattr(packs, source) is None:
        pytest.skip(f"THE PACK {source} IS NOT THERE: its faces are not measured")
    heads = (head_rand(np.random.default_rng([9, k]), packs) for k in range(100))
    head = next(head for head in heads if head.source == source)
    points = faces.resting_landmarks(head, packs)
    assert points.shape == (68, 3)
    x, y, z = points.T
    # The subject's right jaw and eye come first in iBUG's order; brows over eyes over nose over mouth over chin.
    assert x[0] < x[8] < x[16] and x[36] < x[45]
    assert y[19] > y[37] > y[33] > y[51] > y[57] > y[8]
    assert z[30] == max(z)
    # No human face is narrower or rounder than this.
    assert 0.5 < faces.face_ratios(points)["face height / width"] < 1.1
    again = replace(head, pattern=head.pattern + 1)
    np.testing.assert_array_equal(faces.resting_landmarks(again, packs), points)
