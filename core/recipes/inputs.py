"""Inputs of a map: the bands that are needed of some stacks, on one grid, with what is to be known
of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import AlgorithmError, InputError
from ..identity.height_unit import in_metres
from ..monitor import EventQueue, Monitor
from ..products.result_record import InputRecord, record_input
from ..raster.cloud_mask import MASK_BANDS
from ..raster.facts import RasterFacts, read_facts
from ..raster.reader import RasterReader
from ..stack.borrowed import borrowed_files
from ..stack.pair import StackPart, join_stacks
from ..types import BandStack, Grid, Radiometry, parse_time
from ..workers import run_in_background
from .stacks import (
    band_doubts,
    check_stack,
    describe_input,
    implausible,
    named_bands,
    naming_warnings,
    prepare_folder,
    refuse_mixed_scales,
    refuse_scaled_masks,
    undeclared,
    unscaled,
)

SCENE_TAGS = ("item_id", "datetime", "sensor")
DEGREES = ("", "degree", "degrees", "deg", "°")
"""Units of a slope."""
CLASS_EXTRAS = ("water",)
"""Of rasters beside the stacks, those that hold classes: ``permanent.water``."""


@dataclass(frozen=True)
class StackRequest:
    """A stack, and the bands that an algorithm needs of it."""

    stack: Path
    bands: Mapping[str, Sequence[str]]
    """Name in the algorithm → the bands that can be it, the best first: ``nir`` → ``nir, nir08``.
    """
    optional: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Likewise, of bands that may be absent."""
    masks: bool = True
    """Take its cloud masks too, and miss them where there is none: not of radar."""


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
    indexes: Mapping[str, int]
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
        """``2024-06-01 to 2024-08-01``, the first day and the last; one day, or empty."""
        days = {self.days[part.name][:10] for part in self.parts if part.name in self.days}
        return " to ".join(dict.fromkeys((min(days), max(days)))) if days else ""

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
        tags = {}
        for part in self.parts:
            for key in SCENE_TAGS:
                if part.facts.tags.get(key):
                    tags[key if alone else f"{part.name}_{key}"] = part.facts.tags[key]
        newest = max(self.days.values(), key=parse_time, default=None)
        if newest is not None:
            tags["datetime"] = newest  # of what the map shows: the state after
        sensors = {part.facts.tags.get("sensor") for part in self.parts}
        if len(sensors) == 1 and None not in sensors:
            tags["sensor"] = str(sensors.pop())
        return tags

    @property
    def newest(self) -> datetime | None:
        """Time of the newest stack, UTC."""
        return max(map(parse_time, self.days.values()), default=None)

    @property
    def paths(self) -> dict[str, Path]:
        """Each input's raster, by its name."""
        return {part.name: part.facts.path for part in self.parts} | dict(self.extras)

    def files(self) -> list[Path]:
        """List the files of all inputs, which no result may replace."""
        return [file for path in self.paths.values() for file in check_stack(path)]

    def records(self, stop: Callable[[], bool] = lambda: False) -> tuple[InputRecord, ...]:
        """Each input with the sums of its files, for the catalogue; reads what no download has
        recorded.
        """
        records = []
        for name, path in self.paths.items():
            with RasterReader(path) as reader:
                records.append(record_input(name, path, reader.facts.tags, reader.state(), stop))
        return tuple(records)

    def describe(self) -> dict[str, Any]:
        """Each input with the state of its files, for the provenance."""
        described = {}
        for name, path in self.paths.items():
            with RasterReader(path) as reader:
                described[name] = describe_input(reader)
        return described

    def describe_alone(self) -> dict[str, Any]:
        """The only input with its scene, for the provenance of a single layer."""
        [part] = self.parts
        scene = {key: part.facts.tags[key] for key in SCENE_TAGS if key in part.facts.tags}
        return {"stack": str(part.facts.path), **scene}


