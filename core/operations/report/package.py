"""Hand a mapped event on: layers and tables in the manner of Copernicus EMS Rapid Mapping."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ... import PRODUCT
from ...doors.print_request import PrintSheet
from ...errors import InputError
from ...files.checksum import sha256_of
from ...files.lock import folder_lock
from ...monitor import EventQueue, Level, Monitor, Note, Progress
from ...operation import Operation, OperationResult, Output, OutputKind
from ...params import Kind, param
from ...products.event_record import EventRecord, read_event
from ...products.package_item import package_item
from ...products.perimeter import PERIMETER_NAME
from ...products.stac_catalogue import SHEET, add_child, catalogue_told, write_item
from ...products.stored_result import StoredResult, read_results
from ...products.vector_package import LONLAT, is_graded, package_layers
from ...settings import Settings
from ...shapes.geopackage import Value, VectorLayer, write_geopackage
from ...shapes.shapefile import write_shapefiles
from ...text import joined
from ...workers import run_in_background
from .hit_rows import hit_rows

FOLDER = "package"
MAKE_AGAIN = "Map the event again."


@dataclass(frozen=True, kw_only=True)
class PackageParams:
    """Event, and what goes into its package."""

    path: Path = param(
        kind=Kind.FILE_IN,
        title="Catalogue",
        help=f"The catalog.json of a mapped event, or its folder, which gets {FOLDER}/.",
        positional=True,
    )
    exposure: Path | None = param(
        None,
        kind=Kind.FILE_IN,
        title="What is hit",
        help="The exposure.json made of this event's map: its figures go into the summary.",
    )
    shapefile: bool = param(
        False,
        kind=Kind.FLAG,
        title="Shapefiles too",
        help="Also a zip of Shapefiles, for programs that read no GeoPackage.",
    )


def run_package(params: PackageParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Make the next version of the event's package.

    Raises
    ------
    InputError
        If the folder holds no event or not its files, or the exposure is of something else.
    RasterError
        If a map cannot be read, or the package not be written.
    """
    events = EventQueue(monitor)
    return run_in_background(lambda: _run(params, settings, events), events)


def _run(params: PackageParams, settings: Settings, events: EventQueue) -> OperationResult:
    folder = params.path if params.path.is_dir() else params.path.parent
    what, stop = f"No package can be made of {folder}", events.stop.is_set
    record = read_event(folder, what)
    results = {one.operation: one for one in read_results(folder, stop=stop)}
    rasters = {
        one.operation: _file(results.get(one.operation), f"{one.layer}.tif")
        for one in record.maps
        if one.operation == record.quoted or is_graded(one)
    }
    missing = [name for name, path in rasters.items() if path is None]
    files = {name: path for name, path in rasters.items() if path is not None}
    perimeter = _file(results.get(record.quoted), PERIMETER_NAME)
    if perimeter is None or record.quoted not in files:
        raise InputError(what, f"files of its map {record.quoted} are gone", MAKE_AGAIN)
    warnings = [f"The map {name} is gone: its grading is not in the package" for name in missing]
    warnings += [doubt for one in results.values() for doubt in one.warnings]
    rows: list[dict[str, Value]] = []
    if params.exposure is not None:
        sums = {sha256_of(path, stop) for path in (files[record.quoted], perimeter)}
        rows, doubt = hit_rows(params.exposure, sums)
        warnings += [doubt] if doubt else []
    for text in warnings:
        events.put(Note(Level.WARNING, text))
    home = _home(folder, what)
    events.put(Progress(0.1, "Drawing outlines"))
    kept = catalogue_told(folder, SHEET)
    sheet = PrintSheet.from_dict(kept) if isinstance(kept, dict) else PrintSheet()
    doubts = " ".join(filter(None, (sheet.doubts, *warnings)))
    with folder_lock(home, stop, lambda: None):
        threads = settings.worker_count
        layers = package_layers(record, files, perimeter, rows, doubts, stop, threads)
        events.put(Progress(0.7, "Writing the package"))
        written = _write(home, _stem(home, record, layers), layers, params.shapefile, stop)
    _describe(record, folder, home, written, sheet, warnings, stop)
    return _result(layers, written, warnings)


