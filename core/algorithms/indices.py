"""Spectral indices: read from ``config/indices.yaml``, made into kernels."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from ..errors import AlgorithmError, InputError
from ..settings import CONFIG_DIR, read_yaml
from .expression import Formula, parse_formula
from .kernel import Kernel, Layer


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
            title=words["title"],
            formula=parse_formula(words["formula"]),
            range=(float(words["range"][0]), float(words["range"][1])),
            style=words["style"],
            reference=words["reference"],
        )
        for name, words in tree.items()
    }


def index_names() -> tuple[str, ...]:
    """Names of all indices."""
    return tuple(load_indices())


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
    index = indices.get(name.strip().upper())
    if index is None:
        near = difflib.get_close_matches(name.upper(), indices, n=3, cutoff=0.4)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(indices)}."
        raise InputError(f"Index '{name}' cannot be used", "it is not known", hint)
    alternatives = read_yaml(CONFIG_DIR / "indices.yaml")["alternatives"]
    chosen: dict[str, str] = {}
    for band in index.formula.bands:
        offers = alternatives.get(band, [band])
        match = next((offer for offer in offers if offer in available), None)
        if match is None:
            raise AlgorithmError(
                f"{index.name} cannot be computed",
                f"the stack has no band {' or '.join(offers)} (it has {', '.join(available) or 'no named band'})",
                f"{index.name} = {index.formula.text}.",
            )
        chosen[band] = match
    layer = Layer(index.name, index.title, index.range, index.style)
    return Kernel(index.name, chosen, index.formula, (layer,), index.reference)
