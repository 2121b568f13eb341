"""Map what is hotter than its surroundings in one picture of surface temperature."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..algorithms import thermal
from ..algorithms.kernel import Kernel
from ..errors import AlgorithmError
from ..execution.apply import Applied
from ..operation import AlgorithmInfo
from ..params import InputRole, Kind, param
from ..recipes.inputs import MapInputs
from ..recipes.layers import Extent, MapLayer
from ..recipes.map_operation import map_operation
from ..recipes.params import OpticalMapParams, stack_param
from ..recipes.recipe import Findings, MapJob, MapRecipe

NOTE = (
    "Landsat sees heat in pixels of 100 m, resampled to 30 m, in the morning: a flame front much "
    "smaller than a pixel, and fires later in the day, are missed. Hot rock, roofs and industry "
    "are found as well. Smoke and flames are often masked as cloud."
)


@dataclass(frozen=True, kw_only=True)
class ThermalAnomalyParams(OpticalMapParams):
    """Picture of surface temperature, and limits of an anomaly."""

    stack: Path = stack_param(
        InputRole.AFTER,
        "Stack",
        "A stack with surface temperature (Kelvin; lwir11 of Landsat 8 and 9, lwir of Landsat 4 to "
        "7) and qa_pixel.",
    )
    band: str = param(
        "lwir11",
        kind=Kind.TEXT,
        title="Band",
        help="The band of surface temperature.",
        advanced=True,
    )
    margin: float = param(
        10.0,
        kind=Kind.NUMBER,
        unit="k",
        title="Least excess (K)",
        minimum=1,
        maximum=200,
        help="Kelvin above the background.",
    )
    least: float = param(
        300.0,
        kind=Kind.NUMBER,
        unit="k",
        title="Least temperature (K)",
        minimum=200,
        maximum=thermal.CERTAIN_K,
        help="What is colder is no anomaly, whatever its background.",
        advanced=True,
    )
    radius: int = param(
        20,
        kind=Kind.INTEGER,
        title="Radius (pixels)",
        minimum=5,
        maximum=100,
        help="Radius of the background: it reaches so many pixels to each side.",
        advanced=True,
    )


def _bands(name: str) -> tuple[str, ...]:
    """The band, or that of the older satellites in place of the usual one."""
    usual = name.lower()
    return (usual, "lwir") if usual == "lwir11" else (usual,)


def make_kernel(params: ThermalAnomalyParams, inputs: MapInputs) -> Kernel:
    """Make the kernel.

    Raises
    ------
    AlgorithmError
        If the numbers are no temperature; whole numbers without a scale never are.
    """
    band = inputs.bands[thermal.TEMPERATURE]
    rule = inputs.radiometry[band]
    stored = inputs.parts[0].facts.bands[inputs.indexes[band] - 1].dtype
    if rule.unit.lower() not in ("kelvin", "k") or (rule.scale == 1.0 and "int" in stored):
        raise AlgorithmError(
            f"Thermal anomalies cannot be mapped in {params.stack}",
            f"{band} is not known to be in Kelvin",
            "Ingest Landsat Collection 2 Level 2, or stack its ST_B10 with "
            "‘stack.scale’ 0.00341802 and ‘stack.offset’ 149.",
        )
    function = thermal.HotterThanAround(
        inputs.masks, params.radius, params.margin, params.least, params.dilation(inputs.grid)
    )
    return thermal.thermal_kernel(inputs.bands, function)


def report(job: MapJob[ThermalAnomalyParams], applied: Applied) -> Findings:
    """Tell the formula."""
    params = job.params
    return Findings(
        formula=f"{params.band} above the mean of its background by {params.margin:g} K and "
        f"{thermal.SPREAD} standard deviations, "
        f"and at least {params.least:g} K; or at least {thermal.CERTAIN_K:g} K"
    )


THERMAL_ANOMALY = map_operation(
    MapRecipe(
        name="thermal-anomaly",
        title="Thermal anomaly",
        group="Wildfire",
        summary="Finds what is hotter than its surroundings in Landsat surface temperature: fires, "
        "hot ash, industry.",
        params=ThermalAnomalyParams,
        layers=(
            MapLayer(thermal.ANOMALY_LAYER, "Thermal anomaly"),
            MapLayer(thermal.EXCESS_LAYER, "Kelvin above the background"),
        ),
        extents=(
            Extent("anomaly", thermal.ANOMALY_LAYER, (thermal.ANOMALY,)),
            Extent("water", thermal.ANOMALY_LAYER, (thermal.WATER,)),
        ),
        note=NOTE,
        stacks=lambda params: params.requests({"thermal": _bands(params.band)}),
        kernel=make_kernel,
        report=report,
        algorithm=AlgorithmInfo(
            events=("wildfire",),
            bands=("lwir11",),
            references=thermal.REFERENCES,
            limits="Not to say that nothing burns: small and low fires do not warm 100 m enough, "
            "and masks take flames for cloud. Not where bare rock or roofs lie in vegetation: in "
            "the sun they are hotter than it by more than the margin.",
        ),
    )
)
