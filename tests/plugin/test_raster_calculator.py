"""Indices and formulas equal QGIS's own raster calculator on the same pixels."""

import numpy as np
import pytest
from qgis.analysis import QgsRasterCalculator, QgsRasterCalculatorEntry
from qgis.core import QgsCoordinateTransformContext, QgsRasterLayer

from firstlight.core.maps.index import INDEX
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.settings import Settings
from support.rasters import write_raster

BANDS = ("blue", "green", "red", "nir", "swir16")
CASES = [
    ({"name": "MNDWI"}, '("s@2" - "s@5") / ("s@2" + "s@5")'),
    ({"name": "EVI"}, '2.5 * ("s@4" - "s@3") / ("s@4" + 6 * "s@3" - 7.5 * "s@1" + 1)'),
    (
        {"formula": "sqrt(abs(nir - red)) * (nir > 0.3) + log(green) ** 2"},
        'sqrt(abs("s@4" - "s@3")) * ("s@4" > 0.3) + ln("s@2") ^ 2',
    ),
]


@pytest.fixture
def stack(tmp_path, qgis_app):
    import rasterio

    pixels = np.random.default_rng(4).uniform(0.02, 0.6, (len(BANDS), 60, 70)).astype(np.float32)
    pixels[0] /= 6  # EVI has a pole where blue is bright, near which nothing agrees with anything
    pixels[:, :4, :5] = -9999
    path = write_raster(tmp_path / "stack.tif", pixels, nodata=-9999)
    with rasterio.open(path, "r+") as dataset:
        dataset.descriptions = BANDS
    return path


def calculate(stack, expression, output):
    layer = QgsRasterLayer(str(stack), "stack")
    entries = []
    for number in range(1, len(BANDS) + 1):
        entry = QgsRasterCalculatorEntry()
        entry.ref, entry.raster, entry.bandNumber = f"s@{number}", layer, number
        entries.append(entry)
    place = (layer.extent(), layer.crs(), layer.width(), layer.height())
    calculator = QgsRasterCalculator(
        expression, str(output), "GTiff", *place, entries, QgsCoordinateTransformContext()
    )
    return calculator.processCalculation()


@pytest.mark.parametrize(("words", "expression"), CASES, ids=["MNDWI", "EVI", "own formula"])
def test_the_raster_calculator_agrees(stack, tmp_path, words, expression):
    import rasterio

    params = INDEX.make_params({"stack": stack, "output": tmp_path / "ours.tif", **words})
    INDEX.run(params, Settings(workers=1), RecordingMonitor())
    assert (
        calculate(stack, expression, tmp_path / "theirs.tif") == QgsRasterCalculator.Result.Success
    )
    found = []
    for name in ("ours.tif", "theirs.tif"):
        with rasterio.open(tmp_path / name) as dataset:
            found.append(dataset.read(1, masked=True))
    missing, others = (np.ma.getmaskarray(one) for one in found)
    assert np.array_equal(missing, others)
    assert missing.sum() == 20
    assert np.allclose(found[0].compressed(), found[1].compressed(), rtol=1e-5, atol=2e-6)
