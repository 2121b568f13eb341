"""A source said whole: for each band its sensor, product, name, wavelength, scale, offset, unit and
valid data, each with the evidence for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..discovery.band_config import Band, Sensor, load_sensors
from ..files.xml_text import UnfitXml, parse_xml
from ..raster.facts import BandFacts, RasterFacts
from ..raster.reader import RasterReader
from ..report import Finding
from ..types import Unit
from .band_names import NamedBands, Rank, identify_bands
from .band_rule import BandRule, GivenRule, decide_rule, scale_hint
from .description import read_wavelength
from .evidence import Evidence, Stated
from .naming import load_namings
from .plausible import check_plausible
from .product_names import propose_product
from .products import Product
from .scene_package import ScenePackage

UNKNOWN: Stated[str] = Stated("", Evidence.NONE)
RANK_EVIDENCE = {Rank.PLACE: Evidence.ASSUMED, Rank.ORDER: Evidence.NAME}
"""Way of naming a band → evidence, where that is not the header's description."""


@dataclass(frozen=True)
class SourceIdentity:
    """One band of a raster: what it is, and who says so."""

    index: int
    """From 1."""
    file: str
    """Name of the file it lies in, of a scene of several; empty in a raster's own."""
    dtype: str
    sensor: Stated[str]
    product: Stated[str]
    band: Stated[str]
    wavelength_nm: Stated[float | None]
    scale: Stated[float]
    offset: Stated[float]
    unit: Stated[str]
    nodata: Stated[float | None]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; NaN as text, which JSON does not have."""
        nodata = self.nodata
        is_nan = nodata.value is not None and nodata.value != nodata.value
        return {
            "index": self.index,
            "file": self.file,
            "data_type": self.dtype,
            "sensor": self.sensor.to_dict(),
            "product": self.product.to_dict(),
            "band": self.band.to_dict(),
            "wavelength_nm": self.wavelength_nm.to_dict(),
            "scale": self.scale.to_dict(),
            "offset": self.offset.to_dict(),
            "unit": self.unit.to_dict(),
            "nodata": {**nodata.to_dict(), "value": "nan"} if is_nan else nodata.to_dict(),
        }


@dataclass(frozen=True)
class Notes:
    """What GDAL's notes beside a raster (``.aux.xml``) state of its bands."""

    file: str = ""
    stated: Mapping[int, frozenset[str]] = field(default_factory=dict)
    """Band, from 1 → names of what is stated of it, as fields of :class:`SourceIdentity`."""

    def tell(self, band: SourceIdentity) -> SourceIdentity:
        """The identity with the notes as evidence for what the header does not state itself."""
        told = {
            name: replace(getattr(band, name), evidence=Evidence.SIDECAR, source=self.file)
            for name in self.stated.get(band.index, ())
            if getattr(band, name).evidence == Evidence.HEADER
        }
        return replace(band, **told)


NOTED = {
    "Scale": ("scale",),
    "Offset": ("offset",),
    "NoDataValue": ("nodata",),
    "UnitType": ("unit",),
    "Description": ("band",),
}
"""Element of a band in the notes → what it states."""
NOTED_KEYS = ("wavelength", "central_wavelength_um")


def read_notes(path: Path) -> Notes:
    """Read what notes beside a raster state; nothing where there are none, or they are damaged:
    GDAL leaves those aside, too.
    """
    notes = path.with_name(f"{path.name}.aux.xml")
    try:
        root = parse_xml(notes.read_bytes())
    except (OSError, UnfitXml, ValueError):
        return Notes()
    stated = {}
    for number, node in enumerate(root.iter("PAMRasterBand"), start=1):
        index = node.get("band", str(number))
        names = {name for tag in NOTED if node.find(tag) is not None for name in NOTED[tag]}
        keys = {str(entry.get("key")).lower() for entry in node.iter("MDI")}
        names |= {"wavelength_nm"} if keys & set(NOTED_KEYS) else set()
        if index.isdigit():
            stated[int(index)] = frozenset(names)
    return Notes(notes.name, stated)


