"""Formulas over band names, parsed and checked node by node; nothing is ever evaluated by Python
itself.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import AlgorithmError
from ..text import shortened

FloatArray = npt.NDArray[np.float32]

MOST_CHARACTERS = 1000
"""A formula of a person is far shorter."""
MOST_SHOWN = 120
"""Characters of it in a sentence."""
MOST_DEPTH = 100
"""Maximum depth of operations within operations; a sum of n terms is as deep as n."""
MOST_NUMBER = 3e38
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: lambda base, power: (
        np.square(base) if np.ndim(power) == 0 and power == 2 else np.power(base, power)
    ),
}
_ONE: dict[str, Callable[[Any], Any]] = {
    "sqrt": np.sqrt,
    "abs": np.abs,
    "exp": np.exp,
    "log": np.log,
}
_SEVERAL: dict[str, Callable[[Any, Any], Any]] = {"min": np.minimum, "max": np.maximum}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
}
_FUNCTIONS = (*_ONE, *_SEVERAL, "where")
_BLOWS_UP = (ast.Div, ast.Pow)
ALLOWED = f"Use band names, numbers, + - * / **, < <= > >=, brackets and {', '.join(_FUNCTIONS)}."


@dataclass(frozen=True)
class Formula:
    """A checked formula; call it with bands to compute it."""

    text: str
    bands: tuple[str, ...]
    """Names used, in the order of appearance."""

    def __call__(self, values: Mapping[str, FloatArray]) -> FloatArray:
        """Compute on float32 arrays of one shape, NaN = no data.

        NaN is where any of the named bands is, whatever the formula makes of it, and where any step
        of it has no finite result: a division by zero, the root of a negative number.
        """
        tree = _parse(self.text).body
        with np.errstate(all="ignore"):
            result = _compute(tree, values)
        out: FloatArray = np.broadcast_to(
            np.asarray(result, dtype=np.float32), next(iter(values.values())).shape
        ).copy()
        out[~np.isfinite(out)] = np.nan
        if _can_lose_nan(tree):
            for name in self.bands:
                out[np.isnan(values[name])] = np.nan
        return out


def parse_formula(text: str) -> Formula:
    """Check a formula.

    Band names, numbers, ``+ - * / **``, one comparison at a time (1 where it holds, 0 where not),
    brackets, ``sqrt abs exp log`` of one value, ``min max`` of several, ``where(condition, then,
    otherwise)`` with a condition that is not 0.

    Raises
    ------
    AlgorithmError
        Naming what is not allowed.
    """
    names: dict[str, None] = {}
    _Check(text, names).visit(_parse(text).body, 0)
    if not names:
        raise AlgorithmError(
            f"The formula '{shortened(text, MOST_SHOWN)}' cannot be used",
            "it names no band",
            "Write names of bands into it, as in (nir - red) / (nir + red).",
        )
    return Formula(text, tuple(names))


def _parse(text: str) -> ast.Expression:
    if len(text) > MOST_CHARACTERS:
        raise AlgorithmError(
            f"The formula '{shortened(text)}' cannot be used",
            f"it is longer than {MOST_CHARACTERS} characters",
            "Shorten it.",
        )
    try:
        return ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error) or type(error).__name__
        raise AlgorithmError(
            f"The formula '{shortened(text, MOST_SHOWN)}' cannot be used",
            f"it cannot be parsed ({reason})",
            "Write bands, numbers, + - * / ** and brackets: (nir - red) / (nir + red).",
        ) from error


@dataclass(frozen=True)
class _Check:
    """Walks the tree and stops at the first node that is no arithmetic."""

    text: str
    names: dict[str, None]
    """Gets the bands."""

    def visit(self, node: ast.expr, depth: int) -> None:
        if depth > MOST_DEPTH:
            raise self._refusal(
                f"it goes more than {MOST_DEPTH} operations deep", "Write it shorter."
            )
        for inner in self._operands(node):
            self.visit(inner, depth + 1)

    def _operands(self, node: ast.expr) -> list[ast.expr]:
        """The parts that the node computes with."""
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            return [node.left, node.right]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            return [node.operand]
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARE:
            return [node.left, *node.comparators]
        if isinstance(node, ast.Call) and _function(node) in _FUNCTIONS and not node.keywords:
            return self._arguments(_function(node), node.args)
        self._check_leaf(node)
        return []

    def _check_leaf(self, node: ast.expr) -> None:
        """Keep a band's name; refuse what is neither a name nor a number."""
        if isinstance(node, ast.Name):
            self.names[node.id.lower()] = None
        elif not isinstance(node, ast.Constant) or type(node.value) not in (int, float):
            raise self._refusal(
                f"'{shortened(_source(self.text, node), MOST_SHOWN)}' is not allowed", ALLOWED
            )
        elif abs(node.value) > MOST_NUMBER:  # type: ignore[arg-type, operator]
            raise self._refusal("a number in it is too large for float32")

    def _arguments(self, name: str, arguments: list[ast.expr]) -> list[ast.expr]:
        count = len(arguments)
        if name in _ONE and count != 1:
            raise self._refusal(f"{name} takes one argument")
        if name in _SEVERAL and count < 2:
            raise self._refusal(f"{name} takes two arguments or more")
        if name == "where" and count != 3:
            hint = "Write where(condition, then, otherwise)."
            raise self._refusal("where takes three arguments", hint)
        return arguments

    def _refusal(self, reason: str, hint: str = "") -> AlgorithmError:
        return AlgorithmError(
            f"The formula '{shortened(self.text, MOST_SHOWN)}' cannot be used", reason, hint
        )


