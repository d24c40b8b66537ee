"""Laws of heads, whichever source they come from."""

import json
from dataclasses import make_dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from relight_stage.scenes import heads
from relight_stage.scenes.anatomy import Expression, marks_of
from relight_stage.scenes.bust import LABELS
from relight_stage.scenes.heads import SOURCES, bust_of, head_rand, identity, parameters
from relight_stage.scenes.packs import Packs
from relight_stage.scenes.sculpture import head_field

NO_PACKS = Packs()


def drawn(seed):
    return head_rand(np.random.default_rng(seed), NO_PACKS)


@pytest.fixture(scope="module")
def head():
    # A head with hair to speak of.
    return next(h for h in map(drawn, range(100)) if h.hair.style in ("medium", "long"))


@pytest.fixture(scope="module")
def bust(head):
    return bust_of(head, NO_PACKS)


def test_without_packs_every_head_is_procedural():
    assert {drawn(seed).source for seed in range(20)} == {"procedural"}


def test_sources_are_drawn_as_often_as_they_should(monkeypatch):
    stand_in = drawn(0).subject
    person = make_dataclass("Person", ["hair", "hair_colour", "gender", "age"])(None, (0.1, 0.1, 0.1), 0.5, 0.0)
    monkeypatch.setattr(heads, "makehuman_head_rand", lambda *_: person)
    scanned = make_dataclass("Scanned", ["brows", "masculine", "age"])(stand_in.brows, 0.5, 0.3)
    monkeypatch.setattr(heads, "ict_head_rand", lambda *_: scanned)
    monkeypatch.setattr(heads, "procedural_head_rand", lambda rng: stand_in)
    rng = np.random.default_rng(0)

    def shares(packs):
        names = [head_rand(rng, packs).source for _ in range(1500)]
        return [names.count(source) / 1500 for source in SOURCES]

    # Four standard errors of a share of one half.
    assert shares(Packs(makehuman=Path("m"), ict_facekit=Path("i"))) == pytest.approx([0.56, 0.39, 0.05], abs=0.052)
    assert shares(Packs(makehuman=Path("m")))[1] == 0


def test_the_same_seed_draws_the_same_head():
    assert drawn(5) == drawn(5)
    assert hash(drawn(5)) == hash(drawn(5))
    assert drawn(5) != drawn(6)


def test_identity_ignores_the_expression_and_nothing_of_the_face(head):
    laughing = replace(head, subject=replace(head.subject, expression=Expression(smile=1.0, open=0.5)))
    assert identity(laughing) == identity(head)
    wider = replace(head.subject.shape, nose_width=head.subject.shape.nose_width + 0.5)
    assert identity(replace(head, subject=replace(head.subject, shape=wider))) != identity(head)
    assert len({identity(drawn(seed)) for seed in range(50)}) == 50


def test_parameters_survive_json(head):
    described = parameters(head)
    assert json.loads(json.dumps(described)) == described
    assert described["source"] == "procedural"
    assert described["subject"]["shape"]["age"] == head.subject.shape.age
    assert described["hair"]["style"] == head.hair.style


def test_hair_is_on_the_bust_and_labelled(bust):
    hair = [strands for strands in bust.strands if strands.name == "hair"]
    assert len(hair) == 1
    assert LABELS[hair[0].label] == "hair"
    assert len(hair[0].points) > 2000
    assert LABELS.index("hair") in bust.parts[0].labels


def test_hair_never_enters_the_head(head, bust):
    marks = marks_of(head.subject.shape, head.subject.expression)
    points = next(s for s in bust.strands if s.name == "hair").points[:, 1:].reshape(-1, 3)
    level = head_field(head.subject.shape, marks, points * np.float32([1000, -1000, 1000]))
    # Millimetres; below the chin hair lies on the garment, whose landscape is a centimetre coarse.
    above = points[:, 2] > -0.10
    assert level[above].min() > -2.0


def test_a_bald_head_grows_no_hair(head):
    bust = bust_of(replace(head, hair=replace(head.hair, style="bald", beard=0.0)), NO_PACKS)
    assert {strands.name for strands in bust.strands} == {"brows", "lashes"}
    assert LABELS.index("hair") not in bust.parts[0].labels


def test_a_beard_leaves_the_lips_free(head):
    bust = bust_of(replace(head, hair=replace(head.hair, style="bald", beard=0.9)), NO_PACKS)
    roots = next(s for s in bust.strands if s.name == "beard").points[:, 0]
    lips = bust.parts[0].faces[bust.parts[0].labels == LABELS.index("lips")]
    middle = bust.parts[0].vertices[lips].mean(1)
    inner = middle[np.abs(middle[:, 0]) < 0.015]
    distance = np.linalg.norm(roots[:, None] - inner[None, ::20], axis=-1).min()
    assert distance > 0.001
