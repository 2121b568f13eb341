"""One form of sentence for every failure."""

from __future__ import annotations

import ast
import inspect
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
    odd_value,
)


@pytest.mark.parametrize(
    ("what", "why", "hint", "sentence"),
    [
        ("Reading a", "it is gone", "Look again.", "Reading a: it is gone. Look again."),
        ("Reading a", "it is gone", "", "Reading a: it is gone."),
        ("Reading a:", "it is gone.", " Look again. ", "Reading a: it is gone. Look again."),
        ("  Reading a. ", "  it is gone  ", "", "Reading a: it is gone."),
        ("Reading a", "", "Look again.", "Reading a. Look again."),
        ("Reading a", " . ", "", "Reading a."),
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


# ---- what to do

CORE = Path(__file__).resolve().parents[2] / "core"
WITHOUT_ADVICE = {
    ("cog/codec.py", "Compressing a block failed"): "GDAL in memory: a fault of the installation",
    ("cog/tags.py", "Making the header of a raster failed"): "GDAL in memory, as above",
    ("cog/writer.py", "was never written"): "a fault of FirstLight: nobody can do anything",
    ("raster/picture.py", "A picture cannot be made"): "told beside a result, which is there",
    ("raster/reader.py", "the reader was closed meanwhile"): "only after a stop, and not shown",
    ("execution/dask_cluster/run.py", "The tile failed"): "the engine tries it again and says more",
    ("execution/dask_cluster/task.py", "The tile failed"): "as above",
}
"""Part of a failure's text → why it has no advice."""


def error_names() -> set[str]:
    return {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, FirstLightError) and kind is not Cancelled
    }


def without_advice(text: str) -> list[str]:
    """The calls that make a failure of what and why alone."""
    names = error_names()
    found = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func).rpartition(".")[2]
        starred = any(isinstance(part, ast.Starred) for part in node.args)
        advised = len(node.args) > 2 or any(word.arg == "hint" for word in node.keywords)
        if called in names and not starred and not advised:
            found.append(ast.unparse(node))
    return found


def test_every_failure_says_what_to_do() -> None:
    """The specification, 3.1.3: what failed, why, and what to try."""
    bare = [
        (path.relative_to(CORE).as_posix(), call)
        for path in sorted(CORE.rglob("*.py"))
        for call in without_advice(path.read_text(encoding="utf-8"))
    ]
    used = {
        (place, part)
        for place, call in bare
        for own, part in WITHOUT_ADVICE
        if own == place and part in call
    }
    lost = [
        (place, call)
        for place, call in bare
        if not any(own == place and part in call for own, part in used)
    ]
    assert not lost, "a failure without a hint: say what to do, or argue in WITHOUT_ADVICE why not"
    assert used == set(WITHOUT_ADVICE), "one that is not there any more"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("raise RasterError(what, why)", 1),
        ("raise errors.InputError('a', 'b') from error", 1),
        ("gdal_errors(lambda why: RasterError(what, why))", 1),
        ("raise RasterError(what, why, 'Make it again.')", 0),
        ("raise RasterError(what, why, hint=hint)", 0),
        ("raise RasterError(*parts)", 0),
        ("raise Cancelled('It')", 0),
        ("raise ValueError('a', 'b')", 0),
    ],
)
def test_a_failure_without_advice_is_found(text: str, found: int) -> None:
    assert len(without_advice(text)) == found


def test_data_of_another_form_are_told_without_names_of_types() -> None:
    def told(read: Callable[[Any], object], data: Any) -> str:
        try:
            read(data)
        except (LookupError, AttributeError, TypeError, ValueError, StopIteration) as error:
            return odd_value(error)
        raise AssertionError("read it")

    assert told(lambda data: data["id"], {}) == "it has no 'id'"
    assert told(lambda data: data[3], []) == "a list in it is too short"
    kind = "a part of it is of another kind than it should be"
    assert told(lambda data: data.get("id"), [1]) == kind
    assert told(lambda data: data + 1, "1") == kind
    assert told(lambda data: data["id"], "text") == kind
    assert told(float, "west") == "could not convert string to float: 'west'"
    assert told(lambda data: next(iter(())), 0) == kind
