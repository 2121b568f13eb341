"""A page that can be mailed and printed: one HTML file, pictures inside, no script, nothing from
elsewhere.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape as escape_html
from pathlib import Path

from ..files.atomic import WriteFailure, write_whole
from ..raster.picture import Picture, jpeg_bytes
from ..text import shown
from .map_frame import MapFrame

QUALITY = 82
"""Of the pictures, of 100: a page with seven of them can be mailed."""


@dataclass(frozen=True)
class Figure:
    """A picture with what belongs under it."""

    title: str
    picture: Picture
    caption: str
    bar: tuple[float, str] | None = None
    """Scale bar: share of the width, and its length as text."""
    legend: tuple[tuple[str, str], ...] = ()
    """Colour (``#rrggbb``; ``hatched`` for what was not observed) and name."""
    wide: bool = False
    """Over the whole width; others stand side by side."""
    frame: MapFrame = MapFrame()
    """Coordinates on two edges, and an arrow to the north."""


@dataclass(frozen=True)
class Table:
    """Rows with a head; numbers as text."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Bar:
    """One bar of a chart."""

    name: str
    color: tuple[int, int, int]
    value: float
    text: str
    hatched: bool = False
    """For what was not observed."""


@dataclass(frozen=True)
class Section:
    """A part of the page with its title; figures, then bars, a chart, text, a table, a list."""

    title: str
    figures: tuple[Figure, ...] = ()
    paragraphs: tuple[str, ...] = ()
    table: Table | None = None
    items: tuple[str, ...] = ()
    bars: tuple[Bar, ...] = ()
    drawing: bytes = b""
    """A chart as SVG; shown as a picture, so that nothing of it is run."""


@dataclass(frozen=True)
class Page:
    """The whole page."""

    title: str
    subtitle: str
    headline: str
    """The one number to quote."""
    notes: tuple[str, ...]
    """What belongs to it, each on a line below."""
    doubts: tuple[str, ...]
    """To be known before the number is believed: they stand in a box, in orange."""
    sections: tuple[Section, ...]
    footer: str


def escape(text: str) -> str:
    """Text as HTML shows it; what would be obeyed rather than shown is spelled out."""
    return escape_html(shown(text))


STYLE_SHEET = Path(__file__).resolve().parents[2] / "resources" / "report" / "page.css"


Say = Callable[[str], str]
"""Makes HTML of a sentence, in the reader's language."""


def write_page(
    page: Page, path: Path, language: str = "en", translate: Callable[[str], str] = str
) -> Path:
    """Write the page, whole or not at all.

    Parameters
    ----------
    language : str
        That of ``translate``, as HTML names it.
    translate : callable
        Puts each text of the page into it.

    Raises
    ------
    RasterError
        If a picture cannot be made, or the file not be written.
    """
    html = _page(page, language, lambda text: escape(translate(text)))
    write_whole(path, html, WriteFailure(f"The report {path} cannot be written"))
    return path


def _page(page: Page, language: str, say: Say) -> str:
    notes = "".join(f"<p>{say(text)}</p>" for text in page.notes)
    doubts = "".join(f"<li>{say(text)}</li>" for text in page.doubts)
    box = f'<ul class="doubts">{doubts}</ul>\n' if doubts else ""
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, '
        f'initial-scale=1"><title>{say(page.title)}</title>'
        f"<style>{STYLE_SHEET.read_text(encoding='utf-8')}</style></head><body>\n<h1>{say(page.title)}</h1>\n"
        f'<p class="sub">{say(page.subtitle)}</p>\n'
        f'<div class="headline"><b>{say(page.headline)}</b>{notes}</div>\n{box}'
        + "".join(_section(section, say) for section in page.sections)
        + f"<footer>{say(page.footer)}</footer>\n</body></html>\n"
    )


