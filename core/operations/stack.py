"""Stack local band files into one VRT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..discovery.band_config import Band, Sensor, sensor_names, sensor_titles
from ..errors import InputError, known
from ..gdal.containers import container_doubts, file_of
from ..identity.band_names import RANGES_NM, identify_bands
from ..identity.band_names import name_of_file as name_of_file
from ..identity.band_rule import BandRule, GivenRule, decide_rule, scale_hint
from ..identity.multiband import open_multiband
from ..identity.plausible import check_plausible
from ..identity.products import get_product, product_names, product_titles
from ..identity.scene_names import tell_apart
from ..identity.scene_package import is_package, open_package
from ..identity.sensor_of_files import sensor_of_files as sensor_of_files
from ..identity.undeclared import check_undeclared
from ..monitor import EventQueue, Level, Monitor, Note
from ..operation import LayerOutput, Operation, OperationResult, Output
from ..params import BandPath, Kind, param
from ..raster.facts import RasterFacts, read_facts
from ..raster.reader import RasterReader
from ..report import Finding
from ..settings import Settings
from ..stack.band_stack import MODE_LABELS, MODES, BandSource, create_band_stack
from ..stack.borrowed import borrowed_files
from ..text import joined
from ..types import BandStack, Radiometry, Unit, format_time
from ..workers import run_in_background

UNITS = {"db": Unit.DECIBEL, "power": Unit.POWER, "amplitude": Unit.AMPLITUDE}
"""Word at the doors → the unit in the stack."""
LEAST_REFLECTANCE = 0.2
"""A band whose greatest number is darker than this is scaled by another product's rule."""


@dataclass(frozen=True, kw_only=True)
class StackParams:
    """Files, the bands that they hold, and the grid of the stack."""

    sensor: Sensor | None = param(
        None,
        kind=Kind.SENSOR,
        title="Sensor",
        choices=sensor_names,
        labels=sensor_titles,
        help="The satellite that the bands come from; if not given, that of the scene.",
    )
    scene: Path | None = param(
        None,
        kind=Kind.FILE_IN,
        title="Scene",
        help="A scene instead of single bands: the folder, zip or tar of a SAFE, a Landsat "
        "Collection 2 or an HLS scene as its agency delivers it, or its metadata file (MTD, MTL); "
        "or one raster that names its bands.",
    )
    bands: tuple[str, ...] = param(
        (),
        kind=Kind.BANDS,
        title="Bands of the scene",
        help="Names of the bands to take of the scene; if not given, all it has.",
    )
    band: tuple[BandPath, ...] = param(
        (),
        kind=Kind.BAND_FILES,
        title="Bands",
        help="The band's name and its file: red=B04.tif; #2 behind the file takes its second band. "
        "Beside a scene, these are taken instead of its own.",
        flag="--band",
    )
    product: str | None = param(
        None,
        kind=Kind.CHOICE,
        title="Product",
        choices=product_names,
        labels=product_titles,
        help="What the files are, and so their scale, offset and nodata; if not given, as their "
        "header, their metadata (MTL, MTD) or their names say.",
    )
    scale: float | None = param(
        None,
        kind=Kind.NUMBER,
        title="Scale",
        help="value = stored × scale + offset; if not given, as the files say.",
        advanced=True,
    )
    offset: float | None = param(
        None, kind=Kind.NUMBER, title="Offset", help="See scale.", advanced=True
    )
    nodata: float | None = param(
        None,
        kind=Kind.NUMBER,
        title="Nodata",
        help="The stored number that stands for nodata; if not given, as the files say.",
        advanced=True,
    )
    unit: str | None = param(
        None,
        kind=Kind.CHOICE,
        title="Unit of radar",
        choices=tuple(UNITS),
        labels={"db": "Decibels", "power": "Power (linear)", "amplitude": "Amplitude"},
        help="What radar bands hold; if not given, as the files say, else power (decimal "
        "numbers) or amplitude (whole ones).",
        advanced=True,
    )
    mode: str = param(
        "resample",
        kind=Kind.CHOICE,
        title="Pixel sizes",
        choices=MODES,
        labels=MODE_LABELS,
        help="resample: all bands on the finest ones' grid; preserve: a stack for each pixel size; "
        "intersect: as resample, cropped to what all bands have in common.",
    )
    resolution: float | None = param(
        None,
        kind=Kind.NUMBER,
        title="Resolution",
        help="Pixel size in the unit of the first band's coordinate system; if not given, that "
        "of the finest band.",
        minimum=0,
        advanced=True,
    )
    output: Path = param(
        kind=Kind.RASTER_OUT, title="Stack", help="The VRT to write.", suffix=".vrt"
    )


