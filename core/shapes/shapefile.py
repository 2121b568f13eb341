"""Layers as a zip of Shapefiles, for programs that read nothing else."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import Cancelled, FirstLightError, RasterError
from ..files.atomic import WriteFailure, is_full, whole_file
from ..gdal.errors import FAILURES, checked_code, gdal_errors
from .geopackage import VectorLayer, write_layers

MOST_NAME, MOST_TEXT = 10, 254
"""Characters of a field's name, and bytes of a text (ESRI Shapefile Technical Description 1998;
dBASE).
"""


def write_shapefiles(
    path: Path, crs: str, layers: Sequence[VectorLayer], stop: Callable[[], bool] = lambda: False
) -> None:
    """Write layers into a new zip: a Shapefile for each, a ``.dbf`` for each table.

    Texts longer than 254 bytes in UTF-8 are cut and end in ``…``.

    Parameters
    ----------
    path : Path
        Its folder must exist.
    crs : str
        ``EPSG:n`` or WKT.
    stop : callable
        Asked before each feature.

    Raises
    ------
    RasterError
        If it cannot be written.
    Cancelled
        If ``stop``; an older file stays as it was.
    """
    failure = WriteFailure(f"Writing {path} failed")

    def failed(why: str) -> RasterError:
        return RasterError(failure.what, why, "Is there room on the disk?")

    files = path.with_name(f"{path.name}.files.part")
    with failure.named(path), _scratch_folder(files, failure.full(path)):
        with gdal_errors(failed, least=FAILURES, first=True) as messages:
            write_layers("ESRI Shapefile", files, crs, [_fitting(one) for one in layers], stop)
            checked_code(len(messages))
        with (
            whole_file(path, failure) as part,
            zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for file in sorted(files.iterdir()):
                if stop():
                    raise Cancelled(f"Writing {path.name}")
                archive.write(file, file.name)


@contextmanager
def _scratch_folder(folder: Path, full: FirstLightError) -> Iterator[None]:
    """A folder that is gone when the block ends; one that a killed run has left goes first. Where
    the block fails and the disk has no room left, that is what is said.
    """
    _remove(folder)
    folder.mkdir()
    try:
        yield
    except RasterError as error:
        if is_full(folder.parent):
            raise full from error
        raise
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    shutil.rmtree(folder, ignore_errors=True)


def _fitting(layer: VectorLayer) -> VectorLayer:
    long = [name for name in layer.fields if len(name) > MOST_NAME]
    if long:
        raise ValueError(f"{long[0]} is too long for a Shapefile")
    rows = [(outline, _cut_texts(values)) for outline, values in layer.rows]
    return replace(layer, rows=rows)


def _cut_texts(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _cut(value) if isinstance(value, str) else value for name, value in values.items()
    }


def _cut(text: str) -> str:
    data = text.encode()
    if len(data) <= MOST_TEXT:
        return text
    return data[: MOST_TEXT - len("…".encode())].decode(errors="ignore") + "…"
