"""Mend a stack whose bands were moved or renamed, or that another program has emptied or rewritten.

Nothing is patched: the stack is made anew, on its old grid, from what it says of itself and the
files that were found, and compared with them like any new one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import BandStackError, RasterError, ValidationError
from ..files.atomic import WriteFailure, write_whole
from ..files.checksum import sha256_of
from ..files.record import BandRecord, read_record
from ..gdal.containers import file_of, real_path, with_file
from ..identity.source_notes import identity
from ..raster.facts import read_facts
from ..types import BandStack
from .band_stack import make_stack
from .grid import place_bands
from .notes import NotedBand, StackNotes, read_notes
from .source import BandSource, open_band

MOST_FILES = 20000
"""Looked at in all folders together: a home folder is not a place to search."""


@dataclass(frozen=True)
class Mend:
    """One thing that was mended."""

    band: str
    before: str
    after: str
    reason: str
    """Why this file: ``same name``, ``another name, the same sha256``…; or what was wrong."""

    def __str__(self) -> str:
        return f"{self.band}: {self.before} → {self.after} ({self.reason})"


@dataclass(frozen=True)
class Repair:
    """What became of a stack."""

    stack: BandStack | None
    """None where there was nothing to mend."""
    mends: tuple[Mend, ...]
    backup: Path | None
    """The old text."""


@dataclass(frozen=True)
class _Search:
    files: Sequence[Path]
    folders: Sequence[Path]
    record: Mapping[str, BandRecord]
    """``bands.json`` beside the stack, by band."""


def repair_stack(path: Path, folders: Sequence[Path] = ()) -> Repair:
    """Find the files of a stack's bands again and write the stack anew, keeping the old text as
    ``.bak``.

    Looked for in the stack's folder, then in ``folders``, with all that is below them: first by
    name, then by size in bytes; taken only where type, grid and band agree. Where several fit, the
    one whose sha256 is in ``bands.json``; otherwise none.

    Parameters
    ----------
    path : Path
        A VRT written by FirstLight.
    folders : sequence of Path
        Where else to look.

    Raises
    ------
    BandStackError
        If a file cannot be found, or the stack no longer says what it is made of.
    """
    what = f"Mending {path.name} failed"
    for folder in folders:
        if not folder.is_dir():
            raise BandStackError(
                what, f"the folder {folder} does not exist", "Name a folder that does."
            )
    notes = read_notes(path, what)
    where = [path.parent, *folders]
    search = _Search(_list_files(where, what), where, read_record(path.parent))
    found: dict[str, Path] = {}
    mends: list[Mend] = []
    lost: list[str] = []
    whole = {band.name for band in notes.bands if _is_it(band.source, band)}
    taken = {real_path(band.source) for band in notes.bands if band.name in whole}
    for band in notes.bands:
        if band.name in whole:
            found[band.name] = band.source
            mends += _pointer_mends(band)
            continue
        candidate, reason = _find(band, search, taken)
        if candidate is None:
            lost.append(f"{band.name} ({band.source.name}: {reason})")
            continue
        found[band.name] = candidate
        taken.add(real_path(candidate))
        mends.append(Mend(band.name, str(band.source), str(candidate), reason))
    if lost:
        places = ", ".join(str(folder) for folder in where)
        hint = "Name their folder with ‘repair.folder’, or make the stack again."
        raise BandStackError(what, f"no file was found for {'; '.join(lost)} in {places}", hint)
    if not mends:
        return Repair(None, (), None)
    return _rewrite(notes, found, mends, what)


def _rewrite(
    notes: StackNotes, found: Mapping[str, Path], mends: Sequence[Mend], what: str
) -> Repair:
    opened = [
        open_band(
            band.name,
            BandSource(
                found[band.name], band.index, band.radiometry, band.wavelength_nm, band.is_class
            ),
            what,
        )
        for band in notes.bands
    ]
    placed, warnings = place_bands(opened, notes.grid.crs, what)
    backup = _keep(notes.path, what)
    stack = make_stack(placed, notes.grid, notes.path, notes.style, warnings)
    return Repair(stack, tuple(mends), backup)


def _pointer_mends(band: NotedBand) -> list[Mend]:
    """What is wrong with the way to a band's file that is where it was."""
    name = band.source.name
    if band.pointer is None:
        return [Mend(band.name, "no source", name, "the stack was emptied")]
    if band.absolute:
        return [
            Mend(
                band.name,
                str(band.pointer),
                name,
                "a whole path was written where a relative one was",
            )
        ]
    if not file_of(band.pointer).exists():
        return [
            Mend(
                band.name,
                band.pointer.name,
                "made anew",
                "the VRT between the stack and the band is gone",
            )
        ]
    if band.pointer.suffix.lower() != ".vrt" and real_path(band.pointer) != real_path(band.source):
        return [
            Mend(
                band.name,
                str(band.pointer),
                name,
                "the stack pointed at another file than its notes say",
            )
        ]
    return []


