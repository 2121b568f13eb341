"""Scenes as agencies deliver them, small: SAFE, Landsat and HLS folders, and archives of them."""

from __future__ import annotations

import json
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .rasters import write_raster

TILE = "T33TWN_20240612T100031"
L2A = "S2B_MSIL2A_20240612T100031_N0510_R122_T33TWN_20240612T134512"
L1C = "S2B_MSIL1C_20240612T100031_N0510_R122_T33TWN_20240612T120000"
LANDSAT_L2 = "LC08_L2SP_192030_20230715_20230725_02_T1"
LANDSAT_L1 = "LC09_L1TP_192030_20230715_20230725_02_T1"
HLS_S30 = "HLS.S30.T33TWN.2024164T100031.v2.0"
S2_BANDS = (
    "B01",
    "B02",
    "B03",
    "B04",
    "B05",
    "B06",
    "B07",
    "B08",
    "B8A",
    "B09",
    "B10",
    "B11",
    "B12",
)


def stored(value: float, size: int = 32, dtype: str = "uint16") -> npt.NDArray[np.generic]:
    """Pixels that rise by 64 from a stored number."""
    return (np.arange(size * size).reshape(size, size) % 64 + value).astype(dtype)


def mtd_text(
    level: str = "L2A",
    baseline: str = "05.10",
    offsets: Sequence[object] = (-1000,) * 13,
    quantification: object = 10000,
    more: str = "",
) -> str:
    """An MTD file with what is read of it."""
    tag = "BOA_ADD_OFFSET" if level == "L2A" else "RADIO_ADD_OFFSET"
    value = "BOA_QUANTIFICATION_VALUE" if level == "L2A" else "QUANTIFICATION_VALUE"
    listed = "".join(f'<{tag} band_id="{i}">{offset}</{tag}>' for i, offset in enumerate(offsets))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{more}<n1:P xmlns:n1="https://psd">'
        f"<General_Info><PROCESSING_BASELINE>{baseline}</PROCESSING_BASELINE>"
        "<Special_Values><SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT>"
        "<SPECIAL_VALUE_INDEX>0</SPECIAL_VALUE_INDEX></Special_Values>"
        f'<{value} unit="none">{quantification}</{value}>{listed}</General_Info></n1:P>'
    )


def write_safe(
    folder: Path,
    name: str = L2A,
    bands: Mapping[str, int] | None = None,
    mtd: str | None = None,
    flat: bool = False,
    ending: str = "jp2",
) -> Path:
    """A SAFE folder.

    Parameters
    ----------
    bands : mapping of str to int
        End of a band's file name (``B04_10m``) → its least stored number.
    mtd : str, optional
        The metadata file's text; empty for none.
    flat : bool
        All files in one folder, as some portals deliver them.
    """
    level = "L1C" if "MSIL1C" in name else "L2A"
    safe = folder / f"{name}.SAFE"
    safe.mkdir(parents=True)
    images = (
        safe if flat else safe / "GRANULE" / f"{level}_T33TWN_A037962_20240612T100031" / "IMG_DATA"
    )
    text = mtd_text(level) if mtd is None else mtd
    if text:
        (safe / f"MTD_MSI{level}.xml").write_text(text)
    (safe / "manifest.safe").write_text("<manifest/>")
    for end, low in (bands or {"B04_10m": 2000, "B08_10m": 3000, "B11_20m": 2500}).items():
        metres = int(end[-3:-1]) if end.endswith("m") else 10
        place = images / f"R{metres}m" if level == "L2A" and not flat else images
        size = 320 // metres
        pixels = stored(low, size, "uint8" if end.startswith("SCL") else "uint16")
        write_raster(place / "x.tif", pixels, resolution=metres, nodata=None)
        rename_as(place / "x.tif", place / f"{TILE}_{end}.{ending}")
    return safe


def rename_as(tiff: Path, target: Path) -> Path:
    """The raster under its name; as lossless JPEG 2000 where that says so."""
    if target.suffix != ".jp2":
        return tiff.rename(target)
    from rasterio.shutil import copy

    copy(tiff, target, driver="JP2OpenJPEG", QUALITY="100", REVERSIBLE="YES")
    tiff.unlink()
    target.with_name(f"{target.name}.aux.xml").unlink(missing_ok=True)
    return target