def open_inputs(
    subject: str,
    stacks: Mapping[str, StackRequest],
    output: Path,
    monitor: Monitor,
    extras: Mapping[str, Path] | None = None,
) -> MapInputs:
    """Look into the stacks, make the output folder, and put the needed bands on one grid.

    Parameters
    ----------
    subject : str
        For sentences: ``Burn severity``.
    stacks : mapping
        ``pre``, ``post`` → what is wanted of that stack.
    output : Path
        The folder for results.
    extras : mapping, optional
        Name in the algorithm (``terrain.hand``) → a raster of one band, brought onto the stacks'
        grid; where it has nothing, it is no data and the map is there all the same. What stands
        behind the dot in ``CLASS_EXTRAS`` is never interpolated.

    Raises
    ------
    InputError
        If two inputs are the same, or the joined raster would replace an input.
    AlgorithmError
        If a stack lacks a band.
    BandStackError
        If the stacks cannot be brought onto one grid; ``ExtentMismatchError`` where they do not
        overlap.
    ValidationError, RasterError
        If a stack cannot be read.
    """
    extras = extras or {}
    paths = [request.stack for request in stacks.values()]
    _check_distinct(subject, paths)
    files = [file for path in (*paths, *extras.values()) for file in check_stack(path)]
    joined_name = f"{subject.lower().replace(' ', '_')}_inputs.vrt"
    [joined_path] = prepare_folder(output, (joined_name,), files)
    roles: dict[str, str] = {}
    parts = tuple(_part(subject, name, request, roles) for name, request in stacks.items())
    warnings = _warnings(parts, stacks)
    if len(parts) == 1 and not extras:
        names = {role: band.partition(".")[2] for role, band in roles.items()}
        return single_input(parts[0], names, warnings)
    beside = [_beside(subject, name, path) for name, path in extras.items()]
    joined = run_in_background(
        lambda: join_stacks([*parts, *beside], joined_path), EventQueue(monitor)
    )
    bands = {**roles, **{name: name for name in extras}}
    return joined_inputs(parts, joined, bands, warnings, extras)


def single_input(
    part: StackPart, bands: Mapping[str, str], warnings: tuple[str, ...] = ()
) -> MapInputs:
    """Take a stack as it lies; ``bands``: name in the algorithm → band of the stack."""
    facts = part.facts
    radiometry = {band: facts.bands[part.bands[band] - 1].radiometry for band in bands.values()}
    indexes = dict(part.bands)
    told = (*borrowed_files(facts.path), *warnings)
    return MapInputs((part,), facts.path, facts.grid, bands, indexes, radiometry, {}, told)


def joined_inputs(
    parts: tuple[StackPart, ...],
    joined: BandStack,
    bands: Mapping[str, str],
    warnings: Sequence[str],
    extras: Mapping[str, Path] | None = None,
) -> MapInputs:
    """Take several stacks as the one that they were joined to."""
    rasters = [*(part.facts.path for part in parts), *(extras or {}).values()]
    borrowed = [text for path in dict.fromkeys(rasters) for text in borrowed_files(path)]
    return MapInputs(
        parts,
        joined.path,
        joined.grid,
        bands,
        {band.name: band.index for band in joined.bands},
        {band.name: band.radiometry for band in joined.bands},
        dict(extras or {}),
        (*borrowed, *joined.warnings, *warnings),
    )


def _check_distinct(subject: str, stacks: Sequence[Path]) -> None:
    seen: set[Path] = set()
    for path in stacks:
        if path.resolve() in seen:
            raise InputError(
                f"{subject} cannot be mapped",
                f"both stacks are {path}",
                "Choose one before and one after.",
            )
        seen.add(path.resolve())


def _part(subject: str, name: str, request: StackRequest, roles: dict[str, str]) -> StackPart:
    """Pick the bands of a stack that are needed, and its masks; ``roles`` gets their names in the
    algorithm.
    """
    facts = read_facts(request.stack)
    bands = named_bands(facts)
    picked: dict[str, int] = {}
    for role, offers in (*request.bands.items(), *request.optional.items()):
        match = next((offer for offer in offers if offer in bands), None)
        if match is not None:
            picked[match] = bands[match]
            roles[f"{name}.{role}"] = f"{name}.{match}"
        elif role in request.bands:
            raise AlgorithmError(
                f"{subject} cannot be mapped",
                f"{facts.path} has no band {' or '.join(offers)} (it has "
                f"{', '.join(bands) or 'no named band'})",
                band_doubts(facts) or "Ingest or stack the scene with the bands that are needed.",
            )
    refuse_mixed_scales(f"{subject} cannot be mapped with {facts.path}", facts, picked)
    for mask in MASK_BANDS if request.masks else ():
        if mask in bands:
            picked[mask] = bands[mask]
            roles[f"{name}.{mask}"] = f"{name}.{mask}"
    masks = {mask: picked[mask] for mask in MASK_BANDS if mask in picked and request.masks}
    refuse_scaled_masks(f"{subject} cannot be mapped with {facts.path}", facts, masks)
    return StackPart(name, facts, picked)


