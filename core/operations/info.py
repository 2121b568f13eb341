"""Overview of what FirstLight knows: bands, catalogues, events, indices, algorithms, settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..discovery.band_config import Sensor, load_sensors, sensor_names, sensor_titles
from ..discovery.catalogs import catalog_names, get_catalog
from ..discovery.events import event_names
from ..doors.operation_index import DeclaredOperation, declared_operations
from ..monitor import Monitor
from ..operation import AlgorithmInfo, Operation, OperationResult, Output
from ..params import Kind, Param, param
from ..settings import CONFIG_DIR, Settings, read_yaml
from ..text import joined


@dataclass(frozen=True, kw_only=True)
class InfoParams:
    """Topic to show; nothing given: everything in short."""

    bands: Sensor | None = param(
        None,
        kind=Kind.SENSOR,
        title="Bands of",
        choices=sensor_names,
        labels=sensor_titles,
        help="Bands, wavelengths and pixel sizes of one sensor.",
    )


def _algorithms() -> list[tuple[DeclaredOperation, AlgorithmInfo]]:
    """Those that compute maps."""
    return [
        (operation, operation.algorithm)
        for operation in declared_operations()
        if operation.algorithm is not None
    ]


def run_info(params: InfoParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Tell it as text and as data."""
    if params.bands is not None:
        text = _sensor_text(params.bands)
        return OperationResult(_sensor_data(params.bands), text, outputs={"text": text})
    data = _everything(settings)
    text = joined(
        line
        for title, lines in _sections(data).items()
        for line in (title, *(f"  {line}" for line in lines))
    )
    return OperationResult(data, text, outputs={"text": text})


def _everything(settings: Settings) -> dict[str, Any]:
    indices = read_yaml(CONFIG_DIR / "indices.yaml")["indices"]
    return {
        "sensors": {sensor.name: _sensor_data(sensor) for sensor in load_sensors().values()},
        "catalogs": {name: get_catalog(name).url for name in catalog_names()},
        "events": list(event_names()),
        # As written there: their parser needs libraries that take as long as all else here.
        "indices": {name: fields["formula"] for name, fields in indices.items()},
        "algorithms": {
            operation.name: _algorithm_data(operation, info) for operation, info in _algorithms()
        },
        "settings": settings.to_dict(),
        "schemas": {operation.name: operation.schema for operation in declared_operations()},
    }


def _sections(data: Mapping[str, Any]) -> dict[str, list[str]]:
    """Title → lines."""
    return {
        "Sensors": [f"{name}: {', '.join(bands)}" for name, bands in data["sensors"].items()],
        "Catalogues": [f"{name}: {url}" for name, url in data["catalogs"].items()],
        "Events": [", ".join(data["events"])],
        "Indices": [f"{name} = {formula}" for name, formula in data["indices"].items()],
        "Algorithms": [_algorithm_text(operation, info) for operation, info in _algorithms()],
        "Settings": [
            f"{name} = {setting['value']} ({setting['origin']})"
            for name, setting in data["settings"].items()
        ],
        "Schemas": [
            "docs/schemas, in the repository and the plugin's folder, say what each command prints "
            "as JSON: event.json of flight event"
        ],
    }


def _algorithm_text(operation: DeclaredOperation, info: AlgorithmInfo) -> str:
    """``burn-severity: Burn severity, for wildfire, from nir, swir22``; its limits stand in its own
    help.
    """
    source = f", from {', '.join(info.bands)}" if info.bands else ""
    return f"{operation.name}: {operation.title}, for {', '.join(info.events)}{source}"


def _algorithm_data(operation: DeclaredOperation, info: AlgorithmInfo) -> dict[str, Any]:
    return {
        "title": operation.title,
        "group": operation.group,
        "summary": operation.summary,
        "events": list(info.events),
        "bands": list(info.bands),
        "references": list(info.references),
        "limits": info.limits,
        "parameters": {param.name: _parameter_data(param) for param in operation.parameters()},
        "outputs": {
            output.name: {"title": output.title, "kind": output.kind}
            for output in operation.outputs
        },
    }


def _parameter_data(p: Param) -> dict[str, Any]:
    """Title, kind and bounds of a parameter."""
    bounds = {
        "minimum": p.minimum,
        "maximum": p.maximum,
        "choices": list(p.choices) or None,
        "default": p.default,
    }
    known = {name: value for name, value in bounds.items() if value not in (None, ())}
    return {"title": p.title, "kind": p.kind, "required": p.required, "help": p.help, **known}


def _sensor_text(sensor: Sensor) -> str:
    def need(name: str) -> str:
        if name in sensor.required:
            return "required"
        return "default" if name in sensor.default else "optional"

    return joined(f"{band} {need(band.name)}" for band in sensor.listed)


def _sensor_data(sensor: Sensor) -> dict[str, object]:
    return {
        band.name: {
            "code": band.code,
            "wavelength_nm": band.wavelength_nm,
            "resolution_m": band.resolution_m,
            "unit": band.unit,
            "required": band.name in sensor.required,
            "default": band.name in sensor.default,
        }
        for band in sensor.listed
    }


INFO = Operation(
    name="info",
    title="What FirstLight knows",
    group="Help",
    summary="Shows sensors with their bands, catalogues, events, indices and algorithms "
    "with their limits. Also the settings in force, with their origin.",
    params=InfoParams,
    run=run_info,
    outputs=(Output("text", "Text"),),
)
