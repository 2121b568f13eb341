"""What a stack says of its own making: read from its text, without opening anything it
points at.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import BandStackError, RasterError
from ..files.xml_text import Element, RefusedXml, UnfitXml, parse_xml
from ..gdal.containers import find_subdataset
from ..gdal.crs import grid_of, short_text
from ..types import Grid, Radiometry, Unit
from .vrt import StackStyle

INGEST_AGAIN = "Run ‘flight ingest’ or ‘flight stack’ again."


@dataclass(frozen=True)
class NotedBand:
    """One band, as the stack describes it."""

    name: str
    description: str
    source: Path
    """Where its file was, as a whole path."""
    pointer: Path | None
    """What the VRT points at now: that file or a nested VRT; None where it points at nothing."""
    absolute: bool
    """The pointer is a whole path, though the file lies below the stack's folder."""
    index: int
    """Band of the file, from 1."""
    size_bytes: int
    grid_text: str
    """As :func:`~firstlight.core.identity.source_notes.identity`."""
    radiometry: Radiometry
    wavelength_nm: float | None
    is_class: bool


@dataclass(frozen=True)
class StackNotes:
    """A stack, as it describes itself."""

    path: Path
    grid: Grid
    bands: tuple[NotedBand, ...]
    style: StackStyle


def read_notes(path: Path, what: str) -> StackNotes:
    """Read a stack's text.

    Raises
    ------
    BandStackError
        If it is empty, no VRT, or does not say which files its bands are of.
    """
    root = _parse(path, what)
    nodes = _band_nodes(root, what)
    try:
        methods = [_tags(node)["resampling"] for node in nodes]
        method = next((name for name in methods if name != "nearest"), "nearest")
        bands = tuple(_read_band(node, path.parent, method) for node in nodes)
        tags = {
            key: text for key, text in _tags(root).items() if not key.startswith("AREA_OR_POINT")
        }
        style = StackStyle(method, {band.name: band.description for band in bands}, tags)
        return StackNotes(path, _read_grid(root), bands, style)
    except (KeyError, ValueError) as error:
        raise BandStackError(
            what, f"what it says of its bands is damaged ({error})", INGEST_AGAIN
        ) from error


def _parse(path: Path, what: str) -> Element:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise BandStackError(
            what, error.strerror or str(error), "Is it still there, and readable?"
        ) from error
    if not text.strip():
        raise BandStackError(what, "the file is empty", INGEST_AGAIN)
    try:
        return parse_xml(text)
    except RefusedXml as error:
        hint = "Do not open it; make the stack again."
        raise BandStackError(what, str(error), hint) from error
    except UnfitXml as error:
        raise BandStackError(what, str(error), INGEST_AGAIN) from error


def _band_nodes(root: Element, what: str) -> list[Element]:
    """The elements of the bands, each of which says which file it is of."""
    nodes = root.findall("VRTRasterBand")
    if root.tag != "VRTDataset":
        raise BandStackError(what, "it is no VRT", INGEST_AGAIN)
    if not nodes:
        raise BandStackError(what, "it is a VRT without bands", INGEST_AGAIN)
    silent = [
        str(number)
        for number, node in enumerate(nodes, start=1)
        if not {"source", "source_grid"} <= set(_tags(node))
    ]
    if silent:
        why = (
            f"band {', '.join(silent)} does not say which file it is of; it was not written by "
            "FirstLight, or lost its notes"
        )
        raise BandStackError(what, why, INGEST_AGAIN)
    return nodes


def _tags(node: Element) -> dict[str, str]:
    return {one.get("key", ""): one.text or "" for one in node.findall("Metadata/MDI")}


def _read_band(node: Element, folder: Path, method: str) -> NotedBand:
    tags = _tags(node)
    unit = Unit(node.findtext("UnitType") or "")
    nodata = node.findtext("NoDataValue")
    found = node.find(".//SourceFilename")
    source = Path(tags["source"])
    pointer, absolute = None, False
    if found is not None and found.text:
        relative = found.get("relativeToVRT") == "1"
        pointer = folder / found.text if relative else Path(found.text)
        inside = folder.resolve() in pointer.resolve().parents
        absolute = not relative and inside and find_subdataset(pointer) is None
    return NotedBand(
        name=tags["band"],
        description=node.findtext("Description") or "",
        source=source if find_subdataset(source) is not None else folder / source,
        pointer=pointer,
        absolute=absolute,
        index=int(tags["source_grid"].partition(", band ")[2].partition(";")[0]),
        size_bytes=int(tags["source_bytes"]),
        grid_text=tags["source_grid"],
        radiometry=Radiometry(
            float(node.findtext("Scale") or 1),
            float(node.findtext("Offset") or 0),
            None if nodata is None else float(nodata),
            unit,
            tags.get("radiometry", ""),
        ),
        wavelength_nm=float(tags["wavelength"]) if "wavelength" in tags else None,
        is_class=unit == Unit.CLASS or (tags["resampling"] == "nearest" and method != "nearest"),
    )


def _read_grid(root: Element) -> Grid:
    numbers = [float(number) for number in (root.findtext("GeoTransform") or "").split(",")]
    shape = (int(root.get("rasterYSize", "")), int(root.get("rasterXSize", "")))
    try:
        crs = short_text(root.findtext("SRS") or "")  # GDAL writes it out when it rewrites a VRT
    except RasterError:
        raise ValueError("its coordinate system") from None
    return grid_of(crs, numbers, shape)
