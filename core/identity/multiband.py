"""One file that holds several bands of a scene, named by what it says of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..discovery.band_config import Sensor, get_sensor, load_sensors
from ..errors import InputError
from ..raster.facts import RasterFacts, read_facts
from ..report import Finding
from .band_names import NamedBands, identify_bands
from .product_names import propose_product
from .scene_package import PackageBand, ScenePackage

OTHER = "multispectral"
"""The sensor of bands that are of none of the others."""
OWN_UNITS = ("sentinel1", "dem")
"""Sensors whose bands have names that no other's have."""


def open_multiband(path: Path, sensor: Sensor | None = None) -> ScenePackage:
    """Say which bands a raster holds.

    Parameters
    ----------
    path : Path
        A raster.
    sensor : Sensor, optional
        The user's word.

    Raises
    ------
    InputError
        If none of its bands can be named.
    RasterError
        If it cannot be read.
    """
    facts = read_facts(path)
    named = identify_bands(facts, sensor)
    known = {name: index for name, index in named.indexes.items() if index in named.ranks}
    if not known:
        _refuse(path, facts, named)
    chosen = sensor or _sensor(facts, named, known)
    usable = {
        name: PackageBand(path, known[name]) for name in chosen.sort(known) if name in chosen.bands
    }
    if not usable:
        why = f"none of its bands ({', '.join(known)}) is one of {chosen.title}"
        raise InputError(f"The raster {path} cannot be stacked", why, "Leave ‘sensor’ out.")
    indexes = {place.index for place in usable.values()}
    aside = [band.index for band in facts.bands if band.index not in indexes and not band.alpha]
    findings = (*named.findings, *_aside(path, facts, aside))
    return ScenePackage(path, path.stem, chosen, usable, None, findings)


def _refuse(path: Path, facts: RasterFacts, named: NamedBands) -> None:
    asked = next((finding.sentence for finding in named.findings), "")
    why = asked or f"its {len(facts.bands)} bands have no names that tell what they are"
    hint = "" if asked else f"Name them: ‘flight stack --band red={path.name}#1’ and so on."
    raise InputError(f"The raster {path} cannot be stacked", why.rstrip("."), hint)


def _sensor(facts: RasterFacts, named: NamedBands, names: Iterable[str]) -> Sensor:
    """The sensor that a tag, the product or the bands' naming tells; else that of other imagery."""
    tagged = load_sensors().get(facts.tags.get("sensor", "").strip().lower())
    if tagged is not None:
        return tagged
    proposed = propose_product(facts.path)
    if proposed is not None and proposed.product.sensor:
        return get_sensor(proposed.product.sensor)
    told = {naming.sensor for naming in named.namings}
    if len(told) == 1 and (only := told.pop()) in load_sensors():
        return get_sensor(only)
    fitting = (get_sensor(name) for name in OWN_UNITS)
    return next((one for one in fitting if set(names) <= set(one.bands)), get_sensor(OTHER))


def _aside(path: Path, facts: RasterFacts, indexes: list[int]) -> list[Finding]:
    """A finding of the bands that are left out."""
    if not indexes:
        return []
    texts = {band.index: band.description for band in facts.bands}
    shown = ", ".join(f"{i} ('{texts[i]}')" if texts[i] else str(i) for i in indexes)
    sentence = (
        f"Band {shown} of {path.name} is left out: it is not known what it is. Name it with "
        f"‘band’, such as nir={path.name}#{indexes[0]}."
    )
    return [Finding.warning("band_unknown", sentence)]
