"""What a map is computed from: stacks → the bands that are needed, on one grid, with what is to be
known of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..discovery.band_config import load_sensors
from ..errors import AlgorithmError, InputError
from ..monitor import EventQueue, Monitor
from ..products.result_record import InputRecord, record_input
from ..raster.band_names import identify_bands
from ..raster.cloud_mask import MASK_BANDS
from ..raster.reader import RasterFacts, StackReader, read_facts
from ..stack.pair import StackPart, join_stacks
from ..types import Grid, Radiometry, parse_time
from ..validation.image_validator import known_names
from ..workers import run_in_background
from .class_statistics import check_stack, describe_input, prepare_folder, unscaled

CLASS_EXTRAS = ("water",)
"""Of rasters beside the stacks, those that hold classes: ``permanent.water``."""


@dataclass(frozen=True)
class Wanted:
    """One of the stacks, and what an algorithm wants of it."""

    stack: Path
    bands: Mapping[str, Sequence[str]]
    """Name in the algorithm → the bands that can be it, the best first: ``nir`` → ``nir, nir08``.
    """
    optional: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Likewise, of bands that may be absent."""
    masks: bool = True
    """Whether its cloud masks are taken too, and missed where there is none: not of radar."""


@dataclass(frozen=True)
class MapInputs:
    """All that a kernel reads, as one raster."""

    parts: tuple[StackPart, ...]
    """The stacks, in the order in which they were asked for."""
    path: Path
    """The raster: the stack itself where there is only one, else a VRT in the output folder."""
    grid: Grid
    bands: Mapping[str, str]
    """Name in the algorithm → band of the raster: ``pre.nir`` → ``pre.nir08``; also masks,
    ``pre.scl``.
    """
    places: Mapping[str, int]
    """Band of the raster → index from 1."""
    radiometry: Mapping[str, Radiometry]
    """Of each band of the raster that is used."""
    extras: Mapping[str, Path]
    """Name in the algorithm → the one-band raster beside the stacks: ``terrain.hand``."""
    warnings: tuple[str, ...]

    @property
    def masks(self) -> tuple[str, ...]:
        """The inputs that are cloud masks: ``post.scl``, ``pre.scl``."""
        return tuple(sorted(name for name in self.bands if name.rpartition(".")[2] in MASK_BANDS))

    @property
    def days(self) -> Mapping[str, str]:
        """When each stack was taken, ISO, where it says so."""
        return {
            part.name: part.facts.tags["datetime"]
            for part in self.parts
            if part.facts.tags.get("datetime")
        }

    @property
    def span(self) -> str:
        """``2024-06-01 to 2024-08-01``, one day, or empty."""
        return " to ".join(
            dict.fromkeys(
                self.days[part.name][:10] for part in self.parts if part.name in self.days
            )
        )

    @property
    def pixel_m(self) -> float:
        """Side of a pixel in metres: in degrees at the middle of the raster, the mean of both
        sides.
        """
        from ..raster.pixel_area import pixel_area_m2

        rows = self.grid.shape[0]
        area = pixel_area_m2(self.grid, rows // 2, 1)
        return float(area**0.5) if area else self.grid.resolution[0]

    def tags(self) -> dict[str, str]:
        """For the files that are made: which scenes they come from; of a single stack without its
        name before it.
        """
        alone = len(self.parts) == 1
        found = {}
        for part in self.parts:
            for key in ("item_id", "datetime", "sensor"):
                if part.facts.tags.get(key):
                    found[key if alone else f"{part.name}_{key}"] = part.facts.tags[key]
        newest = max(self.days.values(), key=parse_time, default=None)
        if newest is not None:
            found["datetime"] = newest  # of what the map shows: the state after
        sensors = {part.facts.tags.get("sensor") for part in self.parts}
        if len(sensors) == 1 and None not in sensors:
            found["sensor"] = str(sensors.pop())
        return found

    def records(self, stop: Callable[[], bool] = lambda: False) -> tuple[InputRecord, ...]:
        """Each input with the sums of its files, for the catalogue; reads what no download has
        recorded.
        """
        paths = {part.name: part.facts.path for part in self.parts} | dict(self.extras)
        made = []
        for name, path in paths.items():
            with StackReader(path) as reader:
                made.append(record_input(name, path, reader.facts.tags, reader.state(), stop))
        return tuple(made)

    def describe(self) -> dict[str, Any]:
        """Each input with the state of its files, for the provenance."""
        found = {}
        for part in self.parts:
            with StackReader(part.facts.path) as reader:
                found[part.name] = describe_input(reader)
        for name, path in self.extras.items():
            with StackReader(path) as reader:
                found[name] = describe_input(reader)
        return found


def open_inputs(
    what: str,
    wanted: Mapping[str, Wanted],
    output: Path,
    names: Sequence[str],
    monitor: Monitor,
    extras: Mapping[str, Path] | None = None,
) -> tuple[MapInputs, list[Path]]:
    """Look into the stacks, make the output folder, and put the needed bands on one grid.

    Parameters
    ----------
    what : str
        For sentences: ``Burn severity``.
    wanted : mapping
        ``pre``, ``post`` → what is wanted of that stack.
    output : Path
        The folder for results.
    names : sequence of str
        Of the files that will be written there; none may be an input.
    extras : mapping, optional
        Name in the algorithm (``terrain.hand``) → a raster of one band, brought onto the stacks'
        grid; where it has nothing, it is no data and the map is there all the same. What stands
        behind the dot in ``CLASS_EXTRAS`` is never interpolated.

    Returns
    -------
    inputs, paths
        ``paths`` of the files to write, in the order of ``names``.

    Raises
    ------
    InputError
        If two inputs are the same, or an output would replace an input.
    AlgorithmError
        If a stack lacks a band.
    BandStackError
        If the stacks cannot be brought onto one grid; ``ExtentMismatchError`` where they do not
        overlap.
    ValidationError, RasterError
        If a stack cannot be read.
    """
    extras = extras or {}
    _check_distinct(what, {name: one.stack for name, one in wanted.items()})
    files = [
        file
        for path in (*(one.stack for one in wanted.values()), *extras.values())
        for file in check_stack(path)
    ]
    joined_name = f"{what.lower().replace(' ', '_')}_inputs.vrt"
    *paths, joined_path = prepare_folder(output, (*names, joined_name), files)
    roles: dict[str, str] = {}
    parts = tuple(_part(what, name, one, roles) for name, one in wanted.items())
    warnings = _warnings(what, parts, {name: one.masks for name, one in wanted.items()})
    if len(parts) == 1 and not extras:
        [part] = parts
        names_there = {role: band.partition(".")[2] for role, band in roles.items()}
        facts = part.facts
        radiometry = {
            band: facts.bands[part.bands[band] - 1].radiometry for band in names_there.values()
        }
        alone = MapInputs(
            parts, facts.path, facts.grid, names_there, dict(part.bands), radiometry, {}, warnings
        )
        return alone, paths
    beside = []
    for name, path in extras.items():
        prefix, _, band = name.partition(".")
        facts = _one_band(what, path)
        classes = frozenset((band,)) if band in CLASS_EXTRAS else frozenset()
        beside.append(StackPart(prefix, facts, {band: 1}, leads=False, classes=classes))
        roles[name] = name
    joined = run_in_background(
        lambda: join_stacks([*parts, *beside], joined_path), EventQueue(monitor)
    )
    places = {band.name: band.index for band in joined.bands}
    radiometry = {band.name: band.radiometry for band in joined.bands}
    return MapInputs(
        parts,
        joined.path,
        joined.grid,
        roles,
        places,
        radiometry,
        dict(extras),
        (*joined.warnings, *warnings),
    ), paths


def _check_distinct(what: str, stacks: Mapping[str, Path]) -> None:
    seen: dict[Path, str] = {}
    for path in stacks.values():
        if path.resolve() in seen:
            raise InputError(
                f"{what} cannot be mapped",
                f"both stacks are {path}",
                "Choose one before and one after.",
            )
        seen[path.resolve()] = str(path)


def _part(what: str, name: str, wanted: Wanted, roles: dict[str, str]) -> StackPart:
    """The bands of a stack that are needed, and its masks; ``roles`` gets their names in the
    algorithm.
    """
    facts = read_facts(wanted.stack)
    bands = identify_bands(facts, known_names(load_sensors().get(facts.tags.get("sensor", ""))))
    found: dict[str, int] = {}
    for role, offers in (*wanted.bands.items(), *wanted.optional.items()):
        match = next((offer for offer in offers if offer in bands), None)
        if match is not None:
            found[match] = bands[match]
            roles[f"{name}.{role}"] = f"{name}.{match}"
        elif role in wanted.bands:
            raise AlgorithmError(
                f"{what} cannot be mapped",
                f"{facts.path} has no band {' or '.join(offers)} (it has "
                f"{', '.join(bands) or 'no named band'})",
                "Ingest or stack the scene with the bands that are needed.",
            )
    if wanted.masks:
        for mask in MASK_BANDS:
            if mask in bands:
                found[mask] = bands[mask]
                roles[f"{name}.{mask}"] = f"{name}.{mask}"
    return StackPart(name, facts, found)


def _one_band(what: str, path: Path) -> RasterFacts:
    facts = read_facts(path)
    if len(facts.bands) != 1:
        raise InputError(
            f"{what} cannot be mapped with {path}",
            f"it has {len(facts.bands)} bands",
            "Give a raster of one band.",
        )
    return facts


def _warnings(what: str, parts: Sequence[StackPart], masked: Mapping[str, bool]) -> tuple[str, ...]:
    """What is to be known before somebody acts on the map."""
    found = []
    scaled: dict[bool, list[str]] = {}
    for part in parts:
        raw = unscaled(
            part.facts, [index for name, index in part.bands.items() if name not in MASK_BANDS]
        )
        if masked[part.name]:
            scaled.setdefault(not raw, []).append(str(part.facts.path))
        if masked[part.name] and raw:
            found.append(
                f"No scale is known for {', '.join(raw)} of {part.facts.path.name}: the index "
                "is of its stored numbers"
            )
        if masked[part.name] and not any(name in MASK_BANDS for name in part.bands):
            found.append(
                f"{part.facts.path.name} has no cloud mask ({' or '.join(MASK_BANDS)}): cloud "
                "in it is taken for ground"
            )
    if len(scaled) > 1:
        whole, bare = (" and ".join(scaled[key]) for key in (True, False))
        found.append(
            f"{whole} has reflectance, {bare} stored numbers: unless these are proportional to "
            "it (Landsat's are not), the "
            "change between them is none of the ground. Stack both with --scale and --offset"
        )
    sensors = [part.facts.tags.get("sensor") for part in parts]
    if None not in sensors and len(set(sensors)) > 1:
        found.append(
            f"The stacks are of {' and '.join(str(one) for one in sensors)}: their bands "
            "differ, and the result with them"
        )
    days = {
        part.name: part.facts.tags["datetime"] for part in parts if part.facts.tags.get("datetime")
    }
    if {"pre", "post"} <= set(days) and parse_time(days["post"]) <= parse_time(days["pre"]):
        found.append(
            f"The stack after ({days['post']}) is not younger than the one before "
            f"({days['pre']}): are they swapped?"
        )
    return tuple(found)
