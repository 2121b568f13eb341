"""Small pictures for the eye: an array to PNG, and a line of text in it without any font
library.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import RasterError
from ..files.atomic import WriteFailure, write_whole
from ..gdal.errors import checked, gdal_errors

Picture = npt.NDArray[np.uint8]

GLYPHS = (
    "A25755 B65656 C34443 D65556 E74647 F74644 G34553 H55755 I72227 J11152 K55655 L44447 M57755 "
    "N65555 O25552 P65644 Q25563 "
    "R65655 S34216 T72222 U55557 V55552 W55775 X55255 Y55222 Z71247 075557 126227 261247 361216 "
    "455711 574616 634757 771222 "
    "875757 975716 .00002 ,00024 :02020 -00700 _00007 /11244 %51245 (12221 )42224 =07070 '22000"
)
"""Each character and its five rows of three pixels, one octal digit a row."""
_ROWS = {word[0]: [int(digit) for digit in word[1:]] for word in GLYPHS.split()}
_UNKNOWN = [7, 5, 5, 5, 7]
SCALE = 2
LINE_HEIGHT = 7 * SCALE
ADVANCE = 4 * SCALE


def draw_text(text: str, width: int) -> npt.NDArray[np.bool_]:
    """Text as a mask, (rows, ``width``), capitals only; what does not fit on a line goes to the
    next.
    """
    per_line = max(1, (width - SCALE) // ADVANCE)
    lines = [text.upper()[start : start + per_line] for start in range(0, len(text), per_line)] or [
        ""
    ]
    mask = np.zeros((LINE_HEIGHT * len(lines) + SCALE, width), bool)
    for number, line in enumerate(lines):
        for place, letter in enumerate(line):
            rows = [0] * 5 if letter == " " else _ROWS.get(letter, _UNKNOWN)
            glyph = np.array([[row >> bit & 1 for bit in (2, 1, 0)] for row in rows], bool)
            glyph = glyph.repeat(SCALE, 0).repeat(SCALE, 1)
            top, left = SCALE + number * LINE_HEIGHT, SCALE + place * ADVANCE
            mask[top : top + glyph.shape[0], left : left + glyph.shape[1]] = glyph[
                :, : width - left
            ]
    return mask


def stretch(values: npt.NDArray[Any], span: tuple[float, float] | None = None) -> Picture:
    """Physical values → 1..255 between ``span``, or their own 2nd and 98th percentile; no data is
    0.
    """
    seen = np.isfinite(values)
    if not seen.any():
        return np.zeros(values.shape, np.uint8)
    low, high = np.percentile(values[seen], (2, 98)) if span is None else span
    scaled = (np.where(seen, values, low) - low) / (high - low if high > low else 1.0)
    shown: Picture = (1 + 254 * np.clip(scaled, 0, 1)).astype(np.uint8)
    shown[~seen] = 0
    return shown


def png_bytes(picture: Picture) -> bytes:
    """A picture as PNG.

    Parameters
    ----------
    picture : ndarray of uint8, (rows, cols, 3)

    Raises
    ------
    RasterError
        If GDAL cannot make it.
    """
    return _encoded(picture, "PNG", ())


def jpeg_bytes(picture: Picture, quality: int) -> bytes:
    """A picture as JPEG, a fifth of a PNG's size where it is a photograph; see :func:`png_bytes`.

    Parameters
    ----------
    quality : int
        1..100.
    """
    return _encoded(picture, "JPEG", (f"QUALITY={quality}",))


def _encoded(picture: Picture, driver: str, options: Sequence[str]) -> bytes:
    from osgeo import gdal

    name = f"/vsimem/{uuid.uuid4().hex}"

    def failure(why: str) -> RasterError:
        return RasterError("A picture cannot be made", why)

    with gdal_errors(failure, first=True):
        try:
            rows, cols, _ = picture.shape
            memory = gdal.GetDriverByName("MEM").Create("", cols, rows, 3, gdal.GDT_Byte)
            for number in range(3):
                memory.GetRasterBand(number + 1).WriteArray(
                    np.ascontiguousarray(picture[:, :, number])
                )
            made = checked(gdal.GetDriverByName(driver))
            written = checked(made.CreateCopy(name, memory, options=list(options)))
            del written  # closes it
            return checked(_vsimem_bytes(name) or None)
        finally:
            for path in (name, f"{name}.aux.xml"):
                # removing what is not there is an error where exceptions are on
                if gdal.VSIStatL(path) is not None:
                    gdal.Unlink(path)


def _vsimem_bytes(name: str) -> bytes:
    from osgeo import gdal

    size = gdal.VSIStatL(name).size
    file = gdal.VSIFOpenL(name, "rb")
    try:
        return bytes(gdal.VSIFReadL(1, size, file))
    finally:
        gdal.VSIFCloseL(file)


def write_png(path: Path, picture: Picture) -> None:
    """Write a picture, whole or not at all.

    Parameters
    ----------
    picture : ndarray of uint8, (rows, cols, 3)

    Raises
    ------
    RasterError
        If it cannot be written.
    """
    what = f"The picture {path} cannot be written"
    try:
        data = png_bytes(picture)
    except RasterError as error:
        raise RasterError(what, error.why, "Choose another folder.") from error
    write_whole(path, data, WriteFailure(what), make_folder=True)
