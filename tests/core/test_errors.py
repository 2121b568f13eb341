"""One form of sentence for every failure."""

from __future__ import annotations

import inspect
import pickle

import pytest

from firstlight.core import errors
from firstlight.core.errors import (
    AreaError,
    BandDownloadError,
    BandStackError,
    Cancelled,
    FirstLightError,
    IngestionError,
    InputError,
    ValidationError,
)


@pytest.mark.parametrize(
    ("what", "why", "hint", "sentence"),
    [
        ("Reading a", "it is gone", "Look again.", "Reading a: it is gone. Look again."),
        ("Reading a", "it is gone", "", "Reading a: it is gone."),
        ("Reading a:", "it is gone.", " Look again. ", "Reading a: it is gone. Look again."),
        ("  Reading a. ", "  it is gone  ", "", "Reading a: it is gone."),
    ],
)
def test_a_failure_reads_what_why_hint(what: str, why: str, hint: str, sentence: str) -> None:
    assert str(FirstLightError(what, why, hint)) == sentence


def test_every_named_failure_is_one_tree_with_a_docstring() -> None:
    named = [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, BaseException)
    ]
    assert len(named) > 15
    assert all(issubclass(kind, FirstLightError) and kind.__doc__ for kind in named)


@pytest.mark.parametrize(
    ("name", "parent"),
    [
        ("IngestionError", FirstLightError),
        ("BandStackError", IngestionError),
        ("CRSMismatchError", BandStackError),
        ("ExtentMismatchError", BandStackError),
        ("ResolutionError", BandStackError),
        ("ValidationError", FirstLightError),
        ("BlankBandError", ValidationError),
        ("VRTSourceNotFoundError", ValidationError),
        ("BandDownloadError", IngestionError),
        ("AreaError", InputError),
        ("SettingsError", InputError),
    ],
)
def test_the_names_of_the_specification_are_there(name: str, parent: type[FirstLightError]) -> None:
    assert issubclass(getattr(errors, name), parent)


def test_being_stopped_says_what_stays() -> None:
    assert (
        str(Cancelled())
        == "The operation: stopped by the user. What was finished is kept; run it again to go on."
    )


@pytest.mark.parametrize("error", [AreaError("a", "b", "c"), BandDownloadError("a", "b")])
def test_a_failure_survives_pickling(error: FirstLightError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
