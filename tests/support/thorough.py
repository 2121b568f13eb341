"""Combinations of what another case shows: some in every run, all of them in thorough ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest


def few(
    names: str | tuple[str, ...], cases: Sequence[Any], count: int = 1, **more: Any
) -> pytest.MarkDecorator:
    """``pytest.mark.parametrize`` whose cases beyond the first ``count`` are thorough."""
    single = isinstance(names, str)
    others = [
        pytest.param(*((case,) if single else case), marks=pytest.mark.thorough)
        for case in cases[count:]
    ]
    return pytest.mark.parametrize(names, [*cases[:count], *others], **more)
