"""Closed sets of names: each member is its text wherever it goes."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from firstlight.core.enums import EngineName, Unit


def test_a_member_is_its_text_in_every_place() -> None:
    name = EngineName.CLUSTER
    assert name == "cluster"
    assert (
        f"{name}|{name:>9}|{name!r}|{name!s}|%s" % name
        == "cluster|  cluster|'cluster'|cluster|cluster"
    )
    assert json.dumps({name: name}) == '{"cluster": "cluster"}'
    assert {name: 1}["cluster"] == 1
    assert ", ".join(EngineName) == "auto, serial, threads, cluster, spark"
    assert pickle.loads(pickle.dumps(name)) is name


def test_a_closed_set_takes_nothing_else() -> None:
    with pytest.raises(ValueError, match="turbo"):
        EngineName("turbo")


def test_an_open_set_keeps_what_a_file_of_others_says() -> None:
    unit = Unit("brightness")
    assert isinstance(unit, Unit)
    assert unit == "brightness"
    assert unit not in tuple(Unit)
    assert repr(unit) == "'brightness'"
    assert json.dumps(unit) == '"brightness"'
    assert pickle.loads(pickle.dumps(unit)) == copy.deepcopy(unit) == unit
    assert not unit.is_backscatter
    assert Unit("dB") is Unit.DECIBEL
    with pytest.raises(ValueError, match="3"):
        Unit(3)
