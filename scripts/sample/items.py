"""STAC items and collections of the simulated scenes, as the two large catalogues write theirs.

The wildfire's scenes state scale and offset in ``raster:bands`` (Earth Search,
``sentinel-2-c1-l2a``); the flood's state only the processing baseline, from which the offset
follows (Planetary Computer). The radar scenes are as Planetary Computer's ``sentinel-1-rtc``, the
heights as both catalogues' ``cop-dem-glo-30``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .files import box_of, file_facts, to_lonlat
from .ground import Place
from .optics import BANDS, Look, Picture

S2_COLLECTION = "sentinel-2-sample"
S1_COLLECTION = "sentinel-1-rtc-sample"
DEM_COLLECTION = "cop-dem-glo-30-sample"
NOTE = "SIMULATED: computed for tests and demonstrations, no satellite has seen it"
DESCRIPTION = (
    "SIMULATED pixels, made by FirstLight's own scripts with known truth, for tests and "
    "demonstrations. The place lies in the "
    "open Atlantic, where there is no land. Not a satellite's data, and nothing happened there."
)
BASELINE = "05.10"
_SCHEMAS = "https://stac-extensions.github.io"
_EXTENSIONS = {
    "eo": "eo/v1.1.0",
    "proj": "projection/v1.1.0",
    "raster": "raster/v1.1.0",
    "view": "view/v1.0.0",
    "sat": "sat/v1.0.0",
    "sar": "sar/v1.0.0",
    "file": "file/v2.1.0",
}
_SCL_SHARES = {
    "s2:vegetation_percentage": (4,),
    "s2:not_vegetated_percentage": (5,),
    "s2:water_percentage": (6,),
    "s2:cloud_shadow_percentage": (3,),
    "s2:medium_proba_clouds_percentage": (8,),
    "s2:high_proba_clouds_percentage": (9,),
    "s2:thin_cirrus_percentage": (10,),
    "eo:cloud_cover": (8, 9, 10),
}


def item(
    item_id: str,
    collection: str,
    ring: list[list[float]],
    properties: Mapping[str, Any],
    assets: Mapping[str, Any],
) -> Any:
    """One STAC item that says that it is simulated."""
    used = {word.partition(":")[0] for part in (properties, *assets.values()) for word in part}
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [
            f"{_SCHEMAS}/{path}/schema.json" for word, path in _EXTENSIONS.items() if word in used
        ],
        "id": item_id,
        "collection": collection,
        "bbox": box_of(ring),
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {**properties, "description": DESCRIPTION, "firstlight:note": NOTE},
        "assets": dict(assets),
        "links": [],
    }


def footprint(place: Place, corner: tuple[str, int, int]) -> list[list[float]]:
    """The ring of what the swath covers: the square without one corner, counter-clockwise and
    closed.
    """
    name, along, down = corner
    end = place.size
    corners = {"sw": (0, end), "se": (end, end), "ne": (end, 0), "nw": (0, 0)}
    cut = {
        "sw": [(0, end - down), (along, end)],
        "se": [(end - along, end), (end, end - down)],
        "ne": [(end, down), (end - along, 0)],
        "nw": [(along, 0), (0, down)],
    }
    ring = [
        point for key, whole in corners.items() for point in (cut[key] if key == name else [whole])
    ]
    return to_lonlat([place.corner(col, row) for col, row in [*ring, ring[0]]], place.crs)


def optical_item(
    item_id: str, place: Place, when: str, look: Look, picture: Picture, base: Path
) -> Any:
    """The item of a Sentinel-2 scene whose files lie in ``base / item id``."""
    states_scale = place.name == "fire"
    properties = {
        "datetime": when,
        "title": f"SIMULATED {place.name}, Sentinel-2 L2A, {when[:10]}",
        "platform": "sentinel-2a" if int(when[8:10]) % 2 else "sentinel-2b",
        "constellation": "sentinel-2",
        "instruments": ["msi"],
        "gsd": 10,
        "proj:epsg": place.epsg,
        "view:sun_azimuth": look.sun[0],
        "view:sun_elevation": look.sun[1],
        "sat:orbit_state": "descending",
        "sat:relative_orbit": 80 if place.name == "fire" else 37,
        "s2:processing_baseline": BASELINE,
        "s2:product_type": "S2MSI2A",
        "s2:nodata_pixel_percentage": round(100 * float((~picture.valid).mean()), 4),
        **_shares(picture.scl),
    }
    assets = {}
    for name, band in BANDS.items():
        facts = _facts(base, item_id, name)
        layer = {
            "name": band.code,
            "common_name": band.common_name,
            "center_wavelength": band.wavelength_um,
        }
        facts.update(
            {
                "title": f"{name} ({band.code}), {band.resolution_m} m, SIMULATED",
                "roles": ["data", "reflectance"],
            }
        )
        facts.update(
            {
                "gsd": band.resolution_m,
                "eo:bands": [{**layer, "full_width_half_max": band.width_um}],
            }
        )
        if states_scale:
            pixels = {"nodata": 0, "data_type": "uint16", "spatial_resolution": band.resolution_m}
            facts["raster:bands"] = [{**pixels, "scale": 0.0001, "offset": -0.1}]
        assets[name if states_scale else band.code] = facts
    scl = {
        **_facts(base, item_id, "scl"),
        "title": "Scene classification, SIMULATED",
        "roles": ["data"],
        "gsd": 20,
    }
    assets["scl" if states_scale else "SCL"] = scl
    if states_scale:
        scl["raster:bands"] = [{"nodata": 0, "data_type": "uint8", "spatial_resolution": 20}]
    visual = {
        **_facts(base, item_id, "visual"),
        "title": "True colour, SIMULATED",
        "roles": ["visual"],
    }
    assets["visual"] = visual
    assets["thumbnail"] = {
        "href": f"{base.name}/{item_id}/thumbnail.png",
        "type": "image/png",
        "title": "Small picture, SIMULATED",
        "roles": ["thumbnail"],
        "file:size": (base / item_id / "thumbnail.png").stat().st_size,
    }
    return item(item_id, S2_COLLECTION, footprint(place, look.corner), properties, assets)


def radar_item(
    item_id: str, place: Place, when: str, state: str, corner: tuple[str, int, int], base: Path
) -> Any:
    """The item of a Sentinel-1 scene whose files lie in ``base / item id``."""
    properties = {
        "datetime": when,
        "title": f"SIMULATED {place.name}, Sentinel-1 RTC, {when[:10]}",
        "platform": "SENTINEL-1A",
        "constellation": "Sentinel-1",
        "proj:epsg": place.epsg,
        "sat:orbit_state": state,
        "sat:relative_orbit": 125 if state == "descending" else 16,
        "sar:product_type": "GRD",
        "sar:instrument_mode": "IW",
        "sar:frequency_band": "C",
        "sar:center_frequency": 5.405,
        "sar:polarizations": ["VV", "VH"],
        "sar:looks_equivalent_number": 4.4,
        "sar:looks_range": 5,
        "sar:looks_azimuth": 1,
        "sar:resolution_range": 20,
        "sar:resolution_azimuth": 22,
        "sar:pixel_spacing_range": 10,
        "sar:pixel_spacing_azimuth": 10,
        "sar:observation_direction": "right",
    }
    pixels = {"nodata": -32768, "data_type": "float32", "spatial_resolution": 10.0}
    assets = {
        name: {
            **_facts(base, item_id, name),
            "title": f"{name.upper()}: terrain-corrected gamma naught, linear power, SIMULATED",
            "roles": ["data"],
            "raster:bands": [pixels],
        }
        for name in ("vv", "vh")
    }
    return item(item_id, S1_COLLECTION, footprint(place, corner), properties, assets)


def height_item(item_id: str, place: Place, ring: list[list[float]], base: Path) -> Any:
    """The item of an elevation model whose file lies in ``base / item id``."""
    properties = {
        # what catalogues state for the product; it is no date of observation
        "datetime": "2021-04-22T00:00:00Z",
        "title": f"SIMULATED {place.name}, heights like Copernicus DEM GLO-30",
        "platform": "TanDEM-X",
        "gsd": 30,
        "proj:epsg": 4326,
    }
    facts = {
        **_facts(base, item_id, "data"),
        "title": "Heights in metres, SIMULATED",
        "roles": ["data"],
    }
    facts["raster:bands"] = [{"data_type": "float32", "unit": "meter", "sampling": "point"}]
    return item(item_id, DEM_COLLECTION, ring, properties, {"data": facts})


def collections(items: list[Any]) -> list[Any]:
    """The collections of these items, each with the extent of what it holds."""
    texts = {
        S2_COLLECTION: (
            "Sentinel-2 sample: one real scene, all others SIMULATED",
            "One scene of real pixels (its item says where from), and SIMULATED scenes, whose "
            "id, title and description say so.",
        ),
        S1_COLLECTION: ("Sentinel-1 RTC sample, SIMULATED", DESCRIPTION),
        DEM_COLLECTION: ("Copernicus DEM GLO-30 sample, SIMULATED", DESCRIPTION),
    }
    found = []
    for name, (title, text) in texts.items():
        own = [one for one in items if one["collection"] == name]
        if not own:
            continue
        boxes = np.array([one["bbox"] for one in own])
        days = sorted(one["properties"]["datetime"] for one in own)
        union = [*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist()]
        found.append(
            {
                "type": "Collection",
                "stac_version": "1.0.0",
                "id": name,
                "title": title,
                "description": text,
                "license": "various",
                "extent": {
                    "spatial": {"bbox": [union, *boxes.tolist()] if len(own) > 1 else [union]},
                    "temporal": {"interval": [[days[0], days[-1]]]},
                },
                "links": [],
            }
        )
    return found


def _facts(base: Path, item_id: str, name: str) -> dict[str, Any]:
    return file_facts(base / item_id / f"{name}.tif", f"{base.name}/{item_id}/{name}.tif")


def _shares(scl: Any) -> dict[str, float]:
    """Of the pixels with data, in percent, as the product's metadata states them."""
    seen = scl[scl > 0]
    return {
        name: round(100 * float(np.isin(seen, codes).mean()), 4)
        for name, codes in _SCL_SHARES.items()
    }
