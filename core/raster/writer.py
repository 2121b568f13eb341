"""Write a raster as a cloud-optimised GeoTIFF: window by window, under its final name only when it is whole."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import Cancelled, RasterError
from ..types import Grid
from .gdal_env import quiet_gdal
from .grid import Window
from .reader import check_raster

BLOCK = 512
COMPRESSIONS = ("zstd", "deflate", "lzw", "none")
"""All of them without loss."""


@dataclass(frozen=True)
class TiffLayout:
    """How a GeoTIFF's pixels lie in the file."""

    compress: str = "zstd"
    """One of ``COMPRESSIONS``."""
    tiled: bool = True
    """False: in strips, and then no cloud-optimised one."""

    def driver(self) -> str:
        """GDAL's driver that writes it."""
        return "COG" if self.tiled else "GTiff"

    def options(self, floating: bool, resampling: str) -> list[str]:
        """For GDAL's ``CreateCopy``."""
        words = [f"COMPRESS={self.compress.upper()}", "NUM_THREADS=ALL_CPUS", "BIGTIFF=IF_SAFER"]
        if self.compress == "zstd":
            # The drivers' own default is level 9: as slow as DEFLATE for one or two percent of size.
            words.append("LEVEL=1" if self.tiled else "ZSTD_LEVEL=1")
        if self.tiled:
            words += [f"BLOCKSIZE={BLOCK}", f"OVERVIEW_RESAMPLING={resampling}"]
        else:
            words += ["TILED=NO", "COPY_SRC_OVERVIEWS=YES"]
        if self.compress != "none":
            number, word = ("3", "FLOATING_POINT") if floating else ("2", "STANDARD")
            words.append(f"PREDICTOR={word if self.tiled else number}")
        return words


@dataclass(frozen=True)
class RasterSpec:
    """What is to be written."""

    grid: Grid
    dtype: str
    nodata: float
    band_names: Sequence[str] = ("",)
    tags: Mapping[str, str] = field(default_factory=dict)


class CogWriter:
    """Takes windows in any order from any thread; :meth:`finish` makes the COG.

    Used as a context: when the block ends without :meth:`finish`, its temporary files are removed and nothing is left.
    """

    def __init__(self, path: Path, spec: RasterSpec) -> None:
        import rasterio
        from rasterio.transform import Affine

        self.path = path
        self._tiles_path = path.with_name(f"{path.name}.tiles.part")
        self._cog_path = path.with_name(f"{path.name}.part")
        self._lock = threading.Lock()
        if path.is_dir():
            raise RasterError(f"Writing {path} failed", "a folder has this name", "Choose another name.")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._dataset: Any = rasterio.open(
                self._tiles_path,
                "w",
                driver="GTiff",
                width=spec.grid.shape[1],
                height=spec.grid.shape[0],
                count=len(spec.band_names),
                dtype=spec.dtype,
                nodata=spec.nodata,
                crs=spec.grid.crs or None,
                transform=Affine(*spec.grid.transform),
                tiled=True,
                blockxsize=BLOCK,
                blockysize=BLOCK,
                compress="zstd",
                zstd_level=1,
                bigtiff="if_safer",
            )
        except (OSError, rasterio.errors.RasterioError) as error:
            raise RasterError(f"Writing {path} failed", _reason(error), "Is the folder there, writable and not full?") from error
        self._dataset.update_tags(**spec.tags)
        for index, name in enumerate(spec.band_names, start=1):
            if name:
                self._dataset.set_band_description(index, name)

    def __enter__(self) -> CogWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._lock:  # after a stop, a worker may still be handing over its last tile
            if not self._dataset.closed:
                self._dataset.close()
        for leftover in (self._tiles_path, self._cog_path):
            leftover.unlink(missing_ok=True)

    def write(self, window: Window, values: npt.NDArray[Any], index: int = 1) -> None:
        """Put a window; ``values`` are (rows, cols) in the file's dtype, nodata already in place.

        Raises
        ------
        RasterError
            If the disk does not take it.
        """
        import rasterio
        from rasterio.windows import Window as RasterioWindow

        try:
            with self._lock:
                if self._dataset.closed:  # after a stop, when a worker that was left behind comes back
                    raise Cancelled(f"Writing {self.path.name}")
                self._dataset.write(values, index, window=RasterioWindow(window.col, window.row, window.cols, window.rows))
        except (OSError, rasterio.errors.RasterioError) as error:
            raise RasterError(f"Writing {self.path} failed", _reason(error), "Is the disk full?") from error

    def finish(self, resampling: str = "AVERAGE", on_progress: Callable[[float], bool] = lambda _: True) -> None:
        """Build overviews, write the COG and give it its name.

        Parameters
        ----------
        resampling : str
            How overviews are made: ``AVERAGE``, or ``NEAREST`` for categories.
        on_progress : callable
            Gets 0..1 and returns False to stop.

        Raises
        ------
        Cancelled
            If ``on_progress`` returned False.
        RasterError
            If the disk does not take it.
        """
        import rasterio

        try:
            with self._lock:
                self._dataset.close()
        except (OSError, rasterio.errors.RasterioError) as error:
            raise RasterError(f"Writing {self.path} failed", _reason(error), "Is the disk full?") from error
        copy_to_cog(self._tiles_path, self._cog_path, self.path, resampling, on_progress)
        self._tiles_path.unlink(missing_ok=True)


