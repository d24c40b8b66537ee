"""Cryptomatte in memory and in headers."""

import json

import numpy as np
import pytest

from relight_stage.synth.cryptomatte import attributes, manifest_of, mask_of

MANIFESTS = {"CryptoObject": {"hat": "055ec73d", "coat": "a8fce865"}, "CryptoMaterial": {"felt": "3913209d"}}


def test_a_manifest_comes_back_from_its_header():
    texts = attributes(MANIFESTS)
    assert {name: manifest_of(texts, name) for name in MANIFESTS} == MANIFESTS
    assert manifest_of(texts, "CryptoAsset") == {}


def test_a_manifest_is_found_under_a_view_layers_name():
    texts = {"cryptomatte/542cafa/name": "ViewLayer.CryptoObject", "cryptomatte/542cafa/manifest": '{"a":"00000001"}'}
    assert manifest_of(texts, "CryptoObject") == {"a": "00000001"}


def test_headers_say_what_the_specification_asks_for():
    texts = attributes(MANIFESTS)
    keys = {name.split("/")[1] for name in texts}
    assert len(keys) == 2 and all(len(key) == 7 and int(key, 16) >= 0 for key in keys)
    for key in keys:
        assert texts[f"cryptomatte/{key}/hash"] == "MurmurHash3_32"
        assert texts[f"cryptomatte/{key}/conversion"] == "uint32_to_float32"
        assert json.loads(texts[f"cryptomatte/{key}/manifest"])


def test_a_mask_is_the_share_of_its_id_in_whichever_place():
    hat, coat = (np.uint32(int(MANIFESTS["CryptoObject"][name], 16)).view(np.float32) for name in ("hat", "coat"))
    first, second = np.zeros((2, 1, 3, 4), np.float32)
    first[0, 0] = (hat, 0.75, coat, 0.25)
    first[0, 1] = (coat, 0.5, 0, 0)
    second[0, 1] = (hat, 0.125, 0, 0)
    mask = mask_of([first, second], MANIFESTS["CryptoObject"]["hat"])
    assert mask[0, :, 0] == pytest.approx([0.75, 0.125, 0])