def _find(band: NotedBand, search: _Search, taken: set[Path]) -> tuple[Path | None, str]:
    """The band's file and why this one, or None and why none."""
    every = (with_file(band.source, file) for file in search.files)
    free = [path for path in every if real_path(path) not in taken]
    name = file_of(band.source).name.lower()
    named = [path for path in free if file_of(path).name.lower() == name]
    fitting = [file for file in named if _is_it(file, band)]
    if fitting:
        return _find_by_name(band, fitting, search.record)
    return _find_by_size(band, free, named, search.record)


def _find_by_name(
    band: NotedBand, fitting: Sequence[Path], record: Mapping[str, BandRecord]
) -> tuple[Path | None, str]:
    """As :func:`_find`, among files of the band's name, type and grid."""
    exact = [path for path in fitting if _size(path) == band.size_bytes]
    candidates = exact or fitting
    file = _pick(candidates, band, record)
    if file is None:
        return None, f"{len(candidates)} files of that name fit: {_listed(candidates)}"
    size = "" if exact else "; another size in bytes than before"
    return file, f"same name, type and grid{size}"


def _find_by_size(
    band: NotedBand,
    files: Sequence[Path],
    named: Sequence[Path],
    record: Mapping[str, BandRecord],
) -> tuple[Path | None, str]:
    """As :func:`_find`, where no file of that name fits."""
    fitting = [path for path in files if _size(path) == band.size_bytes and _is_it(path, band)]
    file = _pick(fitting, band, record)
    if file is not None:
        return file, "another name; same size in bytes, type and grid"
    if fitting:
        return None, f"{len(fitting)} files with other names fit: {_listed(fitting)}"
    if named:
        return None, f"{_listed(named)} is of another type or grid"
    return None, "nothing of that name or size"


def _pick(files: Sequence[Path], band: NotedBand, record: Mapping[str, BandRecord]) -> Path | None:
    """The only one; of several, the one that was downloaded, or any if all are the same to the
    byte.
    """
    if len(files) < 2:
        return files[0] if files else None
    entry = record.get(band.name)
    wanted = entry.sha256 if entry is not None else ""
    sums = {path: sha256_of(file_of(path)) for path in files}
    fitting = [file for file in files if sums[file] == wanted] if wanted else list(files)
    return fitting[0] if fitting and len({sums[file] for file in fitting}) == 1 else None


def _size(path: Path) -> int:
    return file_of(path).stat().st_size


def _is_it(path: Path, band: NotedBand) -> bool:
    """Whether a file is there and has the band's type and grid."""
    if not file_of(path).is_file():
        return False
    try:
        facts = read_facts(path)
    except (RasterError, ValidationError):
        return False
    return band.index <= len(facts.bands) and identity(facts, band.index) == band.grid_text


def _list_files(folders: Sequence[Path], what: str) -> list[Path]:
    """All files below, the nearest first; each folder in the order of names, so that the same disk
    gives the same answer.
    """
    found: list[Path] = []
    for folder in folders:
        for path in _walk(folder):
            found.append(path)
            if len(found) > MOST_FILES:
                raise BandStackError(
                    what,
                    f"there are more than {MOST_FILES} files below {folder}",
                    "Name a smaller folder.",
                )
    return found


def _walk(folder: Path) -> Iterator[Path]:
    for base, names, files in os.walk(folder):
        names.sort()
        for name in sorted(files):
            if not name.lower().endswith((".vrt", ".part", ".json", ".xml", ".bak")):
                yield Path(base) / name


def _listed(files: Sequence[Path]) -> str:
    return ", ".join(str(file) for file in files[:5]) + (" …" if len(files) > 5 else "")


def _keep(path: Path, what: str) -> Path:
    """A copy of the old text under a free name."""
    number = 1
    backup = path.with_name(f"{path.name}.bak")
    while backup.exists():
        number += 1
        backup = path.with_name(f"{path.name}.bak{number}")
    failure = WriteFailure(what, "Make the folder writable.", BandStackError)
    with failure.named(path):
        write_whole(backup, path.read_bytes(), failure)
    return backup
