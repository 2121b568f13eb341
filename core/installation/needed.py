"""Libraries that FirstLight needs, and those that it uses where they are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Library:
    """One library that FirstLight imports."""

    module: str
    package: str
    """Its name for pip."""


REQUIRED = (
    Library("numpy", "numpy"),
    Library("osgeo", "GDAL"),
    Library("requests", "requests"),
    Library("yaml", "PyYAML"),
)
"""All of them come with QGIS, so that nothing has to be installed beside the plugin."""
USED = (
    Library("qgis.core", "QGIS"),
    Library("rasterio", "rasterio"),
    Library("pystac_client", "pystac-client"),
    Library("dask", "dask"),
    Library("distributed", "dask[distributed]"),
)
"""Without the first there is the command line only, without the last no cluster. rasterio reads
rasters where it is asked for in place of GDAL's own library. Without pystac-client and Dask
FirstLight writes questions to catalogues and starts threads by itself; pip installs these with
``firstlight``.
"""