def copy_to_cog(
    source: Path,
    part: Path,
    target: Path,
    resampling: str = "AVERAGE",
    on_progress: Callable[[float], bool] = lambda _: True,
    layout: TiffLayout = TiffLayout(),
) -> None:
    """Copy any raster into a COG: written to ``part``, then renamed to ``target``.

    Raises
    ------
    Cancelled
        If ``on_progress`` returned False.
    RasterError
        If it cannot be read or written.
    """
    from osgeo import gdal

    what = f"Writing {target} failed"
    stopped = False

    def progress(fraction: float, _message: str, _data: object) -> int:
        nonlocal stopped
        stopped = stopped or not on_progress(fraction)
        return 0 if stopped else 1

    made = None
    with quiet_gdal() as messages:
        try:
            dataset = gdal.Open(str(source))
            if dataset is None:
                raise RasterError(what, (messages or [f"{source} cannot be opened"])[-1], "Is the disk full?")
            floating = gdal.GetDataTypeName(dataset.GetRasterBand(1).DataType).startswith("Float")
            options = layout.options(floating, resampling)
            made = gdal.GetDriverByName(layout.driver()).CreateCopy(str(part), dataset, 1, options, callback=progress)
            if made is not None:
                made.FlushCache()
        except RuntimeError as error:  # another plugin may have switched GDAL's exceptions on
            messages.append(_reason(error))
        failed = made is None
        made = dataset = None
    try:
        if stopped:
            raise Cancelled(f"Writing {target.name}")
        if failed:
            raise RasterError(what, (messages or ["GDAL gave no reason"])[-1], "Is the disk full?")
        # GDAL writes its last blocks when it closes, and tells nobody if the disk had no room for them.
        check_raster(part)
        part.replace(target)
    except RasterError as error:
        raise RasterError(what, error.why, "Is the disk full?") from error
    except OSError as error:
        raise RasterError(what, _reason(error), "Choose another name.") from error
    finally:
        part.unlink(missing_ok=True)  # renamed already where all went well


def encode(values: npt.NDArray[np.float32], dtype: str, nodata: float) -> npt.NDArray[Any]:
    """Physical float32 values (NaN = no data) → what is stored; integers are rounded."""
    missing = np.isnan(values)
    if np.issubdtype(np.dtype(dtype), np.floating):
        stored = values.astype(dtype)
    else:
        stored = np.rint(np.where(missing, 0, values)).astype(dtype)
    stored[missing] = nodata
    return stored


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return " ".join(text.split()) or type(error).__name__
