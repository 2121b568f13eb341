"""Show what FirstLight knows: bands, catalogues, events, indices, settings."""

from __future__ import annotations

from dataclasses import dataclass

from ..algorithms.indices import load_indices
from ..discovery.band_config import Sensor, get_sensor, load_sensors, sensor_names
from ..discovery.catalogs import catalog_names, get_catalog
from ..discovery.events import event_names
from ..monitor import Monitor
from ..settings import Settings
from .base import Operation, OperationResult, Output, param


@dataclass(frozen=True, kw_only=True)
class InfoParams:
    """What to show; nothing given: everything in short."""

    bands: str | None = param(
        None, kind="choice", title="Bands of", choices=sensor_names, help="Bands, wavelengths and pixel sizes of one sensor."
    )


def run_info(params: InfoParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Tell it as text and as data."""
    if params.bands:
        sensor = get_sensor(params.bands)
        return OperationResult(_sensor_data(sensor), _sensor_text(sensor), outputs={"text": _sensor_text(sensor)})
    sensors = load_sensors().values()
    data = {
        "sensors": {sensor.name: _sensor_data(sensor) for sensor in sensors},
        "catalogs": {name: get_catalog(name).url for name in catalog_names()},
        "events": list(event_names()),
        "indices": {name: index.formula.text for name, index in load_indices().items()},
        "settings": settings.to_dict(),
    }
    lines = ["Sensors"]
    lines += [f"  {sensor.name}: {', '.join(sensor.bands)}" for sensor in sensors]
    lines += ["Catalogues", *(f"  {name}: {url}" for name, url in data["catalogs"].items())]  # type: ignore[attr-defined]
    lines += ["Events", f"  {', '.join(event_names())}"]
    lines += ["Indices", *(f"  {name} = {index.formula.text}" for name, index in load_indices().items())]
    lines += ["Settings", *(f"  {name} = {one['value']} ({one['origin']})" for name, one in settings.to_dict().items())]
    return OperationResult(data, "\n".join(lines), outputs={"text": "\n".join(lines)})


def _sensor_text(sensor: Sensor) -> str:
    def line(name: str) -> str:
        kind = "required" if name in sensor.required else "default" if name in sensor.default else "optional"
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
    summary="Shows sensors with their bands, catalogues, events, indices and the settings in force with their origin.",
    params=InfoParams,
    run=run_info,
    outputs=(Output("text", "Text"),),
)
