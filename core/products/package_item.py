"""The STAC item of a vector package, in the catalogue of its event."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from .. import VERSION
from ..types import format_time
from .event_record import EventRecord
from .stac_item import (
    FILE_EXTENSION,
    GEOPACKAGE,
    NO_LAYER,
    PROCESSING_EXTENSION,
    STAC_VERSION,
    file_facts,
)

ZIP = "application/zip"


def package_item(
    record: EventRecord,
    files: Sequence[Path],
    created: datetime,
    told: Mapping[str, Any],
    catalogue: str,
    stop: Callable[[], bool],
) -> dict[str, Any]:
    """Describe a package.

    Parameters
    ----------
    files : sequence of Path
        All in the item's folder; the first one gives its name.
    told : mapping
        ``description``, and what else its properties tell.
    catalogue : str
        Name of the catalogue's file in that folder.

    Returns
    -------
    dict
        JSON-ready.

    Raises
    ------
    Cancelled
        If ``stop``, asked while files are read for their sums.
    """
    times = [source.time for source in record.sources] or [record.time]
    first, last = format_time(min(times)), format_time(max(times))
    return {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "stac_extensions": [PROCESSING_EXTENSION, FILE_EXTENSION],
        "id": files[0].stem,
        "geometry": dict(record.area.geometry),
        "bbox": list(record.area.bounds),
        "properties": {
            "datetime": last,
            "start_datetime": first,
            "end_datetime": last,
            "created": format_time(created),
            "title": f"Vector package: {record.title} {record.day}",
            "processing:level": "L4",
            "processing:software": {"FirstLight": VERSION},
            "firstlight:operation": "package",
            "firstlight:datetime_of": "input",
            **told,
        },
        "links": [
            {"rel": rel, "href": f"./{catalogue}", "type": "application/json"}
            for rel in ("root", "parent")
        ],
        "assets": {
            path.suffix[1:]: {
                "href": f"./{path.name}",
                "type": GEOPACKAGE if path.suffix == ".gpkg" else ZIP,
                "title": "Vector package" + ("" if path.suffix == ".gpkg" else " (Shapefiles)"),
                "roles": ["data"],
                **file_facts(path, stop),
                NO_LAYER: True,
            }
            for path in files
        },
    }
