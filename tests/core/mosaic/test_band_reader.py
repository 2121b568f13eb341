"""One band where it lies: the pixels of the file, the right address, no secrets, nothing but
rasters.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from firstlight.core.errors import RasterError
from firstlight.core.gdal.environment import RemoteOptions
from firstlight.core.mosaic.band_reader import Address, BandLocation, BandReader, read_remote_header
from firstlight.core.raster.block_cache import BlockCache
from firstlight.core.raster.grid import Window
from firstlight.core.types import Grid, Radiometry
from support.range_server import ALWAYS, Fault, FaultyServer
from support.rasters import noise, write_raster
from support.scenes import LEFT, TOP
from support.waiting import PATIENCE_S

SHAPE = (300, 410)
GRID = Grid("EPSG:32632", (10.0, 0.0, LEFT, 0.0, -10.0, TOP), SHAPE)
OPTIONS = RemoteOptions(connect_timeout_s=PATIENCE_S, read_timeout_s=PATIENCE_S)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FaultyServer]:
    write_raster(tmp_path / "served/a.tif", noise(SHAPE, 1), origin=(LEFT, TOP))
    with FaultyServer(tmp_path / "served") as made:
        yield made


def source(address: Address, nodata: float | None = 0, grid: Grid = GRID) -> BandReader:
    return BandReader(
        BandLocation("'red' of A", grid, Radiometry(nodata=nodata), False, address),
        BlockCache(1 << 22),
    )


def at(url: str) -> Address:
    return lambda renew: (url, OPTIONS)


LAYOUTS = {
    "tiles": {},
    "strips": {"tiled": False, "blockysize": 1, "blockxsize": None},
    "one block": {"blockxsize": 512, "blockysize": 512},
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
def test_windows_are_those_of_the_file_and_nodata_around(
    tmp_path: Path, layout: dict[str, object], dtype: str
) -> None:
    values = noise(SHAPE, 1).astype(dtype)
    options = {key: value for key, value in layout.items() if value is not None}
    if layout.get("tiled") is False:
        import rasterio

        profile = {
            "driver": "GTiff",
            "count": 1,
            "height": SHAPE[0],
            "width": SHAPE[1],
            "dtype": dtype,
            "crs": GRID.crs,
        }
        with rasterio.open(
            tmp_path / "b.tif", "w", transform=rasterio.Affine(*GRID.transform), **profile
        ) as target:
            target.write(values, 1)
    else:
        write_raster(tmp_path / "b.tif", values, origin=(LEFT, TOP), **options)
    band = source(at(str(tmp_path / "b.tif")))
    padded = np.pad(values, 600)
    for window in (
        Window(0, 0, *SHAPE),
        Window(-20, 399, 50, 30),
        Window(120, 120, 20, 20),
        Window(299, -5, 9, 6),
    ):
        got = band.read(window)
        assert got.dtype == np.dtype(dtype)
        np.testing.assert_array_equal(
            got, padded[600 + window.row :, 600 + window.col :][: window.rows, : window.cols]
        )
    assert (band.read(Window(-500, -500, 10, 10)) == 0).all()
    band.close()


def test_a_refused_address_is_renewed_once(server: FaultyServer) -> None:
    asked: list[bool] = []

    def address(renew: bool) -> tuple[str, RemoteOptions]:
        asked.append(renew)
        return server.url("a.tif") + ("?sig=new" if renew else "?sig=old"), OPTIONS

    server.break_next("a.tif", Fault(status=403, times=1))
    got = source(address).read(Window(0, 0, 5, 5))
    np.testing.assert_array_equal(got, noise(SHAPE, 1)[:5, :5])
    assert asked[:2] == [False, True]
    assert [request.query for request in server.requests if request.query == "sig=old"] == [
        "sig=old"
    ]


def test_a_token_is_not_in_the_message(server: FaultyServer) -> None:
    server.break_next("a.tif", Fault(status=403, times=ALWAYS))
    for work in (
        lambda: source(at(f"{server.url('a.tif')}?sig=secret")).read(Window(0, 0, 5, 5)),
        lambda: read_remote_header("'red' of A", at(f"{server.url('a.tif')}?sig=secret")),
    ):
        with pytest.raises(RasterError, match="403") as caught:
            work()
        assert "secret" not in str(caught.value)


def test_a_failure_is_not_remembered(server: FaultyServer) -> None:
    band = source(at(server.url("a.tif")))
    server.break_next("a.tif", Fault(status=404, times=ALWAYS))
    with pytest.raises(RasterError, match="404"):
        band.read(Window(0, 0, 5, 5))
    server.mend()
    assert band.read(Window(0, 0, 5, 5)).shape == (5, 5)


def test_a_band_that_is_a_vrt_is_not_opened(tmp_path: Path, server: FaultyServer) -> None:
    """It could name any file of this machine."""
    secret = write_raster(tmp_path / "secret.tif", noise(SHAPE, 1), origin=(LEFT, TOP))
    from osgeo import gdal

    gdal.Translate(str(server.root / "b.tif"), str(secret), format="VRT")
    with pytest.raises(RasterError):
        source(at(server.url("b.tif"))).read(Window(0, 0, 5, 5))
    with pytest.raises(RasterError):
        read_remote_header("'red' of A", at(str(server.root / "b.tif")))


@pytest.mark.parametrize(
    "change",
    [
        {"shape": (300, 411)},
        {"crs": "EPSG:32633"},
        {"transform": (10.0, 0, LEFT, 0, -10.0, TOP + 5)},
    ],
)
def test_a_file_must_lie_where_it_was_said_to_lie(
    server: FaultyServer, change: dict[str, object]
) -> None:
    import dataclasses

    with pytest.raises(RasterError, match="lies elsewhere"):
        source(at(server.url("a.tif")), grid=dataclasses.replace(GRID, **change)).read(
            Window(0, 0, 5, 5)
        )  # type: ignore[arg-type]


def test_the_header_tells_the_grid_and_refuses_what_is_on_none(
    tmp_path: Path, server: FaultyServer
) -> None:
    assert read_remote_header("'red' of A", at(server.url("a.tif")))[0] == GRID
    with pytest.raises(RasterError, match="no north-up grid"):
        read_remote_header(
            "'vv' of B",
            at(str(write_raster(tmp_path / "plain.tif", noise((9, 9), 1), epsg=None))),
        )