def _file(result: StoredResult | None, name: str) -> Path | None:
    """A file of a result that is there and is what it says."""
    layers = result.layers if result else ()
    return next((one.path for one in layers if one.path.name == name), None)


def _home(folder: Path, what: str) -> Path:
    home = folder / FOLDER
    try:
        home.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(what, error.strerror or str(error), "Is the folder writable?") from error
    return home


def _stem(home: Path, record: EventRecord, layers: list[VectorLayer]) -> str:
    """``firstlight_wildfire_20240720_GRA_v1``: the next version, for none is overwritten."""
    graded = any(layer.name == "gradingA" for layer in layers)
    name = f"firstlight_{record.event.replace('.', '-')}_{record.day.replace('-', '')}"
    name += "_GRA" if graded else "_DEL"
    version = 1
    while any(home.glob(f"{name}_v{version}.*")):
        version += 1
    return f"{name}_v{version}"


def _write(
    home: Path, stem: str, layers: list[VectorLayer], shapefile: bool, stop: Any
) -> list[Path]:
    files = [home / f"{stem}.gpkg"]
    if shapefile:
        files.append(home / f"{stem}.zip")
        named = [
            VectorLayer(
                f"{stem}_{one.name}", one.title, one.fields, one.rows, one.multi, shapes=one.shapes
            )
            for one in layers
        ]
        write_shapefiles(files[1], LONLAT, named, stop)
    write_geopackage(files[0], LONLAT, layers, stop)
    return files


def _describe(
    record: EventRecord,
    folder: Path,
    home: Path,
    files: list[Path],
    texts: PrintSheet,
    warnings: list[str],
    stop: Any,
) -> None:
    """An item in the package's folder, to which the event's catalogue leads."""
    parts = (texts.headline, texts.range, texts.not_observed, texts.reason, texts.doubts)
    told = {
        "description": " ".join(filter(None, parts)),
        "processing:lineage": f"Made by {PRODUCT} of the maps {', '.join(sorted(_names(record)))}, "
        "in the manner of Copernicus EMS Rapid Mapping; not a product of that service.",
        "firstlight:warnings": warnings,
    }
    now = datetime.now(timezone.utc)
    write_item(home, lambda name: package_item(record, files, now, told, name, stop), stop)
    add_child(folder, home, stop)


def _names(record: EventRecord) -> set[str]:
    return {
        one.operation for one in record.maps if one.operation == record.quoted or is_graded(one)
    }


def _result(layers: list[VectorLayer], written: list[Path], warnings: list[str]) -> OperationResult:
    counts = {layer.name: len(layer.rows) for layer in layers}
    lines = [*(f"{name}: {count}" for name, count in counts.items()), *map(str, written)]
    files = {path.suffix[1:]: str(path) for path in written}
    return OperationResult(
        data={"files": files, "layers": counts, "warnings": warnings},
        text=joined([*warnings, *lines]),
        outputs={"package": str(written[0]), "shapefiles": files.get("zip")},
        value=tuple(written),
        warnings=tuple(warnings),
    )


PACKAGE = Operation(
    name="package",
    title="Package for others",
    group="Events",
    summary="Hands a mapped event on in the manner of Copernicus EMS Rapid Mapping: a GeoPackage, "
    "and Shapefiles if wanted, with area of interest, image footprints, what was not observed, "
    "observed event, grading, sources and a summary table.",
    params=PackageParams,
    run=run_package,
    outputs=(
        Output("package", "Package", OutputKind.VECTOR),
        Output("shapefiles", "Shapefiles (zip)"),
    ),
)
