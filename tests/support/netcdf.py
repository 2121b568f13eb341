"""netCDF files with the attributes of CF that tell what a number means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

LEFT, TOP, SIZE = 600000.0, 5200020.0, 10.0


def write_netcdf(
    path: Path,
    data: npt.NDArray[np.int16],
    attributes: Mapping[str, Any],
    times: Sequence[float] = (),
) -> Path:
    """Write one variable, ``sr_b4``, (rows, cols) or (times, rows, cols), in UTM 32.

    Parameters
    ----------
    attributes : mapping
        Of the variable: numbers as the data are, but ``scale_factor`` and ``add_offset``; pairs.
    times : sequence of float
        Days since 2020.
    """
    from osgeo import gdal, osr

    dataset = gdal.GetDriverByName("netCDF").CreateMultiDimensional(str(path))
    root = dataset.GetRootGroup()
    real = gdal.ExtendedDataType.Create(gdal.GDT_Float64)
    stored = gdal.ExtendedDataType.Create(gdal.GDT_Int16)
    text = gdal.ExtendedDataType.CreateString()

    def axis(name: str, values: npt.NDArray[Any], standard: str, unit: str) -> Any:
        dimension = root.CreateDimension(name, None, None, len(values))
        array = root.CreateMDArray(name, [dimension], real)
        array.WriteArray(values.astype(float))
        array.CreateAttribute("standard_name", [], text).Write(standard)
        array.CreateAttribute("units", [], text).Write(unit)
        return dimension

    rows, cols = data.shape[-2:]
    dimensions = [
        axis("y", TOP - SIZE * (np.arange(rows) + 0.5), "projection_y_coordinate", "m"),
        axis("x", LEFT + SIZE * (np.arange(cols) + 0.5), "projection_x_coordinate", "m"),
    ]
    if times:
        days = axis("time", np.array(times), "time", "days since 2020-01-01")
        dimensions = [days, *dimensions]
    system = osr.SpatialReference()
    system.ImportFromEPSG(32632)
    mapping = root.CreateMDArray("crs", [], gdal.ExtendedDataType.Create(gdal.GDT_Int32))
    mapping.CreateAttribute("spatial_ref", [], text).Write(system.ExportToWkt())
    variable = root.CreateMDArray("sr_b4", dimensions, stored)
    for name, value in attributes.items():
        kind = real if name in ("scale_factor", "add_offset") else stored
        if isinstance(value, tuple):
            variable.CreateAttribute(name, [len(value)], kind).Write(np.array(value, np.int16))
        else:
            variable.CreateAttribute(name, [], kind).Write(value)
    variable.CreateAttribute("grid_mapping", [], text).Write("crs")
    variable.WriteArray(data)
    return path
