"""Marked pixels of a strip of a raster of classes, held as packed bits."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...raster.classes import NOT_OBSERVED, OUTSIDE
from .cycles import IntArray
from .sieve import Marks, SievedStrip, paint, sieve_strip
from .strip_edges import Bits, Flags, pack_rows


@dataclass(frozen=True)
class MarkRule:
    """Which classes are marked, and how small a patch is a speck."""

    marks: Mapping[int, int]
    """Class → mark, 1..255."""
    threshold: int
    """The least number of pixels that is no speck; at most 1: nothing is sieved."""

    @property
    def unable(self) -> tuple[int, ...]:
        """Classes that no patch takes in where it fills a hole."""
        if NOT_OBSERVED in self.marks:
            return tuple(code for code in range(256) if code not in self.marks)
        return OUTSIDE, NOT_OBSERVED


@dataclass(eq=False)
class HeldMarks:
    """One strip."""

    first_row: int
    cols: int
    planes: dict[int, bytes]
    """Mark → its pixels, of :func:`pack_rows`, deflated."""
    last: dict[int, Bits]
    """The last row of each."""
    fit: bytes | None
    """Pixels that a patch may take in, likewise; None where it may all."""
    sieved: SievedStrip | None
    pixels: int
    not_observed: int
    outside: int

    @classmethod
    def of(
        cls, classes: npt.NDArray[np.uint8], rule: MarkRule, first_row: int, rows: int
    ) -> HeldMarks:
        """Mark the pixels of a strip.

        Parameters
        ----------
        classes : ndarray of uint8, (rows of the strip, cols)
        first_row, rows : int
            The strip's first row, and how many rows the raster has.
        """
        marks = _mark(classes, rule.marks)
        fit, sieved = None, None
        pixels = int(np.count_nonzero(marks))
        if rule.threshold > 1:
            sieved = sieve_strip(marks, rule.threshold, first_row, rows)
            unfit = _is_one_of(classes, rule.unable)
            if unfit.any():
                marks[unfit] = 0
                fit = _deflated(pack_rows(~unfit))
        held = cls(
            first_row=first_row,
            cols=classes.shape[1],
            planes={},
            last={},
            fit=fit,
            sieved=sieved,
            pixels=pixels,
            not_observed=int(np.count_nonzero(classes == NOT_OBSERVED)),
            outside=int(np.count_nonzero(classes == OUTSIDE)),
        )
        held._keep(marks, rule.marks.values())
        return held

    def _keep(self, marks: Marks, wanted: Collection[int]) -> None:
        for mark in set(wanted):
            bits = pack_rows(marks == mark)
            self.planes[mark], self.last[mark] = _deflated(bits), bits[-1].copy()

    def bits(self, mark: int) -> Bits:
        """The pixels of a mark, as of :func:`pack_rows`."""
        return self._inflated(self.planes[mark])

    def _inflated(self, held: bytes) -> Bits:
        return np.frombuffer(zlib.decompress(held), np.uint8).reshape(-1, self.cols // 8 + 1)

    def _flags(self, held: bytes) -> Flags:
        bits = np.unpackbits(self._inflated(held), axis=1)[:, 1 : self.cols + 1]
        flags: Flags = bits.view(np.bool_)
        return flags

    def settle(self, ends: IntArray) -> None:
        """Put right what other strips decide.

        Parameters
        ----------
        ends : ndarray of int64
            What the patches end as, of :func:`.sieve.settle_strips`.
        """
        if self.sieved is None or not self.sieved.changes(ends):
            return
        flags = {mark: self._flags(held) for mark, held in self.planes.items()}
        marks = np.zeros(next(iter(flags.values())).shape, np.uint8)
        for mark, chosen in flags.items():
            marks[chosen] = mark
        paint(marks, self.sieved, ends)
        if self.fit is not None:
            marks[~self._flags(self.fit)] = 0
        self._keep(marks, list(self.planes))


def _mark(classes: npt.NDArray[np.uint8], marks: Mapping[int, int]) -> Marks:
    if set(marks.values()) == {1}:
        return _is_one_of(classes, marks).view(np.uint8)
    made = np.zeros(classes.shape, np.uint8)
    for mark in set(marks.values()):
        codes = [code for code, its in marks.items() if its == mark]
        made[_is_one_of(classes, codes)] = mark
    return made


def _is_one_of(classes: npt.NDArray[np.uint8], codes: Collection[int]) -> Flags:
    """By stretches of codes: two comparisons for each, where a table takes a look for each
    pixel.
    """
    found: list[Flags] = []
    wanted = np.zeros(258, np.int8)
    wanted[np.asarray(list(codes), np.intp) + 1] = 1
    steps = np.diff(wanted)
    for low, high in zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)):
        if high - low == 1:
            found.append(classes == np.uint8(low))
        else:  # below the lowest one the difference is large
            found.append((classes - np.uint8(low)) <= np.uint8(high - low - 1))
    chosen = found[0] if found else np.zeros(classes.shape, np.bool_)
    for one in found[1:]:
        chosen |= one
    return chosen


def _deflated(bits: Bits) -> bytes:
    return zlib.compress(bits.tobytes(), 1)
