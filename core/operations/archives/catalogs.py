"""Overview of the catalogues: what each has of every sensor, what its files need, and whether it
answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...discovery.band_config import Sensor
from ...discovery.catalogs import AUTO, Catalog, catalog_names, get_catalog
from ...enums import Status
from ...monitor import Monitor
from ...offers.answers import Answer as Answer
from ...offers.answers import ask_catalogs
from ...offers.context_layers import offered_by
from ...operation import Operation, OperationResult, Output, OutputKind
from ...params import Kind, param
from ...settings import Settings
from ..search_params import catalog_param, sensor_param


@dataclass(frozen=True, kw_only=True)
class CatalogsParams:
    """Catalogues to list, and whether they are asked."""

    catalog: Catalog = catalog_param("Only this one; auto: all known ones.")
    sensor: Sensor | None = sensor_param("Only catalogues that have this one.")
    check: bool = param(
        False,
        kind=Kind.FLAG,
        title="Ask whether they answer",
        help="One request to each; tells how long it took.",
    )


def run_catalogs(params: CatalogsParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """List, and ask where that is wanted."""
    listed = _chosen(params)
    answers = ask_catalogs(listed, settings, monitor) if params.check and listed else []
    told = {answer.catalog: answer for answer in answers}
    good = sum(answer.is_good for answer in answers)
    text = "\n".join(line for one in listed for line in _lines(one, told.get(one.name)))
    return OperationResult(
        data=[_data(one, told.get(one.name)) for one in listed],
        text=text or "No known catalogue has that sensor.",
        status=Status.FAILED if answers and not good else Status.DONE,
        outputs={"count": len(listed), "answering": good, "text": text},
        value=tuple(answers),
    )


def _chosen(params: CatalogsParams) -> list[Catalog]:
    known = [get_catalog(name) for name in catalog_names()]
    chosen = params.catalog
    listed = known if chosen.name == AUTO else list(chosen.members or (chosen,))
    sensor = params.sensor
    return [one for one in listed if sensor is None or sensor.name in one.collections]


def _lines(catalog: Catalog, answer: Answer | None) -> Sequence[str]:
    told = f": {answer}" if answer else ""
    lines = [f"{catalog.name}  {catalog.title}{told}", f"  {catalog.url}"]
    if not catalog.exact:
        return lines
    for sensor, ids in catalog.collections.items():
        offers = ", ".join(f"{one} ({catalog.needs(one)})" for one in ids)
        lines.append(f"  {sensor}: {offers}")
    context = ", ".join(
        f"{layer.name} ({offer.access})" for layer, offer in offered_by(catalog.name)
    )
    if context:
        lines.append(f"  context: {context}")
    if catalog.area:
        west, south, east, north = catalog.area
        lines.append(f"  only {west:g} to {east:g}° E, {south:g} to {north:g}° N")
    return lines


def _data(catalog: Catalog, answer: Answer | None) -> Mapping[str, Any]:
    asked = (
        {
            "answers": answer.is_good,
            "seconds": round(answer.seconds, 3),
            "problem": answer.problem or None,
        }
        if answer
        else {}
    )
    return {
        "name": catalog.name,
        "title": catalog.title,
        "url": catalog.url,
        "sensors": {
            sensor: [{"collection": one, "access": catalog.needs(one)} for one in ids]
            for sensor, ids in catalog.collections.items()
        },
        "context": [
            {"layer": layer.name, "collection": offer.collection, "access": offer.access}
            for layer, offer in offered_by(catalog.name)
        ],
        "area": list(catalog.area) if catalog.area else None,
        "naming": catalog.naming,
        "limits": {"page": catalog.page_size, "at_once": catalog.at_once},
        "sources": list(catalog.sources),
        "unverified": list(catalog.unverified),
        **asked,
    }


CATALOGS = Operation(
    name="catalogs",
    title="Catalogues",
    group="Help",
    summary="Lists the known catalogues: what each has of every sensor, and what its files need "
    "(nothing, a token that is fetched by itself, an account, or that the reader pays). "
    "On request it asks each whether it answers.",
    params=CatalogsParams,
    run=run_catalogs,
    outputs=(
        Output("count", "Number of catalogues", OutputKind.NUMBER),
        Output("answering", "Number of those that answer", OutputKind.NUMBER),
        Output("text", "Text"),
    ),
)
