"""Stack local band files into one VRT."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from ..discovery.band_config import Sensor, get_sensor, sensor_names
from ..errors import InputError
from ..monitor import EventQueue, Level, Monitor, Note
from ..operation import LayerOutput, Operation, OperationResult, Output
from ..params import param
from ..raster.reader import read_facts
from ..settings import Settings
from ..stack.band_stack import MODES, BandSource, create_band_stack
from ..types import BandStack, Radiometry, Unit
from ..workers import run_in_background

UNITS = {"db": Unit.DECIBEL, "power": Unit.POWER, "amplitude": Unit.AMPLITUDE}
"""What a person writes → the unit in the stack."""


@dataclass(frozen=True, kw_only=True)
class StackParams:
    """Which files are which bands."""

    sensor: str = param(
        kind="choice",
        title="Sensor",
        choices=sensor_names,
        help="The satellite that the bands come from.",
    )
    band: tuple[str, ...] = param(
        kind="band_files",
        title="Bands",
        help="The band's name and its file: red=B04.tif; #2 behind the file takes its second band.",
        flag="--band",
    )
    scale: float | None = param(
        None,
        kind="number",
        title="Scale",
        help="value = stored × scale + offset; if not given, as the files say.",
        advanced=True,
    )
    offset: float | None = param(
        None, kind="number", title="Offset", help="See scale.", advanced=True
    )
    nodata: float | None = param(
        None,
        kind="number",
        title="Nodata",
        help="The stored number that stands for nodata; if not given, as the files say.",
        advanced=True,
    )
    unit: str | None = param(
        None,
        kind="choice",
        title="Unit of radar",
        choices=tuple(UNITS),
        help="What radar bands hold; if not given, as the files say, else power (decimal "
        "numbers) or amplitude (whole ones).",
        advanced=True,
    )
    mode: str = param(
        "resample",
        kind="choice",
        title="Pixel sizes",
        choices=MODES,
        help="resample: all bands on the finest ones' grid; preserve: a stack for each pixel size; "
        "intersect: as resample, cropped to what all bands have in common.",
    )
    resolution: float | None = param(
        None,
        kind="number",
        title="Resolution",
        help="Pixel size in the unit of the first band's coordinate system; if not given, that "
        "of the finest band.",
        minimum=0,
        advanced=True,
    )
    output: Path = param(kind="raster_out", title="Stack", help="The VRT to write.", suffix=".vrt")


def run_stack(params: StackParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Stack the named files in the sensor's wavelength order."""
    sensor = get_sensor(params.sensor)
    output = params.output
    if not output.parent.is_dir():
        raise InputError(
            f"The stack cannot be written to {output}",
            f"the folder {output.parent} does not exist",
            "Make it first.",
        )
    sources = dict(_source(text, sensor, params) for text in params.band)
    if len(sources) < len(params.band):
        raise InputError(
            "The bands cannot be stacked", "a band is named twice", "Name each band once."
        )
    events = EventQueue(monitor)
    stack = run_in_background(
        lambda: create_band_stack(
            sources,
            output,
            band_order=sensor.sort(sources),
            resolution_mode=params.mode,
            target_resolution=_resolution(params, settings),
            resample_method=settings.resample_method,
            tags={"sensor": sensor.name},
        ),
        events,
    )
    for warning in stack.warnings:
        monitor.emit(Note(Level.WARNING, warning))
    stacks = (stack, *stack.companions)
    return OperationResult(
        data=stack.to_dict(),
        text="\n".join(f"{one.path}: {_names(one)} ({_size(one)})" for one in stacks),
        layers=tuple(
            LayerOutput(
                one.path,
                one.path.stem,
                "natural_color",
                output.stem,
                abstract=f"Bands {_names(one)} of {sensor.title}",
            )
            for one in stacks
        ),
        outputs={
            "bands": ",".join(band.name for band in stack.bands),
            "companions": ",".join(str(one.path) for one in stack.companions),
        },
        value=stack,
    )


def _resolution(params: StackParams, settings: Settings) -> float | None:
    """As given for this run, else as set; a setting does not stand against bands that are to keep
    their own.
    """
    if params.resolution is not None or params.mode == "preserve":
        return params.resolution
    return settings.target_resolution


