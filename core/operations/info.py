"""Show what FirstLight knows: bands, catalogues, events, indices, algorithms, settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..algorithms.indices import load_indices
from ..discovery.band_config import Sensor, get_sensor, load_sensors, sensor_names
from ..discovery.catalogs import catalog_names, get_catalog
from ..discovery.events import event_names
from ..monitor import Monitor
from ..operation import Operation, OperationResult, Output
from ..params import Param, param
from ..settings import Settings


@dataclass(frozen=True, kw_only=True)
class InfoParams:
    """What to show; nothing given: everything in short."""

    bands: str | None = param(
        None,
        kind="choice",
        title="Bands of",
        choices=sensor_names,
        help="Bands, wavelengths and pixel sizes of one sensor.",
    )


def run_info(params: InfoParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Tell it as text and as data."""
    if params.bands:
        sensor = get_sensor(params.bands)
        return OperationResult(
            _sensor_data(sensor), _sensor_text(sensor), outputs={"text": _sensor_text(sensor)}
        )
    sensors = load_sensors().values()
    data = {
        "sensors": {sensor.name: _sensor_data(sensor) for sensor in sensors},
        "catalogs": {name: get_catalog(name).url for name in catalog_names()},
        "events": list(event_names()),
        "indices": {name: index.formula.text for name, index in load_indices().items()},
        "algorithms": {one.name: _algorithm_data(one) for one in _algorithms()},
        "settings": settings.to_dict(),
    }
    lines = ["Sensors"]
    lines += [f"  {sensor.name}: {', '.join(sensor.bands)}" for sensor in sensors]
    lines += ["Catalogues", *(f"  {name}: {url}" for name, url in data["catalogs"].items())]  # type: ignore[attr-defined]
    lines += ["Events", f"  {', '.join(event_names())}"]
    lines += [
        "Indices",
        *(f"  {name} = {index.formula.text}" for name, index in load_indices().items()),
    ]
    lines += ["Algorithms", *(f"  {_algorithm_text(one)}" for one in _algorithms())]
    lines += [
        "Settings",
        *(
            f"  {name} = {one['value']} ({one['origin']})"
            for name, one in settings.to_dict().items()
        ),
    ]
    return OperationResult(data, "\n".join(lines), outputs={"text": "\n".join(lines)})


def _algorithms() -> list[Operation]:
    from .registry import OPERATIONS  # which has this operation in it

    return [one for one in OPERATIONS if one.algorithm is not None]


def _algorithm_text(operation: Operation) -> str:
    """``burn-severity: Burn severity, for wildfire, from nir, swir22``; what it is not for stands
    in its own help.
    """
    info = operation.algorithm
    assert info is not None  # as they were chosen
    source = f", from {', '.join(info.bands)}" if info.bands else ""
    return f"{operation.name}: {operation.title}, for {', '.join(info.events)}{source}"


def _algorithm_data(operation: Operation) -> dict[str, Any]:
    info = operation.algorithm
    assert info is not None
    return {
        "title": operation.title,
        "group": operation.group,
        "summary": operation.summary,
        "events": list(info.events),
        "bands": list(info.bands),
        "references": list(info.references),
        "limits": info.limits,
        "parameters": {one.name: _parameter_data(one) for one in operation.parameters()},
        "outputs": {one.name: {"title": one.title, "kind": one.kind} for one in operation.outputs},
    }


def _parameter_data(p: Param) -> dict[str, Any]:
    """What can be given, and within which bounds."""
    bounds = {
        "minimum": p.minimum,
        "maximum": p.maximum,
        "choices": list(p.choices) or None,
        "default": p.default,
    }
    known = {name: value for name, value in bounds.items() if value not in (None, ())}
    return {"title": p.title, "kind": p.kind, "required": p.required, "help": p.help, **known}


def _sensor_text(sensor: Sensor) -> str:
    def line(name: str) -> str:
        kind = (
            "required"
            if name in sensor.required
            else "default"
            if name in sensor.default
            else "optional"
        )
        return f"{sensor.bands[name]} {kind}"

    return "\n".join(line(name) for name in sensor.bands)


def _sensor_data(sensor: Sensor) -> dict[str, object]:
    return {
        name: {
            "code": band.code,
            "wavelength_nm": band.wavelength_nm,
            "resolution_m": band.resolution_m,
            "unit": band.unit,
            "required": name in sensor.required,
            "default": name in sensor.default,
        }
        for name, band in sensor.bands.items()
    }


INFO = Operation(
    name="info",
    title="What FirstLight knows",
    group="Help",
    summary="Shows sensors with their bands, catalogues, events, indices, algorithms with their "
    "limits, and the settings "
    "in force with their origin.",
    params=InfoParams,
    run=run_info,
    outputs=(Output("text", "Text"),),
)
