"""Formulas: computed as numpy computes them, and nothing but arithmetic gets through."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
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
    pair = st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "**"]), inner).map(
        lambda t: f"({t[0]} {t[1]} {t[2]})"
    )
    function = st.tuples(st.sampled_from(["sqrt", "abs", "exp", "log"]), inner).map(
        lambda t: f"{t[0]}({t[1]})"
    )
    several = st.tuples(st.sampled_from(["min", "max"]), inner, inner, inner).map(
        lambda t: f"{t[0]}({t[1]}, {t[2]}, {t[3]})"
    )
    compare = st.tuples(inner, st.sampled_from(["<", "<=", ">", ">="]), inner).map(
        lambda t: f"({t[0]} {t[1]} {t[2]})"
    )
    where = st.tuples(compare, inner, inner).map(lambda t: f"where({t[0]}, {t[1]}, {t[2]})")
    return (
        pair
        | function
        | several
        | where
        | compare
        | inner.map(lambda text: f"(-{text})")
        | inner.map(lambda text: f"(+{text})")
    )


def pixel(node: Any, at: tuple[int, int]) -> float:
    """The value of one pixel in double precision, NaN for whatever is not known: written from the
    rules, not from the code.
    """
    import ast

    def of(inner: Any) -> float:
        return pixel(inner, at)

    nan = math.nan
    if isinstance(node, ast.Name):
        return float(BANDS[node.id][at])
    if isinstance(node, ast.Constant):
        return float(np.float32(node.value))
    if isinstance(node, ast.UnaryOp):
        return -of(node.operand) if isinstance(node.op, ast.USub) else of(node.operand)
    if isinstance(node, ast.Compare):
        one, other = of(node.left), of(node.comparators[0])
        order = {
            ast.Lt: one < other,
            ast.LtE: one <= other,
            ast.Gt: one > other,
            ast.GtE: one >= other,
        }
        return nan if math.isnan(one) or math.isnan(other) else float(order[type(node.ops[0])])
    if isinstance(node, ast.Call):
        given = [of(one) for one in node.args]
        name = node.func.id  # type: ignore[attr-defined]
        if name == "where":
            return nan if math.isnan(given[0]) else given[1] if given[0] else given[2]
        if any(math.isnan(one) for one in given):
            return nan
        if name in ("min", "max"):
            return {"min": min, "max": max}[name](given)
        kinds: dict[str, Any] = {"sqrt": np.sqrt, "abs": np.abs, "exp": np.exp, "log": np.log}
        found = float(kinds[name](np.float64(given[0])))
    else:
        one, other = np.float64(of(node.left)), np.float64(of(node.right))
        kinds = {
            ast.Add: np.add,
            ast.Sub: np.subtract,
            ast.Mult: np.multiply,
            ast.Div: np.divide,
            ast.Pow: np.power,
        }
        found = float(kinds[type(node.op)](one, other))
    return found if abs(found) <= 3.4e38 else nan


def expected(text: str) -> Any:
    import ast

    tree = ast.parse(text, mode="eval").body
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in BANDS}
    with np.errstate(all="ignore"):
        values = np.array([[pixel(tree, (y, x)) for x in range(2)] for y in range(2)])
    for name in used:
        values[np.isnan(BANDS[name])] = np.nan
    return values


def is_tame(text: str) -> bool:
    """Whether single and double precision take the same way: no comparison of near equals, no
    numbers near the limits.
    """
    import ast

    tree = ast.parse(text, mode="eval").body
    for node in ast.walk(tree):
        if not isinstance(node, ast.expr) or (isinstance(node, ast.Name) and node.id not in BANDS):
            continue
        for at in np.ndindex(2, 2):
            with np.errstate(all="ignore"):
                value = pixel(node, at)
                if not math.isnan(value) and value != 0 and not 1e-6 < abs(value) < 1e6:
                    return False
                if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
                    sides = max(abs(pixel(node.left, at)), abs(pixel(node.right, at)))
                    if abs(value) < 1e-3 * sides:
                        return False
                if isinstance(node, ast.Compare):
                    one, other = pixel(node.left, at), pixel(node.comparators[0], at)
                    if abs(one - other) < 1e-3 * max(abs(one), abs(other)):
                        return False
    return True


@settings(
    max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(st.recursive(LEAF, combine, max_leaves=6).filter(is_tame))
def test_any_formula_is_what_the_rules_say_pixel_by_pixel(text: str) -> None:
    text = f"({text}) + 0 * red"
    got = parse_formula(text)(BANDS)
    assert got.dtype == np.float32
    assert np.allclose(got, expected(text), rtol=2e-3, atol=1e-6, equal_nan=True)


@pytest.mark.thorough
@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    st.text(alphabet=st.characters(blacklist_categories=()), max_size=60)
    | st.lists(
        st.sampled_from(
            [
                *"()[]{}+-*/%.,:;@!~<>=&|^'\"\\#\n",
                "nir",
                "red",
                "1",
                "1e9",
                "where",
                "sqrt",
                "lambda",
                "__class__",
                "import",
                "if ",
                " ",
            ]
        ),
        max_size=30,
    ).map("".join)
)
@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
def test_whatever_somebody_types_is_numbers_or_one_error(text: str) -> None:
    """Formulas made of scraps of Python: either arithmetic on the bands named, or a refusal in a
    sentence.
    """
    refusals = []
    try:
        formula = parse_formula(text)
    except AlgorithmError as error:
        refusals.append(str(error))
    if refusals:
        assert "cannot be used: " in refusals[0]
        return
    names = re.findall(r"[^\W\d]\w*", unicodedata.normalize("NFKC", text).lower())
    assert set(formula.bands) <= set(names)
    if set(formula.bands) <= set(BANDS):
        assert formula(BANDS).shape == (2, 2)


@pytest.mark.parametrize(
    "text",
    [
        "nir ** 0",
        "where(nir > 0.3, 1, 0)",
        "nir > 0.3",
        "max(nir, 0.2)",
        "where(red > 0, 1, nir)",
        "exp(-nir) ** 0",
    ],
)
def test_no_data_in_a_band_is_no_data_in_the_result(text: str) -> None:
    """NaN ** 0 is 1 and NaN > 0.3 is false for numpy: a map would say "fine" of what nobody saw."""
    got = parse_formula(text)(BANDS)
    assert np.isnan(got[1, 0])
    assert np.isfinite(np.delete(got.ravel(), 2)).all()


@pytest.mark.parametrize(
    "text",
    [
        "1 / (1 / blue)",
        "min(1 / blue, 5)",
        "where(1 / blue > 2, 1, 0)",
        "max(log(blue), 0)",
        "exp(1000 - blue) ** -1",
    ],
)
def test_a_step_without_a_finite_result_is_no_data(text: str) -> None:
    assert np.isnan(parse_formula(text)(BANDS)[0, 0])


def test_comparisons_and_choices() -> None:
    assert parse_formula("nir > red")(BANDS)[0].tolist() == [1.0, 0.0]
    assert parse_formula("where(nir >= 0.5, red, blue)")(BANDS)[0].tolist() == pytest.approx(
        [0.1, 1.0]
    )
    assert parse_formula("min(nir, red, blue)")(BANDS)[1, 1] == -2.0


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
        "nir < red < blue",
        "nir == red",
        "nir != red",
        "nir in red",
        "nir is red",
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
        "range(nir, red)",
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
        ("max(nir)", "max takes two arguments or more"),
        (
            "where(nir > 1, 2)",
            "where takes three arguments. Write where(condition, then, otherwise).",
        ),
        ("-" * 500 + "nir", "it goes more than 100 operations deep. Write it shorter."),
        ("+".join(["nir"] * 200), "it goes more than 100 operations deep"),
        ("sqrt()", "sqrt takes one argument"),
        (
            "nir.real",
            "'nir.real' is not allowed. Use band names, numbers, + - * / **, < <= > >=, "
            "brackets and sqrt, abs, exp, log, min, max, where.",
        ),
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
