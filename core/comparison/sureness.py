"""How far two maps agree where they are sure, by the confidence that lies beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..algorithms.confidence_layer import STYLE
from ..algorithms.fusion import Source
from ..algorithms.kernel import NOT_OBSERVED, OUTSIDE, Kernel, Layer, MapClass, Values
from ..errors import InputError
from ..maps.registry import get_map
from ..products.stored_result import StoredResult, read_results
from ..raster.facts import RasterFacts
from ..recipes.results import SURE
from .agreement import (
    BOTH,
    FIRST,
    LAYER,
    NEITHER,
    ONLY_FIRST,
    ONLY_SECOND,
    REFERENCE,
    SECOND,
    Difference,
)

SURE_CLASSES = (
    MapClass(0, "They agree, neither is sure", (232, 230, 222)),
    MapClass(1, "They differ, neither is sure", (254, 204, 140)),
    MapClass(2, "They agree, one is sure", (150, 205, 215)),
    MapClass(3, "They differ, one is sure", (240, 128, 40)),
    MapClass(4, "They agree, both are sure", (44, 127, 160)),
    MapClass(5, "They differ, both are sure", (150, 0, 38)),
)
"""Twice the number of maps that are sure, and one more where they differ."""
SURE_LAYER = Layer("sureness", "Agreement by confidence", (0, NOT_OBSERVED), "", SURE_CLASSES)
CONFIDENCE = {FIRST: "first_confidence", SECOND: "second_confidence"}
"""Names in the kernel, and of the joined stack's parts."""
NAMES = ("neither", "one", "both")


@dataclass(frozen=True)
class Beside:
    """The confidence beside a map, or why it says nothing of it."""

    path: Path | None
    why: str = ""


def find_confidence(facts: RasterFacts, affected: tuple[int, ...]) -> Beside:
    """Look beside a map for its ``confidence.tif``: that of the same result, about the same layer
    and the same codes.

    Parameters
    ----------
    facts : RasterFacts
        Of the map.
    affected : tuple of int
        Codes that mean affected in this comparison.
    """
    name = facts.path.name
    result = _result_of(facts.path)
    layers = result.layers if result else ()
    layer = next((one for one in layers if one.style == STYLE), None)
    if result is None or layer is None:
        return Beside(None, f"No confidence lies beside {name}")
    written = {one.name for one in layers}
    extents = get_map(result.operation).recipe.extents
    about = next((one for one in extents if one.layer.name in written), None)
    own = next(one.name for one in layers if one.path.name == name)
    if about is None or about.layer.name != own:
        return Beside(None, f"The confidence beside {name} is that of another layer")
    if {*about.codes} != {*affected}:
        return Beside(None, f"The confidence beside {name} is that of other codes")
    return Beside(layer.path)


def _result_of(path: Path) -> StoredResult | None:
    """The result of ours that a file belongs to."""
    try:
        results = read_results(path.parent)
    except InputError:
        return None
    return next(
        (one for one in results if any(_same(each.path, path) for each in one.layers)), None
    )


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def sure_of(
    percent: npt.NDArray[Any] | None, affected: npt.NDArray[np.bool_]
) -> npt.NDArray[np.uint8]:
    """1 where a map is ``SURE`` percent sure of what it says.

    Parameters
    ----------
    percent : ndarray or None, (rows, cols)
        Likelihood that a pixel is affected, 0..100; anything else says nothing. None: not known.
    affected : ndarray of bool, (rows, cols)
        What the map says.
    """
    if percent is None:
        return np.zeros(affected.shape, np.uint8)
    sure = np.where(
        affected,
        (percent >= SURE) & (percent <= 100),
        (percent >= 0) & (percent <= 100 - SURE),
    )
    return sure.astype(np.uint8)


def sure_codes(
    codes: npt.NDArray[np.uint8],
    first: npt.NDArray[Any] | None,
    second: npt.NDArray[Any] | None,
) -> npt.NDArray[np.uint8]:
    """Codes of ``SURE_CLASSES`` from those of the difference and both maps' likelihoods."""
    count = sure_of(first, np.isin(codes, (BOTH, ONLY_FIRST)))
    count += sure_of(second, np.isin(codes, (BOTH, ONLY_SECOND)))
    differ = np.isin(codes, (ONLY_FIRST, ONLY_SECOND))
    known = differ | np.isin(codes, (NEITHER, BOTH))
    result = np.where(known, 2 * count + differ, NOT_OBSERVED).astype(np.uint8)
    result[codes == OUTSIDE] = OUTSIDE
    return result


@dataclass(frozen=True)
class SureDifference:
    """The class of each pixel, and how sure both maps are of it."""

    difference: Difference

    def __call__(self, values: Values) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """Codes of the difference, and of ``SURE_CLASSES``."""
        codes = self.difference(values)
        first, second = (values.get(CONFIDENCE[name]) for name in (FIRST, SECOND))
        return codes, sure_codes(codes, first, second)


def comparison_kernel(first: Source, second: Source, bands: Mapping[str, str]) -> Kernel:
    """The kernel of a comparison; ``bands``: name in it → band of the joined stack."""
    outside = bool(first.outside or second.outside)
    layers = tuple(replace(layer, outside=outside) for layer in (LAYER, SURE_LAYER))
    difference = Difference(first, second)
    if not {*CONFIDENCE.values()} & {*bands}:
        return Kernel("Difference", bands, difference, layers[:1], REFERENCE)
    return Kernel("Difference", bands, SureDifference(difference), layers, REFERENCE)


@dataclass(frozen=True)
class SureAgreement:
    """Sizes by the number of maps that are sure, in any one unit: those that agree, that differ."""

    sizes: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, sizes: Mapping[int, float]) -> SureAgreement:
        """From the size of each code of ``SURE_CLASSES``."""
        each = [float(sizes.get(one.code, 0.0)) for one in SURE_CLASSES]
        return cls(tuple(zip(each[::2], each[1::2])))

    @property
    def agree_percent(self) -> tuple[float | None, ...]:
        """Of what neither, one, both are sure of, the share on which they agree."""
        return tuple(
            100 * agree / (agree + differ) if agree + differ else None
            for agree, differ in self.sizes
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        total = sum(map(sum, self.sizes))
        return {
            name: {
                "share_percent": 100 * sum(size) / total if total else None,
                "agree_percent": agreed,
            }
            for name, size, agreed in zip(NAMES, self.sizes, self.agree_percent)
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        neither, one, both = self.agree_percent
        if both is not None:
            yield f"Where both are {SURE} % sure or more, they agree on {both:.1f} %"
        if one is not None:
            yield f"Where one of them is {SURE} % sure or more, they agree on {one:.1f} %"
        if neither is not None:
            yield f"Where neither is {SURE} % sure, they agree on {neither:.1f} %"