def _can_lose_nan(tree: ast.expr) -> bool:
    """Presence of a step that gives numbers for NaN: NaN ** 0 is 1, NaN > 1 is false, where() takes
    one side.
    """
    return any(isinstance(node, (ast.Pow, ast.Compare, ast.Call)) for node in ast.walk(tree))


def _source(text: str, node: ast.expr) -> str:
    """What stands there in the formula; not of ``ast``, which goes as deep as the formula does."""
    lines = text.strip().encode().splitlines()
    last = node.end_col_offset if node.end_lineno == node.lineno else None
    line = lines[node.lineno - 1][node.col_offset : last] if lines else b""
    return line.decode("utf-8", "replace")


def _function(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _compute(node: ast.expr, values: Mapping[str, FloatArray]) -> Any:
    if isinstance(node, ast.BinOp):
        return _BINARY[type(node.op)](_step(node.left, values), _step(node.right, values))
    if isinstance(node, ast.UnaryOp):
        operand = _step(node.operand, values)
        return np.negative(operand) if isinstance(node.op, ast.USub) else operand
    if isinstance(node, ast.Compare):
        left, right = _step(node.left, values), _step(node.comparators[0], values)
        truth = np.asarray(_COMPARE[type(node.ops[0])](left, right), np.float32)
        return np.where(np.isnan(left) | np.isnan(right), np.float32(np.nan), truth)
    if isinstance(node, ast.Constant):
        return np.float32(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.Call):
        return _call(_function(node), [_step(argument, values) for argument in node.args])
    return values[node.id.lower()]  # type: ignore[attr-defined]


def _call(name: str, arguments: list[Any]) -> Any:
    if name == "where":
        condition, then, otherwise = arguments
        chosen = np.where(condition != 0, then, otherwise)
        return np.where(np.isnan(condition), np.float32(np.nan), chosen)
    return _ONE[name](*arguments) if name in _ONE else reduce(_SEVERAL[name], arguments)


def _step(node: ast.expr, values: Mapping[str, FloatArray]) -> Any:
    """A step within the formula: infinity is no data there too, else 1 / (1 / 0) were 0 and min(1 /
    0, 5) were 5.
    """
    result = _compute(node, values)
    division = isinstance(node, ast.BinOp) and isinstance(node.op, _BLOWS_UP)
    if division or isinstance(node, ast.Call):
        return np.where(np.isinf(result), np.float32(np.nan), result)
    return result
