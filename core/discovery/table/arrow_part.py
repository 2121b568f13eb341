"""One Parquet file of a table, read by pyarrow: what its groups of rows are about by their
statistics, the few columns that a search looks at, and whole rows of those that are wanted.

Format: Apache Parquet (statistics of column chunks), GeoParquet 1.1 (``covering``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import DependencyError, DiscoveryError
from ...shapes.wkb import envelopes
from ...types import parse_time
from .boxes import Boxes, Mask, of_geometries

BATCH = 65_536
"""Rows looked at together."""
ROW_BATCH = 256
"""Whole rows unpacked together: an item is 5 to 50 kB."""
BUFFER = 1 << 20
"""Bytes of a column read at once."""
NEEDED = ("id", "assets")
TIMES = ("datetime", "start_datetime", "end_datetime")
CORNERS = ("xmin", "ymin", "xmax", "ymax")
NO_TIME = np.iinfo(np.int64).min
"""Stands for a time that a row does not say."""
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
COMMAND = 'python3 -m pip install "pyarrow>=12,<26"'
HINT = "Is it a STAC-GeoParquet table, and complete?"
Times = npt.NDArray[np.int64]
"""Microseconds since 1970, UTC."""


def import_parquet() -> Any:
    """``pyarrow.parquet``.

    Raises
    ------
    DependencyError
        Without it.
    """
    try:
        from pyarrow import parquet
    except (ImportError, AttributeError, ValueError) as error:  # the latter: another numpy's
        raise DependencyError(
            "Tables of scenes (Parquet) cannot be read",
            f"pyarrow cannot be imported ({' '.join(str(error).split())[:120]})",
            f"Install it: {COMMAND}.",
        ) from error
    return parquet


class ArrowPart:
    """A file that is open.

    Parameters
    ----------
    name : str
        For a person.
    source : str or file
        A path, or a file of Python.

    Raises
    ------
    DiscoveryError
        If it is no Parquet, or no table of items.
    DependencyError
        Without pyarrow.
    """

    def __init__(self, name: str, source: Any) -> None:
        parquet = import_parquet()
        self.name = name
        self.failure = f"The table {name} cannot be read"
        with self._errors():
            self._file = parquet.ParquetFile(source, buffer_size=BUFFER, pre_buffer=False)
            self._metadata = self._file.metadata
            self._schema = self._file.schema_arrow
        self._columns = set(self._schema.names)
        self._check()
        self._leaves = {
            self._metadata.schema.column(number).path: number
            for number in range(self._metadata.num_columns)
        }
        self.has_box = self._box_kind() != ""
        """It has a column of boxes that is one."""
        self.has_corners = self._box_kind() == "struct"
        """And it is a structure, as the specification has it."""
        self.has_outline = "geometry" in self._columns

    def _check(self) -> None:
        missing = [name for name in NEEDED if name not in self._columns]
        if not self._columns & {"geometry", "bbox"}:
            missing.append("geometry")
        if not self._columns & set(TIMES[:2]) and "properties" not in self._columns:
            missing.append("datetime")
        if missing:
            why = f"it is no STAC-GeoParquet: it has no column {', '.join(missing)}"
            raise DiscoveryError(self.failure, why, HINT)
        for name in self._columns & {*TIMES, "geometry"}:
            self._check_type(name)

    def _check_type(self, name: str) -> None:
        from pyarrow import types

        kind = self._schema.field(name).type
        kind = kind.value_type if types.is_dictionary(kind) else kind
        kind = getattr(kind, "storage_type", kind)
        text = types.is_string(kind) or types.is_large_string(kind)
        fits = text or types.is_null(kind)
        if name == "geometry":
            fits = fits or types.is_binary(kind) or types.is_large_binary(kind)
        else:
            fits = fits or types.is_timestamp(kind) or types.is_date(kind)
        if not fits:
            wanted = "WKB" if name == "geometry" else "times"
            why = f"its column {name} holds {kind} where {wanted} should be"
            raise DiscoveryError(self.failure, why, HINT)

    def _box_kind(self) -> str:
        """``struct``, ``list`` or empty."""
        from pyarrow import types

        if "bbox" not in self._columns:
            return ""
        kind = self._schema.field("bbox").type
        if types.is_struct(kind):
            names = {kind.field(number).name for number in range(kind.num_fields)}
            return "struct" if names >= set(CORNERS) else ""
        listed = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
        return "list" if listed and types.is_floating(kind.value_type) else ""

    @property
    def rows(self) -> int:
        """Number of items."""
        return int(self._metadata.num_rows)

    @property
    def groups(self) -> int:
        """Number of groups of rows."""
        return int(self._metadata.num_row_groups)

    @property
    def has_zone(self) -> bool:
        """Whether its times say that they are UTC."""
        from pyarrow import types

        kinds = (self._schema.field(name).type for name in self._columns & set(TIMES))
        return all(not types.is_timestamp(kind) or kind.tz is not None for kind in kinds)

    def rows_of(self, group: int) -> int:
        """Number of items of a group."""
        return int(self._metadata.row_group(group).num_rows)

    def places_of(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Group and place in it of rows by their numbers in the file: (n, 2)."""
        ends = np.cumsum([self.rows_of(group) for group in range(self.groups)])
        groups = np.searchsorted(ends, rows, side="right")
        begins = np.concatenate([[0], ends])
        return np.column_stack([groups, rows - begins[groups]])

    def box_limits(self, group: int) -> tuple[list[float], list[float]] | None:
        """Least and most of the wests, souths, easts and norths of a group; None where the file
        does not tell, or some have no box.
        """
        found = [self._limits(group, f"bbox.{corner}") for corner in CORNERS]
        told = [one for one in found if one is not None]
        if len(told) < len(CORNERS):
            return None
        return [float(one[0]) for one in told], [float(one[1]) for one in told]

    def time_limits(self, group: int) -> tuple[int, int] | None:
        """First and last ``datetime`` of a group; None where the file does not tell, or some items
        have none.
        """
        from pyarrow import types

        if "datetime" not in self._columns:
            return None
        kind = self._schema.field("datetime").type
        found = self._limits(group, "datetime") if types.is_timestamp(kind) else None
        if found is None:
            return None
        first, last = (int(one) * 10**6 // _PER_SECOND[kind.unit] for one in found)
        return first, last + 1  # nanoseconds are cut

    def _limits(self, group: int, leaf: str) -> tuple[Any, Any] | None:
        number = self._leaves.get(leaf)
        with self._errors():
            told = (
                None
                if number is None
                else self._metadata.row_group(group).column(number).statistics
            )
        if told is None or not told.has_min_max or not told.has_null_count or told.null_count:
            return None
        return told.min_raw, told.max_raw

    def collections(self, check_stop: Callable[[], None]) -> set[str]:
        """Names of all collections in it; empty where it names none."""
        if "collection" not in self._columns:
            return set()
        found: set[str] = set()
        for group in range(self.groups):
            limits = self._limits(group, "collection")
            if limits is not None and limits[0] == limits[1] and isinstance(limits[0], bytes):
                found.add(limits[0].decode("utf-8", "replace"))
                continue
            for batch in self._batches(group, ["collection"], BATCH):
                check_stop()
                found |= {str(one) for one in batch.column(0).unique().to_pylist() if one}
        return found

    def look(
        self, group: int, collection: str, from_outlines: bool
    ) -> Iterator[tuple[Boxes, Times, Times, Mask]]:
        """Boxes, first and last times of the items of a group, and which of them are of a
        collection; some at a time.

        Parameters
        ----------
        collection : str
            Empty: all.
        from_outlines : bool
            Take the boxes of the outlines, whatever the column of boxes says.
        """
        names = [name for name in TIMES if name in self._columns]
        names += ["properties"] if not names else []
        if collection and "collection" in self._columns:
            names.append("collection")
        by_outline = from_outlines or not self.has_box
        names.append("geometry" if by_outline and self.has_outline else "bbox")
        for batch in self._batches(group, names, BATCH):
            with self._errors():
                boxes = (
                    of_geometries(envelopes(_outlines(batch.column("geometry"))))
                    if names[-1] == "geometry"
                    else self._boxes(batch.column("bbox"))
                )
                mine = np.ones(batch.num_rows, bool)
                if "collection" in names:
                    mine = _equal(batch.column("collection"), collection)
                first, last = _times(batch)
            yield boxes, first, last, mine

    def boxes_and_outlines(self, most: int) -> tuple[Boxes, Boxes]:
        """Boxes and envelopes of the outlines of the first items."""
        for batch in self._batches(0, ["bbox", "geometry"], most) if self.groups else ():
            with self._errors():
                outlines = envelopes(_outlines(batch.column("geometry")))
                return self._boxes(batch.column("bbox")), outlines
        return np.empty((0, 4)), np.empty((0, 4))

    def whole_rows(self, group: int, rows: Sequence[int]) -> Iterator[dict[str, Any]]:
        """Some rows of a group, by their places in it, in the order of the file."""
        wanted, begin, at = sorted(rows), 0, 0
        for batch in self._batches(group, None, ROW_BATCH):
            end, here = begin + batch.num_rows, []
            while at < len(wanted) and wanted[at] < end:
                here.append(wanted[at] - begin)
                at += 1
            if here:
                with self._errors():
                    yield from batch.take(_indices(here)).to_pylist()
            if at == len(wanted):
                return
            begin = end

    def close(self) -> None:
        """Let go of it."""
        with suppress(OSError):
            self._file.close(force=True)

    def _boxes(self, column: Any) -> Boxes:
        """(n, 4); NaN where there is none."""
        if self._box_kind() == "struct":
            parts = [column.field(corner) for corner in CORNERS]
            if column.null_count:
                return _listed(column.to_pylist())
            return np.column_stack([_numbers(part) for part in parts])
        return _listed(column.to_pylist())

    def _batches(self, group: int, names: Sequence[str] | None, size: int) -> Iterator[Any]:
        with self._errors():
            batches = self._file.iter_batches(
                size, row_groups=[group], columns=names, use_threads=False
            )
        while True:
            with self._errors():
                batch = next(batches, None)
            if batch is None:
                return
            yield batch

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """What pyarrow raises, as one sentence."""
        from pyarrow import ArrowException

        try:
            yield
        except MemoryError:
            raise
        except (ArrowException, OSError, ValueError, TypeError, KeyError, OverflowError) as error:
            words = " ".join(str(error).split()) or type(error).__name__
            raise DiscoveryError(self.failure, words[:200], HINT) from error


def _indices(places: Sequence[int]) -> Any:
    import pyarrow

    return pyarrow.array(places, pyarrow.int64())


def _numbers(column: Any) -> npt.NDArray[np.float64]:
    return np.asarray(column.to_numpy(zero_copy_only=False), np.float64)


def _listed(values: Sequence[Any]) -> Boxes:
    from .rows import box_of

    found = np.full((len(values), 4), np.nan)
    for number, value in enumerate(values):
        box = box_of(value)
        if box is not None:
            half = len(box) // 2
            found[number] = *box[:2], *box[half : half + 2]
    return found


def _outlines(column: Any) -> list[bytes | None]:
    values = getattr(column, "storage", column).to_pylist()
    return [value if isinstance(value, bytes) else None for value in values]


def _equal(column: Any, name: str) -> Mask:
    from pyarrow import compute

    found = compute.fill_null(compute.equal(column, name), False)
    return np.asarray(found.to_numpy(zero_copy_only=False), bool)


def _times(batch: Any) -> tuple[Times, Times]:
    """First and last moment of each item (STAC item specification, *datetime*: where it is empty,
    ``start_datetime`` and ``end_datetime`` count).
    """
    names = batch.schema.names
    if "properties" in names:
        return _times_of_properties(batch.column("properties").to_pylist())
    found = {name: _moments(batch.column(name)) for name in TIMES if name in names}
    none = np.full(batch.num_rows, NO_TIME)
    moment = found.get("datetime", none)
    bare = moment == NO_TIME
    first = np.where(bare, found.get("start_datetime", none), moment)
    end = found.get("end_datetime", none)
    return first, np.where(bare & (end != NO_TIME), end, first)


def _times_of_properties(values: Sequence[Any]) -> tuple[Times, Times]:
    from .rows import item_of

    items = [item_of({"properties": value})["properties"] for value in values]
    texts = [item.get("datetime") or item.get("start_datetime") for item in items]
    first = np.array([_parsed(text) for text in texts], np.int64)
    return first, np.where(first == NO_TIME, first, np.iinfo(np.int64).max)


def _moments(column: Any) -> Times:
    from pyarrow import compute, timestamp, types

    kind = column.type
    if types.is_timestamp(kind) or types.is_date(kind):
        micro = column.cast(timestamp("us", getattr(kind, "tz", None)), safe=False)
        return np.asarray(
            compute.fill_null(micro.cast("int64"), NO_TIME).to_numpy(zero_copy_only=False), np.int64
        )
    return np.array([_parsed(text) for text in column.to_pylist()], np.int64)


def _parsed(text: Any) -> int:
    if not isinstance(text, str):
        return NO_TIME
    try:
        return round(parse_time(text).timestamp() * 1e6)
    except ValueError:
        return NO_TIME
