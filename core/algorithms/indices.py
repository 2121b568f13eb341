"""Spectral indices, read from ``config/indices.yaml``, and a person's own formulas, made into
kernels.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast

import numpy as np

from ..errors import AlgorithmError, InputError
from ..settings import CONFIG_DIR, read_yaml
from ..text import nearest_hint
from .expression import Formula, parse_formula
from .kernel import FloatArray, Kernel, Layer, Values
from .masks import clear_pixels

FORMULA = "Formula"
"""Name of the kernel of a person's own formula."""
STRETCHED = "stretched"
"""Style key of numbers whose range is not known: grey, from what the layer holds."""


@dataclass(frozen=True)
class Index:
    """One spectral index."""

    name: str
    title: str
    formula: Formula
    range: tuple[float, float]
    style: str
    reference: str


@lru_cache(maxsize=1)
def load_indices() -> Mapping[str, Index]:
    """All indices, by name."""
    tree = read_yaml(CONFIG_DIR / "indices.yaml")["indices"]
    return {
        name: Index(
            name=name,
            title=fields["title"],
            formula=parse_formula(fields["formula"]),
            range=(float(fields["range"][0]), float(fields["range"][1])),
            style=fields["style"],
            reference=fields["reference"],
        )
        for name, fields in tree.items()
    }


def index_names() -> tuple[str, ...]:
    """Names of all indices."""
    return tuple(load_indices())


def missing_bands(name: str, available: Collection[str]) -> tuple[str, ...]:
    """What an index of the table needs and these bands do not have: ``nir or nir08``."""
    offers = (_alternatives(band) for band in load_indices()[name].formula.bands)
    return tuple(" or ".join(each) for each in offers if not set(each) & set(available))


def index_kernel(name: str, available: Collection[str]) -> Kernel:
    """The kernel of an index for a stack with these bands.

    Raises
    ------
    InputError
        If the index is not known.
    AlgorithmError
        If the stack lacks a band.
    """
    indices = load_indices()
    by_lower = {known.lower(): known for known in indices}
    wanted = name.strip().lower()
    if wanted not in by_lower:
        close = difflib.get_close_matches(wanted, by_lower, n=3, cutoff=0.4)
        near = " or ".join(by_lower[known] for known in close)
        hint = f"Did you mean {near}?" if near else f"Known: {', '.join(indices)}."
        raise InputError(f"Index '{name}' cannot be used", "it is not known", hint)
    index = indices[by_lower[wanted]]
    chosen = _choose_bands(
        index.formula, available, index.name, f"{index.name} = {index.formula.text}."
    )
    layer = Layer(index.name, index.title, index.range, index.style)
    return Kernel(index.name, chosen, index.formula, (layer,), index.reference)


def formula_kernel(text: str, available: Collection[str]) -> Kernel:
    """The kernel of a person's own formula for a stack with these bands; its values have no range,
    so float32 holds them.

    Raises
    ------
    AlgorithmError
        If the formula is none, or names a band that the stack does not have.
    """
    formula = parse_formula(text)
    chosen = _choose_bands(formula, available, f"The formula '{text}'", "")
    return Kernel(
        FORMULA,
        chosen,
        formula,
        (Layer(FORMULA.lower(), text, (-math.inf, math.inf), STRETCHED),),
        "the user's formula",
    )


def _choose_bands(
    formula: Formula, available: Collection[str], subject: str, hint: str
) -> dict[str, str]:
    """Name in the formula → band of the stack."""
    chosen: dict[str, str] = {}
    for band in formula.bands:
        offers = _alternatives(band)
        match = next((offer for offer in offers if offer in available), None)
        if match is None:
            listed = ", ".join(available) or "no named band"
            raise AlgorithmError(
                f"{subject} cannot be computed",
                f"the stack has no band {' or '.join(offers)} (it has {listed})",
                hint or nearest_hint(band, available, "", cutoff=0.5),
            )
        chosen[band] = match
    return chosen


@lru_cache
def _alternatives(band: str) -> tuple[str, ...]:
    """The bands that serve where a formula names one."""
    return tuple(read_yaml(CONFIG_DIR / "indices.yaml")["alternatives"].get(band, [band]))


@dataclass(frozen=True)
class SeenGround:
    """A formula where every mask sees the ground; no data where one does not."""

    formula: Formula
    masks: tuple[str, ...]

    def __call__(self, values: Values) -> FloatArray:
        """Compute on float32 arrays of one shape, NaN = no data."""
        out = self.formula({name: values[name] for name in self.formula.bands})
        out[~clear_pixels(values, self.masks)] = np.nan
        return out


def without_clouds(kernel: Kernel, masks: Sequence[str]) -> Kernel:
    """The kernel of an index or a formula with no data where a mask shows cloud, its shadow or
    nothing at all.

    Parameters
    ----------
    kernel : Kernel
        Of :func:`index_kernel` or :func:`formula_kernel`.
    masks : sequence of str
        Bands of the stack, of ``MASK_BANDS``.
    """
    seen = SeenGround(cast("Formula", kernel.compute), tuple(masks))
    return replace(kernel, bands={**kernel.bands, **dict(zip(masks, masks))}, compute=seen)
