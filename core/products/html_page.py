"""A page that can be mailed and printed: one HTML file, pictures inside, no script, nothing from
elsewhere.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape as escape_html
from pathlib import Path

from ..files.atomic import WriteFailure, write_whole
from ..raster.picture import Picture, png_bytes
from ..text import shown


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


@dataclass(frozen=True)
class Table:
    """Rows with a head; numbers as text."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """A part of the page with its title; figures, then text, then a table, then a list."""

    title: str
    figures: tuple[Figure, ...] = ()
    paragraphs: tuple[str, ...] = ()
    table: Table | None = None
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """The whole page."""

    title: str
    subtitle: str
    keys: tuple[tuple[str, str], ...]
    """Figures to be seen first: number, and what it counts."""
    sections: tuple[Section, ...]
    footer: str


def escape(text: str) -> str:
    """Text as HTML shows it; what would be obeyed rather than shown is spelled out."""
    return escape_html(shown(text))


STYLE_SHEET = Path(__file__).resolve().parents[2] / "resources" / "report" / "page.css"


def write_page(page: Page, path: Path) -> Path:
    """Write the page, whole or not at all.

    Raises
    ------
    RasterError
        If a picture cannot be made, or the file not be written.
    """
    write_whole(path, _page(page), WriteFailure(f"The report {path} cannot be written"))
    return path


def _page(page: Page) -> str:
    keys = "".join(
        f'<div class="key"><b>{escape(value)}</b><span>{escape(name)}</span></div>'
        for value, name in page.keys
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, '
        f'initial-scale=1"><title>{escape(page.title)}</title>'
        f"<style>{STYLE_SHEET.read_text(encoding='utf-8')}</style></head><body>\n<h1>{escape(page.title)}</h1>\n"
        f'<p class="sub">{escape(page.subtitle)}</p>\n<div class="keys">{keys}</div>\n'
        + "".join(_section(section) for section in page.sections)
        + f"<footer>{escape(page.footer)}</footer>\n</body></html>\n"
    )


def _section(section: Section) -> str:
    parts = [f"<h2>{escape(section.title)}</h2>\n"]
    if section.figures:
        parts.append(
            f'<div class="figures">{"".join(_figure(figure) for figure in section.figures)}</div>\n'
        )
    parts += [f"<p>{escape(text)}</p>\n" for text in section.paragraphs]
    if section.table:
        parts.append(_table(section.table))
    if section.items:
        parts.append(f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in section.items)}</ul>\n")
    return "".join(parts)


def _figure(figure: Figure) -> str:
    data = base64.b64encode(png_bytes(figure.picture)).decode()
    legend = "".join(
        f'<span><i class="hatched"></i>{escape(name)}</span>'
        if color == "hatched"
        else f'<span><i style="background:{escape(color)}"></i>{escape(name)}</span>'
        for color, name in figure.legend
    )
    bar = ""
    if figure.bar is not None:
        share, text = figure.bar
        bar = f'<div class="bar" style="width:{100 * share:.2f}%">{escape(text)}</div>'
    opened = '<figure class="wide">' if figure.wide else "<figure>"
    return (
        f"{opened}<h3>{escape(figure.title)}</h3>"
        f'<div class="map"><img src="data:image/png;base64,{data}" '
        f'alt="{escape(figure.title)}">{bar}</div>'
        + (f'<div class="legend">{legend}</div>' if legend else "")
        + f"<figcaption>{escape(figure.caption)}</figcaption></figure>"
    )


def _table(table: Table) -> str:
    numeric = [
        all(_is_number(row[column]) for row in table.rows) for column in range(len(table.head))
    ]

    def cell(kind: str, text: str, column: int) -> str:
        mark = ' class="n"' if numeric[column] else ""
        return f"<{kind}{mark}>{escape(text)}</{kind}>"

    def line(kind: str, cells: Sequence[str]) -> str:
        return f"<tr>{''.join(cell(kind, text, column) for column, text in enumerate(cells))}</tr>"

    rows = "".join(line("td", row) for row in table.rows)
    return f"<table><thead>{line('th', table.head)}</thead><tbody>{rows}</tbody></table>\n"


def _is_number(text: str) -> bool:
    return text == "–" or text.removesuffix("%").strip().replace(".", "", 1).isdigit()