def _section(section: Section, say: Say) -> str:
    parts = [f"<h2>{say(section.title)}</h2>\n"]
    if section.figures:
        parts.append(
            '<div class="figures">'
            f"{''.join(_figure(figure, section.title, say) for figure in section.figures)}</div>\n"
        )
    if section.bars:
        parts.append(_chart(section.bars, say))
    if section.drawing:
        data = base64.b64encode(section.drawing).decode()
        parts.append(
            f'<img class="drawing" src="data:image/svg+xml;base64,{data}" '
            f'alt="{say(section.title)}">\n'
        )
    parts += [f"<p>{say(text)}</p>\n" for text in section.paragraphs]
    if section.table:
        parts.append(_table(section.table, say))
    if section.items:
        parts.append(f"<ul>{''.join(f'<li>{say(text)}</li>' for text in section.items)}</ul>\n")
    return "".join(parts)


def _chart(bars: Sequence[Bar], say: Say) -> str:
    """Lines of name, bar and number; the longest takes the whole width."""
    most = max((bar.value for bar in bars), default=0.0) or 1.0
    lines = "".join(
        f"<tr><td>{say(bar.name)}</td><td>"
        f'<i{_fill(bar)}width:{100 * bar.value / most:.2f}%"></i></td>'
        f'<td class="n">{say(bar.text)}</td></tr>'
        for bar in bars
    )
    return f'<table class="chart"><tbody>{lines}</tbody></table>\n'


def _fill(bar: Bar) -> str:
    if bar.hatched:
        return ' class="hatched" style="'
    return ' style="background:#{:02x}{:02x}{:02x};'.format(*bar.color)


def _edges(frame: MapFrame) -> str:
    bottom = "".join(
        f'<u class="x" style="left:{100 * tick.share:.2f}%">{escape(tick.text)}</u>'
        for tick in frame.bottom
    )
    left = "".join(
        f'<u class="y" style="top:{100 * tick.share:.2f}%">{escape(tick.text)}</u>'
        for tick in frame.left
    )
    if frame.north_deg is None:
        return bottom + left
    turn = f'style="transform:rotate({frame.north_deg:.1f}deg)"'
    return f'{bottom}{left}<div class="north" {turn}>▲<br>N</div>'


def _figure(figure: Figure, above: str, say: Say) -> str:
    """A figure; it has no title of its own where that of its section is the same."""
    data = base64.b64encode(jpeg_bytes(figure.picture, QUALITY)).decode()
    legend = "".join(
        f'<span><i class="hatched"></i>{say(name)}</span>'
        if color == "hatched"
        else f'<span><i style="background:{escape(color)}"></i>{say(name)}</span>'
        for color, name in figure.legend
    )
    bar = ""
    if figure.bar is not None:
        share, text = figure.bar
        bar = f'<div class="bar" style="width:{100 * share:.2f}%">{escape(text)}</div>'
    heading = f"<h3>{say(figure.title)}</h3>" if figure.title != above else ""
    edges = _edges(figure.frame)
    framed = " framed" if figure.frame.bottom else ""
    opened = '<figure class="wide">' if figure.wide else "<figure>"
    return (
        f"{opened}{heading}"
        f'<div class="map{framed}"><img src="data:image/jpeg;base64,{data}" '
        f'alt="{say(figure.title)}">{bar}{edges}</div>'
        + (f'<div class="legend">{legend}</div>' if legend else "")
        + f"<figcaption>{say(figure.caption)}</figcaption></figure>"
    )


def _table(table: Table, say: Say) -> str:
    numeric = [
        all(_is_number(row[column]) for row in table.rows) for column in range(len(table.head))
    ]

    def cell(kind: str, text: str, column: int) -> str:
        mark = ' class="n"' if numeric[column] else ""
        return f"<{kind}{mark}>{say(text)}</{kind}>"

    def line(kind: str, cells: Sequence[str]) -> str:
        return f"<tr>{''.join(cell(kind, text, column) for column, text in enumerate(cells))}</tr>"

    rows = "".join(line("td", row) for row in table.rows)
    return f"<table><thead>{line('th', table.head)}</thead><tbody>{rows}</tbody></table>\n"


def _is_number(text: str) -> bool:
    return text == "–" or text.removesuffix("%").strip().replace(".", "", 1).isdigit()
