"""Scenes as agencies deliver them: a SAFE of Sentinel-2 or Sentinel-1, a Landsat or an HLS scene,
as a folder, a zip or a tar.

Sources of the names: ESA, Sentinel-2 Products Specification Document (S2-PDGS-TAS-DI-PSD) and
Sentinel-1 Product Specification (S1-RS-MDA-52-7441); USGS LSDS-1822 and LSDS-1328; NASA, HLS
Product User Guide v2.0; NASA JPL D-108758 (OPERA RTC-S1).
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from ..discovery.band_config import Sensor, get_sensor
from ..errors import InputError
from ..files.archive import COMPRESSED, FileSet, is_archive, list_files
from ..gdal.containers import member_path
from ..report import Finding
from ..types import Unit
from .description import find_codes
from .naming import Naming, load_namings, platform_namings
from .product_names import tell_product
from .products import Product

_ENDS = r"\.(?:tiff?|jp2)"
BAND_FILES = tuple(
    re.compile(pattern + _ENDS, re.IGNORECASE)
    for pattern in (
        r"(?:L2A_)?(?P<scene>T\d\d[A-Z]{3}_\d{8}T\d{6})_(?P<code>B\d[\dA]|SCL)(?:_(?P<metres>\d\d)m)?",
        r"(?P<scene>S2[ABCD]_OPER_MSI_L1C_TL_\w+?)_(?P<code>B\d[\dA])",
        r"(?P<scene>L[COTE]0[4-9]_L[12][A-Z]{2}_\d{6}_\d{8}_\d{8}_02_[A-Z0-9]{2})"
        r"_(?P<code>(?:S[RT]_)?B\d{1,2}|QA_PIXEL)",
        r"(?P<scene>HLS\.[LS]30\.T\d\d[A-Z]{3}\.\d{7}T\d{6}\.v2\.0)\.(?P<code>B\d[\dA]|Fmask)",
        r"(?P<scene>OPERA_L2_RTC-S1_[\w.-]+)_(?P<code>[VH][VH])",
        # a GRD has one file for each polarisation, numbered in its name
        r"(?P<scene>s1[abcd]-(?:iw|ew|s[1-6m])-grd[hfm]?)-(?P<code>[vh][vh])-(?P<rest>[\w-]+)-\d{3}",
    )
)
"""Names of band files: the scene's own part, the band's code and, of Sentinel-2, its pixel size."""
METADATA_FILES = re.compile(
    r"MTD_MSIL(?:1C|2A)\.xml|MTD_TL\.xml|manifest\.safe|(?P<scene>L\w+)_MTL\.(?:txt|json|xml)",
    re.IGNORECASE,
)
"""Files by whose name a scene can be given, as a file dialog does."""
ASIDE = ("QI_DATA/", "PREVIEW", "AUX_DATA/")
"""Parts of names of files that are no bands: quality masks, quicklooks."""
CLASS_BANDS = {"SCL": "scl", "QA_PIXEL": "qa_pixel", "FMASK": "fmask"}
MOST_LISTED = 4


@dataclass(frozen=True)
class PackageBand:
    """Where a band of a scene lies."""

    path: Path
    index: int = 1
    """Band of the file, from 1."""


@dataclass(frozen=True)
class ScenePackage:
    """One scene: its agency's files, or one file that holds several bands."""

    path: Path
    """As the user gave it."""
    scene: str
    """The scene's name."""
    sensor: Sensor
    bands: Mapping[str, PackageBand]
    """By canonical name, of the finest pixel size; in wavelength order."""
    taken: datetime | None = None
    findings: tuple[Finding, ...] = ()
    """Bands that are not there or cannot be used."""


@dataclass(frozen=True)
class _BandFile:
    """A file that is named like a band of a product."""

    scene: str
    place: str
    """Folder of its scene: two versions of one scene differ in nothing else."""
    code: str
    metres: int
    """Pixel size by its name; 0 where it tells none."""
    name: str
    """In the folder or archive."""


