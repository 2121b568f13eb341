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
from firstlight.core.products.html_page import Bar, Figure, Page, Section, Table, write_page
from firstlight.core.products.map_frame import MapFrame, Tick, degrees, map_frame
from firstlight.core.products.pictures import (
    class_picture,
    picture_grid,
    scale_bar,
    stack_pictures,
)
from firstlight.core.raster.picture import png_bytes
from firstlight.core.raster.view import view_grid
from firstlight.core.types import Grid
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
        f"{EVIL} figure",
        picture,
        EVIL,
        (0.25, "5 km"),
        (("#a41fd6", EVIL), ("hatched", "Not observed")),
        wide=True,
        frame=MapFrame((Tick(0.5, EVIL),), (Tick(0.5, EVIL),), 2.0),
    )
    table = Table(
        ("Class", "km²", "Taken"), ((EVIL, "1.25", "2024-06-01"), ("none", "–", "2024-07-01"))
    )
    bars = (Bar(EVIL, (164, 31, 214), 3.0, EVIL), Bar("unseen", (0, 0, 0), 1.5, "1.5", True))
    section = Section(EVIL, (figure,), (EVIL,), table, (EVIL,), bars)
    return Page(EVIL, EVIL, EVIL, (EVIL,), (EVIL,), (section,), EVIL)


def test_text_stays_text_and_nothing_comes_from_elsewhere(tmp_path: Path) -> None:
    found = read(write_page(page(np.zeros((4, 6, 3), np.uint8)), tmp_path / "report.html"))
    assert "script" not in found.tags
    assert found.text.count(EVIL) == 18
    assert all(source.startswith("data:image/jpeg;base64,") for source in found.sources)
    assert not list(tmp_path.glob("*.part"))


def test_the_picture_on_the_page_is_the_picture(tmp_path: Path) -> None:
    from osgeo import gdal

    picture = np.full((48, 64, 3), 220, np.uint8)
    picture[:24, :32] = (164, 31, 214)
    [source] = read(write_page(page(picture), tmp_path / "report.html")).sources
    (tmp_path / "p.jpg").write_bytes(base64.b64decode(source.partition(",")[2]))
    read_back = np.moveaxis(gdal.Open(str(tmp_path / "p.jpg")).ReadAsArray(), 0, 2)
    assert np.abs(read_back[4:20, 4:28].astype(int) - (164, 31, 214)).max() < 12
    assert np.abs(read_back[28:, 36:].astype(int) - 220).max() < 12


def test_the_longest_bar_takes_the_whole_width_and_the_unseen_is_hatched(tmp_path: Path) -> None:
    path = write_page(page(np.zeros((4, 6, 3), np.uint8)), tmp_path / "report.html")
    text = path.read_text(encoding="utf-8")
    assert '<i style="background:#a41fd6;width:100.00%"></i>' in text
    assert '<i class="hatched" style="width:50.00%"></i>' in text


def test_a_figure_has_no_title_of_its_own_where_the_section_has_the_same(tmp_path: Path) -> None:
    figure = Figure("Flood", np.zeros((4, 6, 3), np.uint8), "")
    made = Page("t", "s", "h", (), (), (Section("Flood", (figure,)),), "f")
    text = write_page(made, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<h2>Flood</h2>" in text
    assert "<h3>" not in text
    assert "doubts" not in text.partition("</style>")[2], "no empty box"


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
    assert np.abs(drawn[11:, 11:].astype(int) - strong).max() <= 1
    assert (drawn[11:-1, 10] == (120, 0, 20)).all(), "a line around what the map is about"
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
        grid = picture_grid(tmp_path / name / "s.vrt")
        [picture, smaller], what = stack_pictures(
            tmp_path / name / "s.vrt", [grid, view_grid(grid, 4)]
        )
        assert smaller.shape == (4, 4, 3)
        assert smaller.mean() == pytest.approx(picture.mean(), abs=1)
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


UTM = Grid("EPSG:32632", (10.0, 0.0, 600000.0, 0.0, -10.0, 5200000.0), (400, 300))


def test_coordinates_stand_where_they_are_on_the_edges() -> None:
    from firstlight.core.gdal.projection import project_points

    frame = map_frame(UTM)
    assert 2 <= len(frame.bottom) <= 8
    assert 2 <= len(frame.left) <= 8
    for tick in frame.bottom:
        lon, _ = project_points(UTM.crs, "EPSG:4326", [600000 + 3000 * tick.share], [5196000])
        assert f"{lon[0]:.3f}".startswith(tick.text.partition("°")[0].rstrip("0"))
        assert tick.text.endswith("° E")
    for tick in frame.left:
        _, lat = project_points(UTM.crs, "EPSG:4326", [600000], [5200000 - 4000 * tick.share])
        assert float(tick.text.partition("°")[0]) == pytest.approx(lat[0], abs=1e-4)
    assert [tick.share for tick in frame.left] == sorted(
        (tick.share for tick in frame.left), reverse=True
    ), "latitudes grow upwards"


def test_the_arrow_points_to_true_north() -> None:
    """East of a zone's middle, in the north, meridians lean to the left."""
    assert map_frame(UTM).north_deg == pytest.approx(-0.97, abs=0.1)
    middle = Grid("EPSG:32632", (10.0, 0.0, 499000.0, 0.0, -10.0, 5200000.0), (200, 200))
    assert map_frame(middle).north_deg == pytest.approx(0, abs=0.02)
    south = Grid("EPSG:32732", (10.0, 0.0, 600000.0, 0.0, -10.0, 5200000.0), (400, 300))
    assert (map_frame(south).north_deg or 0) > 0.5


def test_west_and_south_have_their_letters_and_the_date_line_is_crossed() -> None:
    assert degrees(-27.34181, "E", "W") == "27.3418° W"
    assert degrees(41.9646, "N", "S") == "41.9646° N"
    across = Grid("EPSG:4326", (0.01, 0.0, 179.0, 0.0, -0.01, -16.0), (100, 200))
    texts = [tick.text for tick in map_frame(across).bottom]
    assert texts[0] == "179.0° E"
    assert texts[-1] in ("179.0° W", "179.5° W")
    assert all(tick.text.endswith("S") for tick in map_frame(across).left)


def test_a_raster_without_a_place_has_no_frame() -> None:
    assert map_frame(Grid("", (1.0, 0.0, 0.0, 0.0, -1.0, 0.0), (10, 10))) == MapFrame()
