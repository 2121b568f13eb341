"""Tiles of one pass side by side: each pixel of the mosaic is a pixel of a tile, and the bands keep
what they say.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firstlight.core.errors import BandStackError
from firstlight.core.raster.facts import read_facts
from firstlight.core.raster.grid import Window
from firstlight.core.raster.reader import RasterReader
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.stack.tiles import mosaic_stacks
from firstlight.core.types import Radiometry
from support.rasters import write_raster

RULE = Radiometry(0.0001, -0.1, 0.0, "reflectance", "as stated")
CLASS = Radiometry(1.0, 0.0, None, "class")
LEFT = (600000.0, 5200020.0)


def tile(
    folder: Path,
    origin: tuple[float, float],
    seed: int,
    names: tuple[str, ...] = ("red", "nir"),
    epsg: int = 32632,
    rule: Radiometry = RULE,
    dtype: type[np.generic] = np.uint16,
) -> Path:
    random = np.random.default_rng(seed)
    sources = {}
    for name in names:
        reflectance = random.integers(1, 9000, (40, 50)) * 0.0001 - 0.05
        data = np.asarray((reflectance - rule.offset) / rule.scale)
        data = (data.round() if dtype is np.uint16 else data).astype(dtype)
        data[:, :3] = rule.nodata
        path = write_raster(
            folder / f"{name}.tif", data, origin=origin, epsg=epsg, nodata=rule.nodata
        )
        sources[name] = BandSource(path, radiometry=rule)
    scl = write_raster(
        folder / "scl.tif",
        random.integers(0, 12, (20, 25)).astype(np.uint8),
        resolution=20,
        origin=origin,
        nodata=None,
        epsg=epsg,
    )
    sources["scl"] = BandSource(scl, radiometry=CLASS, is_class=True)
    create_band_stack(
        sources, folder / "s.vrt", tags={"item_id": folder.name, "datetime": "2024-06-01T10:00:00Z"}
    )
    return folder / "s.vrt"


def test_pixels_names_and_radiometry_are_kept(tmp_path: Path) -> None:
    import rasterio

    stacks = [tile(tmp_path / "a", LEFT, 1), tile(tmp_path / "b", (600400.0, 5200020.0), 2)]
    made = mosaic_stacks([read_facts(path) for path in stacks], tmp_path / "pass.vrt")
    facts, first = read_facts(made), read_facts(stacks[0])
    assert facts.grid.shape == (40, 90)
    assert [band.description for band in facts.bands] == [band.description for band in first.bands]
    assert [band.radiometry.to_dict() for band in facts.bands] == [
        band.radiometry.to_dict() for band in first.bands
    ]
    assert facts.tags["item_id"] == "a"
    with (
        rasterio.open(made) as mosaic,
        rasterio.open(stacks[0]) as a,
        rasterio.open(stacks[1]) as b,
    ):
        for index in (1, 2):
            left, right, both = a.read(index), b.read(index), mosaic.read(index)
            assert np.array_equal(
                both[:, 3:50], left[:, 3:]
            )  # the first one counts where both have data
            assert np.array_equal(both[:, 50:], right[:, 10:])
    assert "source" not in facts.bands[0].tags, "a band of several files is not of one file"


SHIFTED = Radiometry(0.0001, -0.2, 0.0, "reflectance", "as stated")
FRACTIONS = Radiometry(1.0, 0.0, float("nan"), "reflectance", "as stated")
OTHER_NODATA = Radiometry(0.0001, -0.1, 65535.0, "reflectance", "as stated")


@pytest.mark.parametrize(
    ("rule", "dtype"),
    [(SHIFTED, np.uint16), (FRACTIONS, np.float32), (OTHER_NODATA, np.uint16)],
)
def test_tiles_of_several_providers_keep_their_values(
    tmp_path: Path, rule: Radiometry, dtype: type[np.generic]
) -> None:
    """The same numbers with another offset are another reflectance."""
    stacks = [
        tile(tmp_path / "a", LEFT, 1),
        tile(tmp_path / "b", (600400.0, 5200020.0), 2, rule=rule, dtype=dtype),
    ]
    made = mosaic_stacks([read_facts(path) for path in stacks], tmp_path / "pass.vrt")
    whole = Window(0, 0, 40, 50)
    with RasterReader(made) as mosaic, RasterReader(stacks[0]) as a, RasterReader(stacks[1]) as b:
        for index in (1, 2):
            left, right = a.read(index, whole), b.read(index, whole)
            both = mosaic.read(index, Window(0, 0, 40, 90))
            assert np.isnan(both[:, :3]).all()
            assert np.allclose(both[:, 3:50], left[:, 3:], atol=1e-7)
            assert np.allclose(both[:, 50:], right[:, 10:], atol=1e-7)
        assert np.array_equal(mosaic.read(3, whole), a.read(3, whole), equal_nan=True)


def test_the_mosaic_states_the_statistics_of_its_tiles(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    paths = [tile(tmp_path / "a", LEFT, 1), tile(tmp_path / "b", (LEFT[0] + 500, LEFT[1]), 2)]
    made = mosaic_stacks([read_facts(path) for path in paths], tmp_path / "pass.vrt")
    with RasterReader(made) as reader:
        stored = reader.read_stored(1)
    tags = read_facts(made).bands[0].tags
    found = {name: float(tags[f"STATISTICS_{name}"]) for name in ("MINIMUM", "MEAN", "STDDEV")}
    values = stored[stored != RULE.nodata].astype(np.float64)
    assert tags["STATISTICS_APPROXIMATE"] == "YES"
    assert found["MINIMUM"] == values.min()
    assert found["MEAN"] == pytest.approx(values.mean(), rel=1e-3)
    assert found["STDDEV"] == pytest.approx(values.std(), rel=1e-3)
    seen = 100 * values.size / stored.size
    assert float(tags["STATISTICS_VALID_PERCENT"]) == pytest.approx(seen, rel=1e-3)


def test_the_mosaic_may_be_moved_with_its_tiles(tmp_path: Path) -> None:
    import rasterio

    stacks = [
        tile(tmp_path / "x" / "a", LEFT, 1),
        tile(tmp_path / "x" / "b", (600500.0, 5200020.0), 2),
    ]
    made = mosaic_stacks([read_facts(path) for path in stacks], tmp_path / "x" / "pass.vrt")
    with rasterio.open(made) as dataset:
        before = [dataset.read(index) for index in dataset.indexes]
    (tmp_path / "x").rename(tmp_path / "y")
    with rasterio.open(tmp_path / "y" / "pass.vrt") as dataset:
        assert all(
            np.array_equal(dataset.read(index), before[index - 1]) for index in dataset.indexes
        )


@pytest.mark.parametrize(
    ("origin", "names", "epsg", "why"),
    [
        ((600405.0, 5200020.0), ("red", "nir"), 32632, "lies on another grid"),
        ((600400.0, 5200020.0), ("red", "nir"), 32633, "lies on another grid"),
        ((600400.0, 5200020.0), ("red", "green"), 32632, "have different bands"),
    ],
)
def test_tiles_that_do_not_fit_are_named(
    tmp_path: Path, origin: tuple[float, float], names: tuple[str, ...], epsg: int, why: str
) -> None:
    stacks = [tile(tmp_path / "a", LEFT, 1), tile(tmp_path / "b", origin, 2, names, epsg)]
    with pytest.raises(BandStackError, match=why):
        mosaic_stacks([read_facts(path) for path in stacks], tmp_path / "pass.vrt")
    assert not (tmp_path / "pass.vrt").exists()
