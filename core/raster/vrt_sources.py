"""Look into a VRT before anything opens it: a VRT from elsewhere can name any file, any URL, even
code.

GDAL reads tag names in any case and any text encoding, so they are compared in lower case, after
parsing.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import RasterError, ValidationError, VRTSourceNotFoundError
from ..files.file_state import FileState, Remembered, States, file_state
from ..files.xml_text import Element, RefusedXml, UnfitXml, read_xml
from ..gdal.containers import file_of, find_subdataset, gdal_name, with_file
from ..gdal.drivers import refuse_other_format
from ..gdal.errors import gdal_errors
from .sidecars import check_member, check_metadata, check_sidecars

CODE_TAGS = {
    "pixelfunctioncode",
    "pixelfunctiontype",
    "pixelfunctionlanguage",
    "pixelfunctionarguments",
}
CODE_CLASSES = {"vrtderivedrasterband", "vrtrawrasterband"}
"""One runs functions on the pixels, the other reads any file as if it were pixels."""
SOURCE_TAGS = {"sourcefilename", "sourcedataset", "dempath"}
FREE_TEXT = {"mdi", "srs", "description", "gcplist", "categoryname"}
"""Elements in which ``://`` may stand without anything being opened: a band's tags tell the URL it
came from.
"""
OPENED_DOMAINS = {"geolocation", "rpc", "overviews"}
"""Metadata that name further rasters."""
OPENED_ITEMS = {"x_dataset", "y_dataset", "z_dataset", "overview_file"}
"""Items that do so, wherever they stand: a transformer's have no domain."""
MOST_DEPTH = 5
"""VRTs in VRTs: a stack of warped bands needs two."""
MOST_SOURCES = 50_000
"""Twice the tiles of a height model of the whole Earth."""


@dataclass(frozen=True)
class StatedSource:
    """Size and type of a file as the VRT states them."""

    path: Path
    shape: tuple[int, int]
    """(rows, cols)"""
    dtype: str
    """numpy's name of the data type; empty where the VRT does not say."""


@dataclass(frozen=True)
class VrtSources:
    """Files that a VRT points at, VRTs inside it followed to their ends."""

    files: tuple[Path, ...]
    """The rasters that hold pixels, one inside a container by GDAL's name."""
    bands: Mapping[int, tuple[Path, ...]] = field(default_factory=dict)
    """Band of the VRT, from 1 → the files it is made of."""
    outside: tuple[Path, ...] = ()
    """Those that do not lie below the VRT's folder, or are named by their whole path."""
    stated: tuple[StatedSource, ...] = ()
    """Facts of the files for which the VRT states them."""
    states: States = field(default_factory=dict, repr=False)
    """Of the VRT and of all that was looked at for it, as they were before."""


@dataclass(frozen=True)
class _NamedFile:
    """A file as one element of the VRT names it."""

    path: Path
    band: int | None
    """None: of all bands."""
    outside: bool
    stated: StatedSource | None


def is_vrt(path: Path) -> bool:
    """Would GDAL read this as a VRT? It goes by what is in the file, not by its name."""
    return path.suffix.lower() == ".vrt" or b"<vrtdataset" in _head(path).lower()