def _beside(subject: str, name: str, path: Path) -> StackPart:
    """Take a raster of one band that is brought onto the stacks' grid."""
    facts = read_facts(path)
    if len(facts.bands) != 1:
        raise InputError(
            f"{subject} cannot be mapped with {path}",
            f"it has {len(facts.bands)} bands",
            "Give a raster of one band.",
        )
    prefix, _, band = name.partition(".")
    classes = frozenset((band,)) if band in CLASS_EXTRAS else frozenset()
    facts = _beside_facts(subject, facts, band)
    return StackPart(prefix, facts, {band: 1}, leads=False, classes=classes)


def _beside_facts(subject: str, facts: RasterFacts, band: str) -> RasterFacts:
    """Facts of a raster beside the stacks; heights in metres, slopes in degrees."""
    what = f"{subject} cannot be mapped with {facts.path}"
    unit = str(facts.bands[0].radiometry.unit)
    if band == "slope" and unit.lower() not in DEGREES:
        raise InputError(
            what, f"its unit is '{unit}', and slopes are in degrees", "Give degrees, or the unit."
        )
    if band != "hand":
        return facts
    rule = in_metres(facts, what, "Give heights in metres, or name their unit in the file.")
    return replace(facts, bands=(replace(facts.bands[0], radiometry=rule),))


def unscaled_bands(part: StackPart) -> list[str]:
    """Name the bands of a part, but for its masks, whose numbers are not known to be physical."""
    return unscaled(
        part.facts, [index for name, index in part.bands.items() if name not in MASK_BANDS]
    )


def _warnings(parts: Sequence[StackPart], stacks: Mapping[str, StackRequest]) -> tuple[str, ...]:
    """Tell what is to be known before somebody acts on the map."""
    optical = [part for part in parts if stacks[part.name].masks]
    warnings = [warning for part in optical for warning in _stack_warnings(part)]
    scaled: dict[bool, list[str]] = {}
    for part in optical:
        scaled.setdefault(not unscaled_bands(part), []).append(str(part.facts.path))
    if len(scaled) > 1:
        whole, bare = (" and ".join(scaled[key]) for key in (True, False))
        warnings.append(
            f"{whole} has reflectance, {bare} stored numbers: their difference may be no "
            "change of the ground. Landsat's are not proportional to reflectance. Stack "
            "both with ‘stack.scale’ and ‘stack.offset’"
        )
    return (*warnings, *_pair_warnings(parts))


def _stack_warnings(part: StackPart) -> list[str]:
    raw, name = unscaled_bands(part), part.facts.path.name
    warnings = [
        *naming_warnings(part.facts),
        *implausible(part.facts, part.bands),
        *undeclared(part.facts, part.bands),
    ]
    if raw:
        warnings.append(
            f"No scale is known for {', '.join(raw)} of {name}: the index is of its stored numbers"
        )
    if not any(band in MASK_BANDS for band in part.bands):
        warnings.append(
            f"{name} has no cloud mask ({' or '.join(MASK_BANDS)}): cloud in it is taken for ground"
        )
    return warnings


def _pair_warnings(parts: Sequence[StackPart]) -> list[str]:
    tags = {part.name: part.facts.tags for part in parts}
    warnings = []
    sensors = [tag.get("sensor") for tag in tags.values()]
    if None not in sensors and len(set(sensors)) > 1:
        warnings.append(
            f"The stacks are of {' and '.join(map(str, sensors))}: their bands "
            "differ, and the result with them"
        )
    before, after = (tags.get(name, {}).get("datetime") for name in ("pre", "post"))
    if before and after and parse_time(after) <= parse_time(before):
        warnings.append(
            f"The stack after ({after}) is not younger than the one before "
            f"({before}): are they swapped?"
        )
    return warnings