@dataclass(frozen=True)
class RasterIdentity:
    """All bands of a raster, or of a scene's files."""

    path: Path | str
    """An address is text."""
    bands: tuple[SourceIdentity, ...]
    findings: tuple[Finding, ...]
    """Contradictions, names that mean several bands, values that cannot be."""
    item: str = ""
    """Name of the catalogue's item; empty for files."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "path": str(self.path),
            **({"item": self.item} if self.item else {}),
            "bands": [band.to_dict() for band in self.bands],
            "findings": [finding.to_dict() for finding in self.findings],
        }


def identify_source(
    path: Path, sensor: Sensor | None = None, product: Product | None = None
) -> RasterIdentity:
    """Say what a local raster is.

    Parameters
    ----------
    sensor, product : optional
        The user's word.

    Raises
    ------
    InputError
        If the product does not fit a band.
    RasterError
        If the file cannot be read.
    """
    with RasterReader(path) as reader:
        whole, rules = _identify(reader.facts, sensor, product)
        judged = {
            band.band.value: band.index
            for band in whole.bands
            if band.band.evidence != Evidence.NONE and not rules[band.index].is_unscaled
        }
        reader.radiometry = tuple(rules[band.index].radiometry for band in reader.facts.bands)
        findings = (*whole.findings, *check_plausible(reader, judged))
        beside = read_notes(path)
        bands = tuple(map(beside.tell, whole.bands))
    return RasterIdentity(path, bands, findings)


def identify_header(
    facts: RasterFacts, sensor: Sensor | None = None, product: Product | None = None
) -> RasterIdentity:
    """As :func:`identify_source`, by the header alone: no value is looked at.

    Raises
    ------
    InputError
        If the product does not fit a band.
    """
    return _identify(facts, sensor, product)[0]


def _identify(
    facts: RasterFacts, sensor: Sensor | None, product: Product | None
) -> tuple[RasterIdentity, Mapping[int, BandRule]]:
    """What the header and the name say, and the rule of each band."""
    named = identify_bands(facts, sensor)
    names = {index: name for name, index in named.indexes.items() if index in named.ranks}
    rules = {
        band.index: _rule(facts, band, names.get(band.index, ""), product) for band in facts.bands
    }
    findings = (*named.findings, *_rule_findings(facts.path, rules, names))
    bands = tuple(_identity(facts, band, named, rules[band.index], sensor) for band in facts.bands)
    return RasterIdentity(facts.path, bands, findings), rules


def identify_package(package: ScenePackage, given: Product | None = None) -> RasterIdentity:
    """Say what the bands of a scene's files are, in the order of their wavelengths.

    Parameters
    ----------
    package : ScenePackage
        The scene.
    given : Product, optional
        The user's word.

    Raises
    ------
    RasterError
        If one of the files cannot be read.
    """
    bands, findings = [], list(package.findings)
    for index, (name, place) in enumerate(package.bands.items(), start=1):
        path = place.path
        whole = identify_source(path, product=given)
        band = whole.bands[0]
        bands.append(replace(band, index=index, file=path.name, band=_by_code(name, band)))
        told = {finding.sentence for finding in findings}  # a scene's metadata is told once
        findings += [finding for finding in whole.findings if finding.sentence not in told]
    return RasterIdentity(package.path, tuple(bands), tuple(findings))


def _by_code(name: str, band: SourceIdentity) -> Stated[str]:
    """The band by the code in its file's name, where the file itself does not tell it."""
    if band.band.value == name:
        return band.band
    return Stated(name, Evidence.NAME, Rank.CODE)


def _rule(facts: RasterFacts, stored: BandFacts, name: str, product: Product | None) -> BandRule:
    unit = _usual_unit(name) or stored.radiometry.unit
    band = Band(name, "", 0.0, None, unit, (), None)
    # Radar that states no unit can hold power, amplitude or dB: only its product tells.
    silent = unit == Unit.NONE or (unit == Unit.POWER and not stored.radiometry.unit)
    if silent and product is None and propose_product(facts.path) is None:
        return BandRule(stored.radiometry, Evidence.HEADER)
    return decide_rule(facts.path, stored, band, GivenRule(product))


