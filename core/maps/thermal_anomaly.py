"""Map what is hotter than its surroundings in one picture of surface temperature."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..algorithms.masks import dilation_radius
from ..algorithms.thermal import (
    ANOMALY,
    CERTAIN_K,
    REFERENCES,
    SPREAD,
    WATER,
    HotterThanAround,
    thermal_kernel,
)
from ..errors import AlgorithmError
from ..monitor import Monitor
from ..operation import AlgorithmInfo, LayerOutput, OperationResult, Output
from ..params import InputRole, param
from ..settings import Settings
from ..types import AlgorithmResult
from .engine_params import cluster_param, engine_param, resume_param, with_engine
from .inputs import MapInputs, Wanted, open_inputs
from .map_operation import MapOperation
from .mask_params import mask_dilation_param
from .result import Extent, MapJob, compute_map, finish_map, present_map

NOTE = (
    "Landsat sees heat in pixels of 100 m, resampled to 30 m, in the morning: a flame front "
    "much smaller than a pixel, and fires "
    "later in the day, are missed. Hot rock, roofs and industry are found as well. Smoke and "
    "flames are often masked as cloud."
)


@dataclass(frozen=True, kw_only=True)
class ThermalAnomalyParams:
    """Which picture, and how hot is hot."""

    stack: Path = param(
        kind="raster_in",
        role=InputRole.AFTER,
        title="Stack",
        help="A stack with surface temperature (lwir11, Kelvin) and qa_pixel.",
    )
    output: Path = param(
        kind="folder_out", title="Folder", help="Gets anomaly.tif, excess.tif and the outline."
    )
    band: str = param(
        "lwir11", kind="text", title="Band", help="The band of surface temperature.", advanced=True
    )
    margin: float = param(
        10.0,
        kind="number",
        title="Least excess (K)",
        minimum=1,
        maximum=200,
        help="How much hotter than its background.",
    )
    least: float = param(
        300.0,
        kind="number",
        title="Least temperature (K)",
        minimum=200,
        maximum=CERTAIN_K,
        help="What is colder is no anomaly, whatever its background.",
        advanced=True,
    )
    radius: int = param(
        20,
        kind="integer",
        title="Window (pixels)",
        minimum=5,
        maximum=100,
        help="How far the background reaches.",
        advanced=True,
    )
    mask_dilation: float = mask_dilation_param()
    engine: str | None = engine_param()
    cluster: str | None = cluster_param()
    resume: bool = resume_param()


def map_anomaly(
    params: ThermalAnomalyParams, settings: Settings, monitor: Monitor
) -> tuple[MapJob, AlgorithmResult, list[LayerOutput]]:
    """Compare each pixel of a whole stack with its background.

    Raises
    ------
    InputError
        If an output would replace an input, or the dilation cannot be.
    AlgorithmError
        If the stack lacks the band, or it is no temperature.
    ValidationError, RasterError
        If the stack cannot be read, or a layer not be written.
    EngineError, DependencyError
        If the cluster that was asked for cannot be used.
    """
    settings = with_engine(settings, params.engine, params.cluster)
    wanted = {"stack": Wanted(params.stack, {"thermal": (params.band.lower(),)})}
    inputs, paths = open_inputs(
        "Thermal anomaly", wanted, params.output, ("excess.tif", "anomaly.tif"), monitor
    )
    _check_unit(inputs, params)
    function = HotterThanAround(
        inputs.masks,
        params.radius,
        params.margin,
        params.least,
        dilation_radius(params.mask_dilation, inputs.grid),
    )
    job = MapJob(
        operation="thermal-anomaly",
        title="Thermal anomaly",
        inputs=inputs,
        kernel=thermal_kernel(inputs.bands, function),
        paths=tuple(paths),
        extents=(Extent("anomaly", "anomaly", (ANOMALY,)), Extent("water", "anomaly", (WATER,))),
        parameters={
            "band": params.band,
            "margin_k": params.margin,
            "least_k": params.least,
            "radius": params.radius,
            "mask_dilation_m": params.mask_dilation,
        },
        formula=f"{params.band} above the mean of its background by {params.margin:g} K and "
        f"{SPREAD} standard deviations, "
        f"and at least {params.least:g} K; or at least {CERTAIN_K:g} K",
        note=NOTE,
        resume=params.resume,
    )
    result, layers = finish_map(job, compute_map(job, settings, monitor), monitor)
    return job, result, layers


def _check_unit(inputs: MapInputs, params: ThermalAnomalyParams) -> None:
    """Raise where the numbers are no temperature; whole numbers without a scale never are."""
    band = inputs.bands["stack.thermal"]
    rule, stored = (
        inputs.radiometry[band],
        inputs.parts[0].facts.bands[inputs.places[band] - 1].dtype,
    )
    if rule.unit.lower() not in ("kelvin", "k") or (rule.scale == 1.0 and "int" in stored):
        raise AlgorithmError(
            f"Thermal anomalies cannot be mapped in {params.stack}",
            f"{band} is not known to be in Kelvin",
            "Ingest Landsat Collection 2 Level 2, or stack its ST_B10 with --scale 0.00341802 "
            "--offset 149.",
        )


def run_thermal_anomaly(
    params: ThermalAnomalyParams, settings: Settings, monitor: Monitor
) -> OperationResult:
    """Map, and say how much is hot and how much was not seen."""
    job, result, layers = map_anomaly(params, settings, monitor)
    more = {"anomaly": str(result.outputs["anomaly"]), "excess": str(result.outputs["excess"])}
    return present_map(job, result, layers, more)


THERMAL_ANOMALY = MapOperation(
    name="thermal-anomaly",
    title="Thermal anomaly",
    group="Wildfire",
    summary="Finds what is hotter than its surroundings in Landsat surface temperature: fires, "
    "hot ash, industry.",
    params=ThermalAnomalyParams,
    run=run_thermal_anomaly,
    outputs=(
        Output("anomaly", "Thermal anomaly", "raster"),
        Output("excess", "Kelvin above the background", "raster"),
        Output("anomaly_km2", "Anomaly (km²)", "number"),
        Output("water_km2", "Water (km²)", "number"),
        Output("not_observed_percent", "Not observed (%)", "number"),
    ),
    algorithm=AlgorithmInfo(
        events=("wildfire",),
        bands=("lwir11",),
        references=REFERENCES,
        limits="Not to say that nothing burns: small and low fires do not warm 100 m enough, "
        "and masks take flames for cloud. "
        "Not where bare rock or roofs lie in vegetation: in the sun they are hotter than it by "
        "more than the margin.",
    ),
)