def mtl_text(kind: str = "txt", **changed: object) -> str:
    """An MTL file of Level 1 with what is read of it; ``changed`` fields of None are left out."""
    image = {"SUN_ELEVATION": "30.0"}
    factors = {
        "RADIANCE_MULT_BAND_4": "1.0E-02",
        "REFLECTANCE_MULT_BAND_4": "2.0000E-05",
        "REFLECTANCE_ADD_BAND_4": "-0.100000",
        "REFLECTANCE_MULT_BAND_5": "2.0000E-05",
        "REFLECTANCE_ADD_BAND_5": "-0.100000",
    }
    groups = {"IMAGE_ATTRIBUTES": image, "LEVEL1_RADIOMETRIC_RESCALING": factors}
    return groups_text(
        kind,
        {
            group: {
                k: str(changed.get(k, v))
                for k, v in fields.items()
                if changed.get(k, v) is not None
            }
            for group, fields in groups.items()
        },
    )


def mtl_l2_text(kind: str = "txt") -> str:
    """An MTL file of Level 2: its own factors, and those of Level 1 under the same names."""
    return groups_text(
        kind,
        {
            "IMAGE_ATTRIBUTES": {"SUN_ELEVATION": "30.0"},
            "LEVEL2_SURFACE_REFLECTANCE_PARAMETERS": {
                "REFLECTANCE_MULT_BAND_4": "2.75e-05",
                "REFLECTANCE_ADD_BAND_4": "-0.2",
            },
            "LEVEL2_SURFACE_TEMPERATURE_PARAMETERS": {
                "TEMPERATURE_MULT_BAND_ST_B10": "0.00341802",
                "TEMPERATURE_ADD_BAND_ST_B10": "149.0",
            },
            "LEVEL1_RADIOMETRIC_RESCALING": {
                "REFLECTANCE_MULT_BAND_4": "2.0000E-05",
                "REFLECTANCE_ADD_BAND_4": "-0.1",
            },
        },
    )


def groups_text(kind: str, groups: Mapping[str, Mapping[str, str]]) -> str:
    """Groups of fields in one of the three formats of an MTL file."""
    if kind == "json":
        return json.dumps({"LANDSAT_METADATA_FILE": groups})
    if kind == "xml":
        inner = "".join(
            f"<{group}>{''.join(f'<{k}>{v}</{k}>' for k, v in fields.items())}</{group}>"
            for group, fields in groups.items()
        )
        return f"<LANDSAT_METADATA_FILE>{inner}</LANDSAT_METADATA_FILE>"
    lines = ["GROUP = LANDSAT_METADATA_FILE"]
    for group, fields in groups.items():
        lines += [f"  GROUP = {group}"]
        lines += [f"    {k} = {v}" for k, v in fields.items()]
        lines += [f"  END_GROUP = {group}"]
    return "\n".join([*lines, "END_GROUP = LANDSAT_METADATA_FILE", "END"])


def write_landsat(
    folder: Path,
    name: str = LANDSAT_L2,
    bands: Sequence[str] = ("SR_B4", "SR_B5", "ST_B10", "QA_PIXEL"),
    mtl: str | None = None,
    kind: str = "txt",
) -> Path:
    """A folder of a Landsat scene; ``mtl`` is the text of its metadata file."""
    for code in bands:
        low = {"QA_PIXEL": 21824, "ST_B10": 44000, "ST_B6": 44000}.get(code, 9000)
        pixels = np.full((32, 32), low, "uint16") if code == "QA_PIXEL" else stored(low)
        write_raster(folder / f"{name}_{code}.TIF", pixels, resolution=30, nodata=None)
    if mtl is not None:
        (folder / f"{name}_MTL.{kind}").write_text(mtl)
    return folder


def write_hls(
    folder: Path, name: str = HLS_S30, bands: Sequence[str] = ("B04", "B8A", "B11", "Fmask")
) -> Path:
    """A folder of an HLS granule."""
    for code in bands:
        is_mask = code == "Fmask"
        pixels = stored(0 if is_mask else 800, dtype="uint8" if is_mask else "int16")
        nodata = 255 if is_mask else -9999
        write_raster(folder / f"{name}.{code}.tif", pixels, resolution=30, nodata=nodata)
    return folder


def zipped(folder: Path, inside: str | None = None, stored_only: bool = False) -> Path:
    """A zip of a folder beside it; ``inside`` is the folder's name in it, empty for none."""
    archive = folder.parent / f"{folder.name}.zip"
    top = folder.name if inside is None else inside
    method = zipfile.ZIP_STORED if stored_only else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(archive, "w", method) as target:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            target.write(file, (Path(top) / file.relative_to(folder)).as_posix())
    return archive


def tarred(folder: Path, ending: str = ".tar") -> Path:
    """A tar of a folder's files beside it, as USGS packs them."""
    archive = folder.parent / f"{folder.name}{ending}"
    with tarfile.open(archive, "w:gz" if ending.endswith("gz") else "w") as target:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            target.add(file, file.relative_to(folder).as_posix())
    return archive
