"""STAC-GeoParquet tables of given items, written by pyarrow, or by ``rustac``."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from osgeo import ogr

Json = dict[str, Any]
TIMES = ("datetime", "start_datetime", "end_datetime", "created", "updated", "published")
RUSTAC = Path(sys.executable).parent / "rustac"


def rows_of(items: Sequence[Mapping[str, Any]]) -> list[Json]:
    """Rows as the specification has them (STAC GeoParquet 1.1): properties flattened, the outline
    as WKB, the box as a structure, times as such.
    """
    return [_row(item) for item in items]


def _row(item: Mapping[str, Any]) -> Json:
    row = {name: value for name, value in item.items() if name not in ("properties", "type")}
    geometry = item.get("geometry")
    row["geometry"] = None if geometry is None else wkb(geometry)
    box = item.get("bbox")
    if box is not None:
        flat = len(box) == 4
        names = "xmin ymin xmax ymax" if flat else "xmin ymin zmin xmax ymax zmax"
        row["bbox"] = dict(zip(names.split(), box))
    for name, value in item["properties"].items():
        if isinstance(value, Mapping) and value.get("coordinates"):
            value = wkb(value)
        row[name] = moment(value) if name in TIMES and isinstance(value, str) else value
    return row


def moment(text: str) -> datetime:
    """A time of an item."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)


def wkb(geometry: Mapping[str, Any]) -> bytes:
    """A GeoJSON geometry as well-known binary."""
    return bytes(ogr.CreateGeometryFromJson(json.dumps(geometry)).ExportToIsoWkb())


def arrow_table(items: Sequence[Mapping[str, Any]]) -> Any:
    """The table in memory, to be changed."""
    import pyarrow as pa

    rows = rows_of(items)
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: pa.array([row.get(name) for row in rows]) for name in names})


def write_table(
    path: Path,
    items: Sequence[Mapping[str, Any]],
    change: Callable[[Any], Any] = lambda table: table,
    group: int = 50,
    **words: Any,
) -> Path:
    """Write a table.

    Parameters
    ----------
    change : callable
        What becomes of the table before it is written.
    group : int
        Rows in each group.
    """
    from pyarrow import parquet

    parquet.write_table(change(arrow_table(items)), path, row_group_size=group, **words)
    return path


def with_column(name: str, values: Any) -> Callable[[Any], Any]:
    """A change that puts other values into a column, or leaves it out (None)."""

    def change(table: Any) -> Any:
        import pyarrow as pa

        if name in table.column_names:
            table = table.drop_columns([name])
        if values is None:
            return table
        made = values if isinstance(values, (pa.Array, pa.ChunkedArray)) else pa.array(values)
        return table.append_column(name, made)

    return change


def write_by_rustac(path: Path, items: Sequence[Mapping[str, Any]]) -> Path:
    """Write a table by another program than the one that reads it."""
    source = path.with_suffix(".json")
    text = json.dumps({"type": "FeatureCollection", "features": list(items)})
    source.write_text(text, encoding="utf-8")
    subprocess.run([RUSTAC, "translate", source, path], check=True, capture_output=True)
    source.unlink()
    return path