def _names(stack: BandStack) -> str:
    return ", ".join(band.name for band in stack.bands)


def _size(stack: BandStack) -> str:
    rows, cols = stack.grid.shape
    return f"{cols} × {rows} pixels, {stack.grid.crs}"


def _source(text: str, sensor: Sensor, params: StackParams) -> tuple[str, BandSource]:
    """``NAME=PATH`` or ``NAME=PATH#BAND`` → a source; the file's own scale is kept where none is
    given.
    """
    name, equals, rest = text.partition("=")
    name = name.strip().lower()
    if not equals or not name or not rest.strip():
        raise InputError(
            f"The band '{text}' cannot be used",
            "it names no band and no file",
            "Write it like red=/data/B04.tif.",
        )
    sensor.pick([name])  # refuses what the sensor does not have
    match = (
        None
        if Path(rest.strip()).expanduser().is_file()
        else re.fullmatch(r"(.*)#(\d+)", rest.strip())
    )
    path, index = (Path(match[1]), int(match[2])) if match else (Path(rest.strip()), 1)
    path = path.expanduser()
    band = sensor.bands[name]
    facts = read_facts(path)
    if not 1 <= index <= len(facts.bands):
        raise InputError(
            f"The band '{text}' cannot be used",
            f"{path} has {len(facts.bands)} bands, no band {index}",
        )
    own = facts.bands[index - 1].radiometry
    if params.unit and band.unit != Unit.POWER:
        why = f"band '{name}' of {sensor.title} is no radar backscatter but {band.unit}"
        raise InputError(f"The unit {params.unit} cannot be used", why, "Leave it out.")
    if band.is_class:
        radiometry = Radiometry(nodata=own.nodata, unit=Unit.CLASS, reason="classes are not scaled")
    else:
        given = params.scale is not None or params.offset is not None
        # whole numbers of a radar that are to be power are a ground range detected product's
        # amplitude
        unit = (
            Unit.AMPLITUDE
            if band.unit == Unit.POWER and "int" in facts.bands[index - 1].dtype and not given
            else band.unit
        )
        radiometry = replace(
            own,
            scale=own.scale if params.scale is None else params.scale,
            offset=own.offset if params.offset is None else params.offset,
            unit=UNITS[params.unit] if params.unit else own.unit or unit,
            reason="given for this run" if given else own.reason,
        )
    if radiometry.scale == 0:
        raise InputError(
            f"The band '{text}' cannot be used", "its scale is 0, which makes every value the same"
        )
    dtype = facts.bands[index - 1].dtype
    if (
        radiometry.unit == Unit.REFLECTANCE
        and dtype.startswith(("int", "uint"))
        and radiometry.scale > 0
    ):
        _check_offset(text, radiometry, dtype)
    if params.nodata is not None:
        radiometry = replace(radiometry, nodata=params.nodata)
    return name, BandSource(path, index, radiometry, band.wavelength_nm, band.is_class)


def _check_offset(text: str, rule: Radiometry, dtype: str) -> None:
    """Refuse an offset in stored numbers beside a scale (-1000 for Sentinel-2's -0.1): every
    reflectance would be below zero.
    """
    import numpy as np

    if np.iinfo(dtype).max * rule.scale + rule.offset <= 0:
        why = (
            f"scale {rule.scale:g} and offset {rule.offset:g} make every {dtype} a "
            "reflectance below 0"
        )
        hint = (
            "value = stored × scale + offset: where an agency says (stored - 1000) / "
            "10000, give ‘scale’ 0.0001 and ‘offset’ -0.1."
        )
        raise InputError(f"The band '{text}' cannot be used", why, hint)


STACK = Operation(
    name="stack",
    title="Stack local bands",
    group="Stacks",
    summary="Makes a VRT of single band files: named, in wavelength order, on one grid or one "
    "for each pixel size, with scale.",
    params=StackParams,
    run=run_stack,
    outputs=(
        Output("bands", "Bands of the stack"),
        Output("companions", "Stacks of the coarser bands"),
    ),
)
