"""Formulas: computed as numpy computes them, and nothing but arithmetic gets through."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstlight.core.algorithms.expression import parse_formula
from firstlight.core.errors import AlgorithmError

BANDS = {
    "nir": np.array([[0.5, 0.1], [np.nan, 0.9]], np.float32),
    "red": np.array([[0.1, 0.2], [0.3, -0.1]], np.float32),
    "blue": np.array([[0.0, 1.0], [2.0, -2.0]], np.float32),
}
LEAF = st.one_of(
    st.sampled_from(sorted(BANDS)),
    st.integers(0, 20).map(str),
    st.floats(0, 10, allow_nan=False, width=16).map(lambda value: repr(float(value))),
)


def combine(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "**"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
    function = st.tuples(st.sampled_from(["sqrt", "abs", "exp", "log"]), inner).map(lambda t: f"{t[0]}({t[1]})")
    return pair | function | inner.map(lambda text: f"(-{text})") | inner.map(lambda text: f"(+{text})")


def as_numpy(text: str) -> Any:
    """The same formula by Python itself, every number a float32: good enough for a test, never for users."""
    import ast

    class Single(ast.NodeTransformer):
        def visit_Constant(self, node: ast.Constant) -> ast.AST:
            return ast.copy_location(ast.Call(ast.Name("f32", ast.Load()), [node], []), node)

    tree = ast.fix_missing_locations(Single().visit(ast.parse(text, mode="eval")))
    names = {**BANDS, "f32": np.float32, "sqrt": np.sqrt, "abs": np.abs, "exp": np.exp, "log": np.log}
    with np.errstate(all="ignore"):
        result = np.broadcast_to(np.asarray(eval(compile(tree, "", "eval"), {}, names), np.float32), (2, 2)).copy()
    result[~np.isfinite(result)] = np.nan
    return result


@settings(max_examples=250, deadline=None, derandomize=True)
@given(st.recursive(LEAF, combine, max_leaves=10))
def test_any_formula_is_what_numpy_computes(text: str) -> None:
    text = f"({text}) + 0 * red"
    got = parse_formula(text)(BANDS)
    assert got.dtype == np.float32
    # one unit in the last place: numpy computes powers of single numbers and of arrays differently
    assert np.allclose(got, as_numpy(text), rtol=1e-5, atol=1e-6, equal_nan=True)


@pytest.mark.parametrize(
    ("text", "bands"),
    [
        ("(nir - red) / (nir + red)", ("nir", "red")),
        ("red + nir + red", ("red", "nir")),
        (" NIR ", ("nir",)),
        ("2.5 * (nir - red) / (nir + 6 * red - 7.5 * blue + 1)", ("nir", "red", "blue")),
    ],
)
def test_the_bands_of_a_formula_in_order(text: str, bands: tuple[str, ...]) -> None:
    assert parse_formula(text).bands == bands


def test_a_division_by_zero_is_no_data_and_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    got = parse_formula("1 / blue")(BANDS)
    assert np.isnan(got[0, 0])
    assert got[0, 1] == 1.0
    assert not recwarn.list


def test_a_constant_has_the_shape_of_the_bands_and_may_be_written_to() -> None:
    got = parse_formula("nir * 0 + 3")({"nir": np.zeros((3, 4), np.float32)})
    assert got.shape == (3, 4)
    got[0, 0] = 1
    assert got[0, 1] == 3


@pytest.mark.parametrize(
    "text",
    [
        "nir.real",
        "nir.__class__",
        "__import__('os')",
        "().__class__.__bases__",
        "[x for x in nir]",
        "{nir}",
        "{'a': nir}",
        "(nir, red)",
        "[nir]",
        "'nir'",
        "b'nir'",
        "f'{nir}'",
        "nir[0]",
        "nir if red else blue",
        "lambda: nir",
        "nir and red",
        "not nir",
        "~nir",
        "nir < red",
        "nir == red",
        "nir // red",
        "nir % red",
        "nir @ red",
        "nir & red",
        "nir << 2",
        "nir + True",
        "nir + None",
        "nir + ...",
        "nir * 1j",
        "eval(nir)",
        "max(nir)",
        "sqrt.x(nir)",
        "(sqrt)(nir)(red)",
        "sqrt(*nir)",
        "sqrt(x=nir)",
        "sqrt(**nir)",
        "(yield nir)",
        "(nir := red)",
        "await nir",
    ],
)
def test_anything_but_arithmetic_is_refused(text: str) -> None:
    with pytest.raises(AlgorithmError, match="cannot be used: ") as caught:
        parse_formula(text)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it cannot be parsed"),
        ("nir +", "it cannot be parsed"),
        ("nir; red", "it cannot be parsed"),
        ("import os", "it cannot be parsed"),
        ("x = nir", "it cannot be parsed"),
        ("nir\nred", "it cannot be parsed"),
        ("1 + 1", "it names no band"),
        ("sqrt(nir, red)", "sqrt takes one argument"),
        ("sqrt()", "sqrt takes one argument"),
        ("nir.real", "'nir.real' is not allowed. Use band names, numbers, + - * / **, brackets and sqrt, abs, exp, log."),
    ],
)
def test_a_refusal_says_why(text: str, why: str) -> None:
    with pytest.raises(AlgorithmError) as caught:
        parse_formula(text)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["nir\0", "-" * 20000 + "nir", "+".join(["nir"] * 3000), "nir + 1" + "0" * 400],
    ids=["a zero byte", "20000 signs", "3000 terms", "a number of 401 digits"],
)
def test_a_monstrous_formula_is_refused(text: str) -> None:
    try:
        parse_formula(text)(BANDS)
    except AlgorithmError:
        return
    pytest.fail("taken") if "\0" in text else None


def test_a_refusal_of_a_long_formula_is_still_one_sentence() -> None:
    with pytest.raises(AlgorithmError):
        parse_formula("(" * 300 + "nir" + ")" * 300)
