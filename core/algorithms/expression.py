"""Formulas over band names, parsed and checked node by node; nothing is ever evaluated by Python itself."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import AlgorithmError

FloatArray = npt.NDArray[np.float32]

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
}
MOST_CHARACTERS = 1000
"""A formula of a person is far shorter; nesting is bounded by it too."""
MOST_NUMBER = 3e38
_FUNCTIONS: dict[str, Callable[..., Any]] = {"sqrt": np.sqrt, "abs": np.abs, "exp": np.exp, "log": np.log}


@dataclass(frozen=True)
class Formula:
    """A checked formula; call it with bands to compute it."""

    text: str
    bands: tuple[str, ...]
    """Names used, in the order of appearance."""

    def __call__(self, values: Mapping[str, FloatArray]) -> FloatArray:
        """Compute on float32 arrays of one shape, NaN = no data.

        Where the result is not finite (a division by zero) it is NaN.
        """
        with np.errstate(all="ignore"):
            result = _compute(_parse(self.text).body, values)
        out: FloatArray = np.broadcast_to(np.asarray(result, dtype=np.float32), next(iter(values.values())).shape).copy()
        out[~np.isfinite(out)] = np.nan
        return out


def parse_formula(text: str) -> Formula:
    """Check a formula: band names, numbers, ``+ - * / **``, brackets, sqrt abs exp log.

    Raises
    ------
    AlgorithmError
        Naming what is not allowed.
    """
    names: dict[str, None] = {}
    _check(_parse(text).body, text, names)
    if not names:
        raise AlgorithmError(f"The formula '{text}' cannot be used", "it names no band")
    return Formula(text, tuple(names))


def _parse(text: str) -> ast.Expression:
    if len(text) > MOST_CHARACTERS:
        raise AlgorithmError(f"The formula '{text[:40]}…' cannot be used", f"it is longer than {MOST_CHARACTERS} characters")
    try:
        return ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        why = error.msg if isinstance(error, SyntaxError) else str(error) or type(error).__name__
        raise AlgorithmError(f"The formula '{text}' cannot be used", f"it cannot be parsed ({why})") from error


def _check(node: ast.expr, text: str, names: dict[str, None]) -> None:
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        _check(node.left, text, names)
        _check(node.right, text, names)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        _check(node.operand, text, names)
    elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        if abs(node.value) > MOST_NUMBER:
            raise AlgorithmError(f"The formula '{text}' cannot be used", "a number in it is too large for float32")
    elif isinstance(node, ast.Name):
        names[node.id.lower()] = None
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS and not node.keywords:
        if len(node.args) != 1:
            raise AlgorithmError(f"The formula '{text}' cannot be used", f"{node.func.id} takes one argument")
        _check(node.args[0], text, names)
    else:
        piece = ast.unparse(node)
        raise AlgorithmError(
            f"The formula '{text}' cannot be used",
            f"'{piece}' is not allowed",
            f"Use band names, numbers, + - * / **, brackets and {', '.join(_FUNCTIONS)}.",
        )


def _compute(node: ast.expr, values: Mapping[str, FloatArray]) -> Any:
    if isinstance(node, ast.BinOp):
        return _BINARY[type(node.op)](_compute(node.left, values), _compute(node.right, values))
    if isinstance(node, ast.UnaryOp):
        inner = _compute(node.operand, values)
        return np.negative(inner) if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.Constant):
        return np.float32(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.Call):
        return _FUNCTIONS[node.func.id](_compute(node.args[0], values))  # type: ignore[attr-defined]
    return values[node.id.lower()]  # type: ignore[attr-defined]
