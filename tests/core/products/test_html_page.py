"""The report's page: complete in one file, nothing of the text taken for markup, read by the parser
of a browser's kind.
"""

from __future__ import annotations

import base64
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from firstlight.core.errors import RasterError
from firstlight.core.products.html_page import Figure, Page, Section, Table, write_page
from firstlight.core.products.pictures import (
    class_picture,
    picture_grid,
    scale_bar,
    stack_picture,
)
from firstlight.core.raster.picture import png_bytes
from support.rasters import write_raster

EVIL = '<script>alert("x")</script> & "quoted"'


class Reader(HTMLParser):
    """Tags, text and addresses of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.text = ""
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [str(value) for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(path: Path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    reader.close()
    assert reader.open == []
    return reader


def page(picture: np.ndarray) -> Page:
    figure = Figure(
        EVIL,
        picture,
        EVIL,
        (0.25, "5 km"),
        (("#a41fd6", EVIL), ("hatched", "Not observed")),
        wide=True,
    )
    table = Table(
        ("Class", "km²", "Taken"), ((EVIL, "1.25", "2024-06-01"), ("none", "–", "2024-07-01"))
    )
    return Page(
        EVIL, EVIL, ((EVIL, EVIL),), (Section(EVIL, (figure,), (EVIL,), table, (EVIL,)),), EVIL
    )


def test_text_stays_text_and_nothing_comes_from_elsewhere(tmp_path: Path) -> None:
    found = read(write_page(page(np.zeros((4, 6, 3), np.uint8)), tmp_path / "report.html"))
    assert "script" not in found.tags
    assert found.text.count(EVIL) == 13
    assert all(source.startswith("data:image/png;base64,") for source in found.sources)
    assert not list(tmp_path.glob("*.part"))


def test_the_picture_on_the_page_is_the_picture(tmp_path: Path) -> None:
    from osgeo import gdal

    picture = np.random.default_rng(1).integers(0, 255, (7, 9, 3)).astype(np.uint8)
    [source] = read(write_page(page(picture), tmp_path / "report.html")).sources
    (tmp_path / "p.png").write_bytes(base64.b64decode(source.partition(",")[2]))
    read_back = gdal.Open(str(tmp_path / "p.png")).ReadAsArray()
    assert np.array_equal(np.moveaxis(read_back, 0, 2), picture)
    assert png_bytes(picture) == (tmp_path / "p.png").read_bytes()


def test_only_columns_of_numbers_are_set_to_the_right(tmp_path: Path) -> None:
    text = write_page(page(np.zeros((4, 6, 3), np.uint8)), tmp_path / "report.html").read_text(
        encoding="utf-8"
    )
    assert '<th>Class</th><th class="n">km²</th><th>Taken</th>' in text


def test_a_page_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        RasterError, match=r"The report .* cannot be written: No such file or directory"
    ):
        write_page(page(np.zeros((4, 6, 3), np.uint8)), tmp_path / "nowhere" / "report.html")


def test_classes_are_drawn_where_they_lie_and_the_unseen_is_hatched(tmp_path: Path) -> None:
    codes = np.full((20, 30), 3, np.uint8)
    codes[:5] = 255
    codes[10:, 10:] = 7
    path = write_raster(tmp_path / "c.tif", codes, nodata=255)
    grid = picture_grid(path)
    assert grid.shape == (20, 30)
    under = np.full((20, 30, 3), 255, np.uint8)
    drawn = class_picture(path, {3: (0, 255, 0), 7: (164, 31, 214)}, (7,), under, grid)
    strong = np.rint(0.15 * 255 + 0.85 * np.array((164, 31, 214)))
    assert np.abs(drawn[10:, 10:].astype(int) - strong).max() <= 1
    assert (drawn[5:10, :, 1] == 255).all()  # white under a quarter of green
    assert (drawn[5:10, :, 0] < 255).all()
    hatched = {tuple(int(v) for v in colour) for colour in drawn[:5].reshape(-1, 3)}
    assert hatched == {(232, 232, 236), (150, 150, 155)}


def test_pictures_of_two_dates_have_the_same_stretch(tmp_path: Path) -> None:
    from firstlight.core.stack.band_stack import BandSource, create_band_stack
    from firstlight.core.types import Radiometry

    rule = Radiometry(0.0001, 0.0, 0.0, "reflectance")
    means = []
    for name, value in (("dark", 600), ("bright", 2400)):
        bands = {
            band: BandSource(
                write_raster(tmp_path / name / f"{band}.tif", np.full((9, 9), value, np.uint16)),
                radiometry=rule,
            )
            for band in ("blue", "green", "red")
        }
        create_band_stack(bands, tmp_path / name / "s.vrt")
        picture, what = stack_picture(
            tmp_path / name / "s.vrt", picture_grid(tmp_path / name / "s.vrt")
        )
        assert what == "red, green, blue"
        means.append(picture.mean())
    assert means == pytest.approx([1 + 254 * 0.2, 1 + 254 * 0.8], abs=1)


@pytest.mark.parametrize(
    ("width", "length", "text"),
    [(4000, 1000, "1 km"), (1234, 200, "200 m"), (250_000, 50_000, "50 km")],
)
def test_the_scale_bar_is_a_round_length(width: float, length: float, text: str) -> None:
    assert scale_bar(width) == (pytest.approx(length / width), text)


def test_a_picture_is_made_where_another_program_has_switched_gdal_s_exceptions_on() -> None:
    from osgeo import gdal

    before = gdal.GetUseExceptions()
    gdal.UseExceptions()
    try:
        assert png_bytes(np.zeros((4, 5, 3), np.uint8)).startswith(b"\x89PNG")
    finally:
        if not before:
            gdal.DontUseExceptions()