def is_package(path: Path) -> bool:
    """Tell whether a path is of a folder, an archive, or a scene's metadata file."""
    ends = path.name.lower().endswith(COMPRESSED)
    named = METADATA_FILES.fullmatch(path.name) is not None
    return path.is_dir() or ((is_archive(path) or ends or named) and path.is_file())


def open_package(path: Path, product: Product | None = None) -> ScenePackage:
    """Say which scene a folder or an archive holds, and which bands.

    Parameters
    ----------
    path : Path
        A folder, ``.zip`` or ``.tar``, or a metadata file in the scene's folder.
    product : Product, optional
        The user's word.

    Raises
    ------
    InputError
        If it holds no scene of a known product, or several; or nothing tells its product.
    """
    subject = f"The scene {path} cannot be used"
    given = METADATA_FILES.fullmatch(path.name) if path.is_file() else None
    files = list_files(path.parent if given else path)
    found = _band_files(files, (given["scene"] or "") if given else "")
    if not found:
        hint = "Give files of other names one by one, with ‘band’ and ‘product’."
        why = "it holds no band file named as ESA, USGS or NASA name theirs"
        raise InputError(subject, why, hint)
    _refuse_several(found, subject)
    scene = _scene_name(files, found[0])
    told = tell_product(_path_in(files, found[0].name))
    own = told.proposed.product if told.proposed is not None else None
    known = product or own
    if known is None:
        why = next(iter(told.warnings), "neither its name nor metadata tells its product")
        raise InputError(subject, why, "Say what it is with ‘product’.")
    model = known if known.sensor or own is None else own
    if not model.sensor or (own is not None and own.sensor != model.sensor):
        why = f"it is no {known.title}" + (f" but {own.title}" if own is not None else "")
        raise InputError(subject, why, "Leave ‘product’ out, or give one of its own.")
    naming, sensor = _naming(model, scene), get_sensor(model.sensor)
    bands, left_out = _named(files, found, naming, known)
    usable = {name: PackageBand(bands[name]) for name in sensor.sort(bands) if name in sensor.bands}
    if not usable:
        raise InputError(
            subject,
            f"none of its bands is one of {sensor.title}",
            "Choose the sensor that it comes from.",
        )
    findings = [
        *_left_out(scene, left_out),
        *_missing(scene, sensor, naming, known, usable),
    ]
    taken = _moment(scene) or _moment(found[0].scene)
    return ScenePackage(path, scene, sensor, usable, taken, tuple(findings))


def _band_files(files: FileSet, scene: str) -> list[_BandFile]:
    """The files that are named like bands; those of one scene only where its name is given."""
    found = []
    for name in files.names:
        folder, _, file = name.rpartition("/")
        match = next((m for p in BAND_FILES if (m := p.fullmatch(file)) is not None), None)
        if match is None or any(part in f"{folder}/".upper() for part in ASIDE):
            continue
        parts = match.groupdict()
        own = "-".join(part for part in (parts["scene"], parts.get("rest")) if part)
        if not scene or own.upper() == scene.upper():
            place = re.split(r"(?:^|/)(?:GRANULE|IMG_DATA|measurement)(?:/|$)", folder)[0]
            place = re.sub(r"(?:^|/)R\d\dm$", "", place)
            metres = int(parts.get("metres") or 0)
            found.append(_BandFile(own, place, parts["code"].upper(), metres, name))
    return found


def _refuse_several(found: Sequence[_BandFile], subject: str) -> None:
    scenes = sorted({(one.place, one.scene) for one in found})
    if len(scenes) > 1:
        names = [f"{scene} in {place}" if place else scene for place, scene in scenes]
        more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
        why = f"it holds {len(names)} scenes ({', '.join(names[:MOST_LISTED])}{more})"
        raise InputError(subject, why, "Give the folder or the metadata file (MTL, MTD) of one.")