def check_is_file(path: Path) -> None:
    """Refuse what is not there, and what never ends: a pipe or a device.

    Raises
    ------
    RasterError
        If it is neither a file nor a folder.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:  # the latter: a name that no file can have
        what = f"The raster {path} cannot be opened"
        raise RasterError(what, "it does not exist", "Check its name and folder.") from error
    # "." and "/" are folders without a name, as an empty name in a VRT is.
    if not path.name or not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise RasterError(
            f"The raster {path} cannot be opened", "it is no plain file", "Give a file."
        )


def check_is_raster(path: Path) -> None:
    """Refuse text that poses as a raster: an error page saved as ``.tif``, or XML and JSON by which
    GDAL reaches elsewhere.

    Raises
    ------
    ValidationError
        If the file begins like XML, HTML or JSON; a VRT is no matter here.
    """
    start = _head(path).lstrip(b"\xef\xbb\xbf \t\r\n")[:64]
    if start[:1] in (b"<", b"{") and not is_vrt(path):
        shown = " ".join(start.decode("utf-8", "replace").split())[:40]
        raise ValidationError(
            f"Validation failed for {path}",
            f"it is text, not pixels (it begins with '{shown}')",
            "Download it again.",
        )


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(1024)
    except OSError:
        return b""


_sources_known: Remembered[VrtSources] = Remembered(64)
_pixels_known: Remembered[States] = Remembered(4096)
_looked_into: Remembered[States] = Remembered(4096)


def check_vrt_sources(path: Path) -> VrtSources:
    """Read a VRT without opening what it names, and see that each of its sources is there: once
    for each state of them all.

    Raises
    ------
    VRTSourceNotFoundError
        Naming each source that is not there.
    ValidationError
        If it is no VRT, or holds what a band stack never needs: entities, code, remote sources; or
        VRTs that name each other without end.
    """
    known = _sources_known.recall(path)
    if known is not None:
        return known
    sources = _check_sources(path, 0)
    _sources_known.keep(path, sources.states, sources)
    return sources


def _check_sources(path: Path, depth: int) -> VrtSources:
    failure = _failure(path)
    if depth > MOST_DEPTH:
        reason = f"VRTs name VRTs more than {MOST_DEPTH} deep"
        raise ValidationError(failure, reason, "Make the stack again.")
    states: dict[Path, FileState] = {path: file_state(path)}
    check_sidecars(path)
    named = _read_sources(path)
    if len(named) > MOST_SOURCES:
        reason = f"it names {len(named)} files, and {MOST_SOURCES} are the most that are looked at"
        raise ValidationError(failure, reason, "Make VRTs of parts of it.")
    _refuse_missing(named, failure)
    bands: dict[int, dict[Path, None]] = {}
    common: dict[Path, None] = {}
    outside: dict[Path, None] = {}
    stated: dict[StatedSource, None] = {}
    followed: dict[Path, VrtSources] = {}
    """Each file is looked at once, however often a mosaic names it."""
    for file in named:
        if file.path not in followed:
            followed[file.path] = _follow(file.path, depth)
        inner = _with_own(file, followed[file.path])
        target = common if file.band is None else bands.setdefault(file.band, {})
        target.update(dict.fromkeys(inner.files))
        outside.update(dict.fromkeys(inner.outside))
        stated.update(dict.fromkeys(inner.stated))
        states.update(inner.states)
    files = {**common, **{file: None for files in bands.values() for file in files}}
    check_metadata(path)
    return VrtSources(
        files=tuple(files),
        bands={number: (*files, *common) for number, files in bands.items()},
        outside=tuple(outside),
        stated=tuple(stated),
        states=states,
    )


def _failure(path: Path) -> str:
    return f"VRT validation failed for {path}"


def _refuse_missing(named: Sequence[_NamedFile], failure: str) -> None:
    missing = list(dict.fromkeys(file.path for file in named if not _is_there(file.path)))
    if missing:
        names = ", ".join(f"'{path}'" for path in missing)
        names = names if len(names) <= 500 else f"{names[:497]}…"
        reason = f"source file {names} not found"
        raise VRTSourceNotFoundError(failure, reason, "Re-run ingest, or put the file back.")


def _follow(path: Path, depth: int) -> VrtSources:
    """The file itself, or what it points at where it is a VRT."""
    file = file_of(path)
    if is_vrt(file):
        return _check_sources(path, depth + 1)
    return VrtSources((path,), states=_check_pixels(path))


def _with_own(file: _NamedFile, inner: VrtSources) -> VrtSources:
    """What a file points at, with what the VRT says of the file itself."""
    outside = (file.path,) if file.outside else ()
    stated = (file.stated,) if file.stated is not None else ()
    return VrtSources(
        inner.files,
        outside=(*outside, *inner.outside),
        stated=(*stated, *inner.stated),
        states=inner.states,
    )


def _check_pixels(path: Path) -> States:
    """See that a source holds pixels itself: GDAL opens what a VRT names in any format it knows."""
    states = check_pixel_file(path)
    if _pixels_known.recall(path, states) is None:
        _refuse_other_format(path)
        _pixels_known.keep(path, states, states)
    return states


def check_pixel_file(path: Path) -> States:
    """Look into a file that is no VRT, and at what lies beside it: once for each state of them.

    Returns
    -------
    mapping of Path to FileState
        The file's state before the look.

    Raises
    ------
    ValidationError, RasterError
        If it is text that poses as a raster, or GDAL would open another file with it.
    """
    file = file_of(path)
    states = {file: file_state(file)}
    if _looked_into.recall(path, states) is None:
        check_is_raster(file)
        check_sidecars(file)
        check_member(path)
        check_metadata(path)
        _looked_into.keep(path, states, states)
    return states


def _refuse_other_format(path: Path) -> None:
    file = file_of(path)
    try:
        with gdal_errors(
            lambda why: RasterError(
                f"The raster {file} cannot be opened", why, "Is the file complete, and a raster?"
            )
        ):
            refuse_other_format(gdal_name(path))
    except RasterError as error:
        raise ValidationError(error.what, error.why, error.hint) from error


def _read_sources(path: Path) -> Sequence[_NamedFile]:
    """What a VRT names."""
    failure = _failure(path)
    root = _parse(path, failure)
    if root.tag.lower() != "vrtdataset":
        reason = f"its root is <{root.tag}>, not <VRTDataset>"
        raise ValidationError(failure, reason, "Make the stack again.")
    _refuse_code(root, failure)
    properties = _source_properties(root)
    named = []
    for node, band in _walk(root, None):
        _refuse_remote(node, failure)
        if node.tag.lower() in SOURCE_TAGS:
            named.append(_named_file(path.parent, node, band, properties.get(node)))
    return named


def _source_properties(root: Element) -> dict[Element, Element]:
    """The element that names a file → the one beside it that states its size and type."""
    properties = {}
    for parent in root.iter():
        children = {child.tag.lower(): child for child in parent}
        if "sourcefilename" in children and "sourceproperties" in children:
            properties[children["sourcefilename"]] = children["sourceproperties"]
    return properties


def _refuse_remote(node: Element, failure: str) -> None:
    name = (node.text or "").strip()
    inside = find_subdataset(name) if node.tag.lower() in SOURCE_TAGS else None
    if inside is not None:  # HDF5 has two slashes of its own, an archive's name begins with /vsi
        whole = name.replace('"://', '":/')
        name = f"{inside.file}/{inside.variable}" if inside.is_member else whole
    remote = "://" in name or "/vsi" in name.lower() or name.startswith(("\\\\", "//"))
    if remote and node.tag.lower() not in FREE_TEXT - SOURCE_TAGS:
        hint = (
            "Download the bands first, or compute an index straight from the scenes with "
            "‘flight mosaic’."
        )
        raise ValidationError(failure, f"its source {name[:200]} is not on this computer", hint)


def _named_file(
    folder: Path, node: Element, band: int | None, properties: Element | None
) -> _NamedFile:
    source = Path((node.text or "").strip())
    relative = _attributes(node).get("relativetovrt") == "1"
    path = with_file(source, folder / file_of(source)) if relative else source
    stated = None if properties is None else _stated(path, properties)
    return _NamedFile(path, band, not relative or _leaves(folder, path), stated)


def _attributes(node: Element) -> dict[str, str]:
    """By their names in lower case."""
    return {key.lower(): value for key, value in node.attrib.items()}


def _stated(path: Path, node: Element) -> StatedSource | None:
    fields = _attributes(node)
    try:
        shape = int(fields["rasterysize"]), int(fields["rasterxsize"])
    except (KeyError, ValueError):
        return None
    return StatedSource(path, shape, fields.get("datatype", "").lower().replace("byte", "uint8"))


def _parse(path: Path, failure: str) -> Element:
    try:
        # UTF-8 whatever it declares, as GDAL reads it
        return read_xml(path, encoding="utf-8", namespaces=False)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ValidationError(failure, reason, "Make the stack again.") from error
    except RefusedXml as error:
        hint = "Do not open it; make the stack again."
        raise ValidationError(failure, str(error), hint) from error
    except UnfitXml as error:
        raise ValidationError(failure, str(error), "Make the stack again.") from error


def _refuse_code(root: Element, failure: str) -> None:
    code = {node.tag for node in root.iter() if node.tag.lower() in CODE_TAGS}
    named = set()
    for node in root.iter():
        fields = _attributes(node)
        subclass, domain = fields.get("subclass", ""), fields.get("domain", "")
        if subclass.lower() in CODE_CLASSES:
            code.add(subclass)
        if node.tag.lower() == "metadata" and domain.lower() in OPENED_DOMAINS:
            named.add(f"metadata {domain}")
        if fields.get("key", "").lower() in OPENED_ITEMS:
            named.add(f"metadata {fields['key']}")
    for found, reason in ((code, "it holds code to be run"), (named, "it names further files")):
        if found:
            what = f"{reason} ({', '.join(sorted(found))})"
            raise ValidationError(failure, what, "Do not open it; make the stack again.")


def _walk(node: Element, band: int | None) -> Iterator[tuple[Element, int | None]]:
    """All elements, each with the band it belongs to."""
    number = 0
    for child in node:
        inside = band
        if band is None and child.tag.lower() == "vrtrasterband":
            number += 1
            inside = number  # GDAL counts them in the order they stand in
        yield child, inside
        yield from _walk(child, inside)


def _leaves(folder: Path, source: Path) -> bool:
    base = os.path.abspath(folder)
    try:
        return os.path.commonpath([base, os.path.abspath(file_of(source))]) != base
    except ValueError:  # another drive
        return True


def _is_there(path: Path) -> bool:
    try:
        check_is_file(file_of(path))
    except RasterError:
        return False
    return True