def _usual_unit(name: str) -> Unit:
    """Unit of a canonical band; none where no sensor has it."""
    for sensor in load_sensors().values():
        if name in sensor.bands:
            return sensor.bands[name].unit
    for naming in load_namings().values():
        for band in (*naming.codes.values(), *naming.names.values()):
            if band.name == name:
                return band.unit
    return Unit.NONE


def _rule_findings(path: Path, rules: dict[int, BandRule], names: dict[int, str]) -> list[Finding]:
    bare = [names.get(index, str(index)) for index, rule in rules.items() if rule.is_unscaled]
    findings = [
        Finding.warning("scale_contradiction", f"{warning}.", names.get(index))
        for index, rule in rules.items()
        for warning in rule.warnings
    ]
    if bare:
        sentence = (
            f"No scale is known for {', '.join(bare)} of {path.name}: their stored numbers are no "
            f"reflectance. Stack it with ‘flight stack’. {scale_hint(path)}"
        )
        findings.insert(0, Finding.warning("scale_unknown", sentence))
    return findings


def _identity(
    facts: RasterFacts,
    stored: BandFacts,
    named: NamedBands,
    rule: BandRule,
    sensor: Sensor | None,
) -> SourceIdentity:
    name = next((n for n, index in named.indexes.items() if index == stored.index), "")
    rank = named.ranks.get(stored.index)
    band: Stated[str] = Stated(name, Evidence.NONE, "not known")
    if rank is not None:
        by_name = Evidence.HEADER if stored.description else Evidence.NAME
        band = Stated(name, RANK_EVIDENCE.get(rank, by_name), rank)
    radiometry, own = rule.radiometry, stored.radiometry
    said = radiometry.reason
    unit_by = Evidence.HEADER if own.unit else rule.evidence
    if not own.unit and rule.product is None and radiometry.unit:
        unit_by = Evidence.ASSUMED
    nodata_by = Evidence.HEADER if own.nodata is not None else rule.evidence
    return SourceIdentity(
        index=stored.index,
        file="",
        dtype=stored.dtype,
        sensor=_sensor(facts, named, rule, sensor),
        product=_product(facts.path, rule),
        band=band,
        wavelength_nm=_wavelength(stored, name, named.namings),
        scale=Stated(radiometry.scale, rule.evidence, said),
        offset=Stated(radiometry.offset, rule.evidence, said),
        unit=Stated(str(radiometry.unit), unit_by if radiometry.unit else Evidence.NONE),
        nodata=Stated(
            radiometry.nodata, nodata_by if radiometry.nodata is not None else Evidence.NONE
        ),
    )


def _product(path: Path, rule: BandRule) -> Stated[str]:
    if rule.product is None:
        return UNKNOWN
    proposed = propose_product(path)
    if rule.evidence == Evidence.USER or proposed is None:
        return Stated(rule.product.name, rule.evidence)
    return Stated(rule.product.name, proposed.evidence, proposed.source)


def _sensor(
    facts: RasterFacts, named: NamedBands, rule: BandRule, sensor: Sensor | None
) -> Stated[str]:
    if sensor is not None:
        return Stated(sensor.name, Evidence.USER)
    if facts.tags.get("sensor"):
        return Stated(facts.tags["sensor"], Evidence.HEADER, "the tag 'sensor'")
    if rule.product is not None and rule.product.sensor:
        return Stated(rule.product.sensor, rule.evidence, rule.product.title)
    sensors = {naming.sensor for naming in named.namings}
    if len(sensors) == 1:
        return Stated(sensors.pop(), Evidence.NAME, "its bands' names")
    return UNKNOWN


def _wavelength(stored: BandFacts, name: str, namings: Sequence[Any]) -> Stated[float | None]:
    stated = read_wavelength(stored.description, stored.tags)
    if stated is not None:
        return Stated(stated, Evidence.HEADER)
    known = {
        band.wavelength_nm
        for naming in namings
        for band in naming.codes.values()
        if band.name == name
    }
    if len(known) == 1:
        return Stated(known.pop(), Evidence.ASSUMED, "its sensor's")
    return Stated(None, Evidence.NONE)