def _path_in(files: FileSet, name: str) -> Path:
    return member_path(files.path, name) if files.is_archive else files.path / name


def _scene_name(files: FileSet, band: _BandFile) -> str:
    """The name of the SAFE where there is one, else that in the band's name."""
    places = (*band.place.split("/")[::-1], *(part for part in files.path.absolute().parts[::-1]))
    safe = next((place for place in places[:5] if place.upper().endswith(".SAFE")), None)
    if safe is None and files.is_archive and band.place == "":
        safe = files.path.stem if re.match(r"S[12][ABCD]_", files.path.stem) else None
    return re.sub(r"\.SAFE$", "", safe, flags=re.IGNORECASE) if safe else band.scene


def _naming(product: Product, scene: str) -> Naming | None:
    """The naming of the product, else that of the satellite in the scene's name."""
    if product.naming:
        return load_namings()[product.naming]
    return next(iter(platform_namings([scene])), None)


def _named(
    files: FileSet, found: Iterable[_BandFile], naming: Naming | None, product: Product
) -> tuple[dict[str, Path], list[str]]:
    """Canonical name → the finest file, and codes of bands that the product has no rule for."""
    finest = sorted(found, key=lambda one: (one.metres, one.name))
    bands: dict[str, Path] = {}
    left_out: dict[str, None] = {}
    for one in finest:
        name, unit = _canonical(one.code, naming)
        if name and product.rule(unit) is None:
            left_out[one.code] = None
        elif name:
            bands.setdefault(name, _path_in(files, one.name))
    return bands, list(left_out)


def _canonical(code: str, naming: Naming | None) -> tuple[str, Unit]:
    """Name and unit of a band's code; empty where the naming has none of that code."""
    if code in CLASS_BANDS:
        return CLASS_BANDS[code], Unit.CLASS
    if code in ("VV", "VH", "HH", "HV"):
        return code.lower(), Unit.POWER
    codes = find_codes(code)
    band = naming.band_of(codes[0][0], known=True) if naming is not None and codes else None
    return ("", Unit.NONE) if band is None else (band.name, band.unit)


def _left_out(scene: str, codes: Sequence[str]) -> list[Finding]:
    if not codes:
        return []
    sentence = (
        f"{', '.join(codes)} of {scene} cannot be used: its product has no factors that make them "
        "physical. Level 2 has."
    )
    return [Finding.warning("band_without_rule", sentence)]


def _missing(
    scene: str, sensor: Sensor, naming: Naming | None, product: Product, bands: Container[str]
) -> list[Finding]:
    """A finding of the bands that the product has and this folder has not."""
    named = () if naming is None else tuple(naming.codes.values())
    expected = {band.name for band in named if product.rule(band.unit) is not None}
    if naming is not None and product.rule(Unit.CLASS) is not None:
        expected |= {"scl"} if product.level == "l2a" else set()
        expected |= {"qa_pixel"} if product.name.startswith("landsat") else set()
        expected |= {"fmask"} if product.name.startswith("hls") else set()
    expected -= {"lwir", "lwir11", "lwir12"} if "_L2SR_" in scene.upper() else set()
    missing = [name for name in sensor.bands if name in expected and name not in bands]
    if not missing:
        return []
    sentence = f"{scene} is not whole: it lacks {', '.join(missing)}."
    return [Finding.warning("scene_partial", sentence)]


def _moment(scene: str) -> datetime | None:
    """When the scene was taken, by its name; Landsat's and HLS's to the day."""
    for pattern, form in (
        (r"(?<!\d)(\d{8}T\d{6})(?!\d)", "%Y%m%dT%H%M%S"),
        (r"\.(\d{7}T\d{6})\.", "%Y%jT%H%M%S"),
        (r"_\d{6}_(\d{8})_", "%Y%m%d"),
    ):
        match = re.search(pattern, scene)
        if match is not None:
            try:
                return datetime.strptime(match[1], form).replace(tzinfo=timezone.utc)
            except ValueError:
                continue
    return None