def run_stack(params: StackParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Stack the named files, or those of a scene, in the sensor's wavelength order."""
    output = params.output
    if not output.parent.is_dir():
        raise InputError(
            f"The stack cannot be written to {output}",
            f"the folder {output.parent} does not exist",
            "Make it first.",
        )
    chosen = _choose(params)
    sensor = chosen.sensor
    rules = {band.name: _rule(band, sensor, params) for band in chosen.bands}
    sources = {
        band.name: _source(band, sensor.bands[band.name], rules[band.name].radiometry)
        for band in chosen.bands
    }
    stack = run_in_background(
        lambda: create_band_stack(
            sources,
            output,
            band_order=sensor.sort(sources),
            resolution_mode=params.mode,
            target_resolution=_resolution(params, settings),
            resample_method=settings.resample_method,
            tags={"sensor": sensor.name, **chosen.tags},
        ),
        EventQueue(monitor),
    )
    warnings = [
        *(
            text
            for file in dict.fromkeys(one.path for one in chosen.bands)
            for text in borrowed_files(file)
        ),
        *chosen.warnings,
        *tell_apart({band.name: band.path for band in chosen.bands}),
        *_rule_warnings(chosen.bands, rules),
        *(finding.sentence for finding in (*_value_doubts(stack), *_nodata_doubts(stack))),
        *stack.warnings,
    ]
    stack = replace(stack, warnings=tuple(dict.fromkeys(warnings)))
    for warning in stack.warnings:
        monitor.emit(Note(Level.WARNING, warning))
    stacks = (stack, *stack.companions)
    return OperationResult(
        data=stack.to_dict(),
        text=joined(f"{written.path}: {_names(written)} ({_size(written)})" for written in stacks),
        layers=tuple(
            LayerOutput(
                written.path,
                written.path.stem,
                "natural_color",
                output.stem,
                abstract=f"Bands {_names(written)} of {sensor.title}",
            )
            for written in stacks
        ),
        outputs={
            "bands": ",".join(band.name for band in stack.bands),
            "companions": ",".join(str(companion.path) for companion in stack.companions),
        },
        value=stack,
        warnings=stack.warnings,
        remedy=_remedy(stack, params),
    )


@dataclass(frozen=True)
class _Chosen:
    """What is to be stacked."""

    sensor: Sensor
    bands: tuple[BandPath, ...]
    tags: Mapping[str, str]
    """Of the scene."""
    warnings: tuple[str, ...] = ()


def _choose(params: StackParams) -> _Chosen:
    """The bands of the scene, the user's own in their places.

    Raises
    ------
    InputError
        If nothing is given, or the scene does not hold what is asked of it.
    """
    names = [band.name for band in params.band]
    if len(set(names)) < len(names):
        raise InputError(
            "The bands cannot be stacked", "a band is named twice", "Name each band once."
        )
    if params.scene is not None:
        return _choose_of_scene(params.scene, params)
    for name, given in (("sensor", params.sensor), ("band", params.band)):
        if not given:
            why = "is missing, and no ‘scene’ is given that has it"
            raise InputError(f"Parameter ‘{name}’ of ‘flight stack’", why, "Give it, or a ‘scene’.")
    return _Chosen(known(params.sensor, "what is missing was told"), params.band, {})


def _choose_of_scene(path: Path, params: StackParams) -> _Chosen:
    product = get_product(params.product) if params.product else None
    if is_package(path) or not file_of(path).exists():
        package = open_package(path, product)
    else:
        package = open_multiband(path, params.sensor)
    sensor, failure = package.sensor, f"The scene {path} cannot be stacked"
    if params.sensor not in (None, sensor):
        raise InputError(failure, f"it is of {sensor.title}", "Leave ‘sensor’ out.")
    wanted = sensor.pick(params.bands) if params.bands else list(package.bands)
    own = {band.name: band for band in params.band}
    missing = [name for name in wanted if name not in package.bands and name not in own]
    if missing:
        why = f"{', '.join(missing)} is not there"
        raise InputError(failure, why, f"It has {', '.join(package.bands)}.")
    places = {name: package.bands[name] for name in wanted if name not in own}
    bands = {name: BandPath(name, one.path, one.index) for name, one in places.items()}
    tags = {"item_id": package.scene}
    if package.taken is not None:
        tags["datetime"] = format_time(package.taken)
    findings = () if params.bands else package.findings
    warnings = tuple(finding.sentence for finding in findings)
    return _Chosen(sensor, (*bands.values(), *params.band), tags, warnings)


def _resolution(params: StackParams, settings: Settings) -> float | None:
    """Resolution given for this run, else the setting; a setting does not stand against bands that
    are to keep their own.
    """
    if params.resolution is not None or params.mode == "preserve":
        return params.resolution
    return settings.target_resolution


def _names(stack: BandStack) -> str:
    return ", ".join(band.name for band in stack.bands)


def _size(stack: BandStack) -> str:
    rows, cols = stack.grid.shape
    return f"{cols} × {rows} pixels, {stack.grid.crs}"


def _source(given: BandPath, band: Band, radiometry: Radiometry) -> BandSource:
    """Source of a band, to be read by a rule."""
    return BandSource(given.path, given.index, radiometry, band.wavelength_nm, band.is_class)


def _rule(given: BandPath, sensor: Sensor, params: StackParams) -> BandRule:
    """Rule of a band: what the user says, else the file, else its product.

    Raises
    ------
    InputError
        If the sensor or the file has no such band, or its values would be none.
    RasterError
        If the file cannot be read.
    """
    sensor.pick([given.name])  # refuses what the sensor does not have
    band = sensor.bands[given.name]
    facts = read_facts(given.path)
    if not 1 <= given.index <= len(facts.bands):
        raise InputError(
            f"The band '{given}' cannot be used",
            f"{given.path} has {len(facts.bands)} bands, no band {given.index}",
            "Give the number of one of them.",
        )
    if params.unit and band.unit != Unit.POWER:
        why = f"band '{band.name}' of {sensor.title} is no radar backscatter but {band.unit}"
        raise InputError(f"The unit {params.unit} cannot be used", why, "Leave it out.")
    stored = facts.bands[given.index - 1]
    if stored.palette and not band.is_class:
        why = "its numbers stand for the colours of a table"
        raise InputError(f"The band '{given}' cannot be used", why, "Give the measured band.")
    product = get_product(params.product) if params.product else None
    rule = decide_rule(given.path, stored, band, GivenRule(product, params.scale, params.offset))
    radiometry = rule.radiometry
    if params.unit:
        radiometry = replace(radiometry, unit=UNITS[params.unit])
    _check_radiometry(given, radiometry, stored.dtype)
    if params.nodata is not None:
        radiometry = replace(radiometry, nodata=params.nodata)
    tags = [one.tags for one in facts.bands]
    doubts = container_doubts(tags, given.index, radiometry.nodata)
    told = [f"The band {given.name} ({file_of(given.path).name}) {doubt}" for doubt in doubts]
    warnings = (*rule.warnings, *_name_warnings(given, facts), *told)
    return replace(rule, radiometry=radiometry, warnings=warnings)


def _name_warnings(given: BandPath, facts: RasterFacts) -> list[str]:
    """Tell where the file calls the band otherwise than the user does."""
    named = identify_bands(facts)
    own = {index: name for name, index in named.indexes.items() if index in named.ranks}
    name = own.get(given.index, given.name)
    if name[:3] == given.name[:3] or name not in RANGES_NM or given.name not in RANGES_NM:
        return []
    return [
        f"The band {given.name} was given as {given.path.name}, whose own name says {name}: "
        f"{given.name} is taken. Is it the right file?"
    ]


def _rule_warnings(bands: Sequence[BandPath], rules: Mapping[str, BandRule]) -> list[str]:
    """Tell of bands whose scale nobody knows, and of contradictions."""
    bare = [band for band in bands if rules[band.name].is_unscaled]
    warnings = [warning for rule in rules.values() for warning in rule.warnings]
    if not bare:
        return warnings
    names = ", ".join(band.name for band in bare)
    return [
        f"No scale is known for {names}: their stored numbers are no reflectance. "
        f"{scale_hint(bare[0].path)}",
        *warnings,
    ]


def _value_doubts(stack: BandStack, silent: bool = False) -> list[Finding]:
    """Values that cannot be what their unit says; ``silent``: or would say, of bands without one,
    whose missing scale is told otherwise.
    """
    doubts = []
    for written in (stack, *stack.companions):
        judged = {band.name: band.index for band in written.bands if silent or band.radiometry.unit}
        with RasterReader(written.path) as reader:
            doubts += check_plausible(reader, judged)
    return doubts


def _nodata_doubts(stack: BandStack) -> list[Finding]:
    """Numbers of the stack, and of its companions, that look like nodata nobody declares."""
    doubts = []
    for written in (stack, *stack.companions):
        with RasterReader(written.path) as reader:
            doubts += check_undeclared(reader, {band.name: band.index for band in written.bands})
    return doubts


def _remedy(stack: BandStack, params: StackParams) -> dict[str, str]:
    """The product that would mend all doubted values; none where they need several, nobody knows,
    or the user has said what they are.
    """
    if params.product is not None or all(band.radiometry.scale != 1 for band in stack.bands):
        return {}
    products = {finding.product for finding in _value_doubts(stack, silent=True)}
    return {"product": products.pop()} if len(products) == 1 and all(products) else {}


def _check_radiometry(given: BandPath, radiometry: Radiometry, dtype: str) -> None:
    """Refuse a scale of 0, and an offset in stored numbers beside a scale (-1000 for Sentinel-2's
    -0.1): every reflectance would be below zero.
    """
    import numpy as np

    scale, offset = radiometry.scale, radiometry.offset
    if scale == 0:
        raise InputError(
            f"The band '{given}' cannot be used",
            "its scale is 0, which makes every value the same",
            "Give the ‘scale’ of the product, as 0.0001.",
        )
    whole = dtype.startswith(("int", "uint"))
    if radiometry.unit != Unit.REFLECTANCE or not whole or scale < 0:
        return
    if dtype == "uint8" and 255 * scale + offset < LEAST_REFLECTANCE:
        why = f"it holds 8-bit numbers (0 to 255), at scale {scale:g} a picture"
        hint = "Give the measured bands, or the ‘scale’ of these."
        raise InputError(f"The band '{given}' cannot be used", why, hint)
    if np.iinfo(dtype).max * scale + offset <= 0:
        why = f"scale {scale:g} and offset {offset:g} make every {dtype} a reflectance below 0"
        hint = (
            "value = stored × scale + offset: where an agency says (stored - 1000) / "
            "10000, give ‘scale’ 0.0001 and ‘offset’ -0.1."
        )
        raise InputError(f"The band '{given}' cannot be used", why, hint)


STACK = Operation(
    name="stack",
    title="Stack local bands",
    group="Stacks",
    summary="Makes a VRT of single band files, or of a scene as its agency delivers it (SAFE, "
    "Landsat, HLS; folder, zip or tar): named, scaled, in wavelength order. It has one grid, or "
    "one for each pixel size.",
    params=StackParams,
    run=run_stack,
    outputs=(
        Output("bands", "Bands of the stack"),
        Output("companions", "Stacks of the coarser bands"),
    ),
)
