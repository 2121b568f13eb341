"""Draws docs/images/rooms.svg: the folders of the product, their sizes and who imports whom.

``python scripts/draw_rooms.py``. A test holds the picture's rooms and arrows to the sources; sizes
may grow old between two drawings.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "rooms.svg"
VOCABULARY = "vocabulary"
"""The modules of core's root but ``cli``: every room may use them, so no arrow is drawn."""
STORIES = {
    "gdal": "the seam to GDAL",
    "raster": "reads pixels",
    "files": "sums, locks, journals",
    "addresses": "where files may lie",
    "accounts": "the user's logins",
    "cog": "writes layers",
    "shapes": "areas, outlines",
    "identity": "what a file is",
    "discovery": "finds scenes",
    "intent": "reads a sentence",
    "forecast": "rain and wind to come",
    "stac": "asks catalogues",
    "offers": "compares catalogues",
    "algorithms": "what is computed",
    "confidence": "how sure a map is",
    "execution": "who computes tiles",
    "stack": "bands on one grid",
    "products": "items, pages",
    "exposure": "what is hit",
    "download": "fetches bands",
    "sharing": "what jobs share",
    "mosaic": "many scenes",
    "validation": "is it sound",
    "scenes": "one scene, whole",
    "terrain": "heights, slope",
    "maps": "the disaster maps",
    "comparison": "a map held against others",
    "series": "an event through all its passes",
    "recipes": "what maps are made of",
    "operations": "what FirstLight can do",
    "language": "what is said, elsewhere",
    "doors": "what the doors show",
    "api": "five functions",
    "sample": "an event to try",
    "installation": "what is there to run on",
    "cli": "the flight command",
    "plugin": "QGIS: tasks, layers",
    "processing": "the toolbox",
    "jobs": "what runs and ran",
    "ui": "the dock",
}
WIDTH, ROW, HEIGHT, GAP, MARGIN = 1000, 96, 46, 46, 20
LEAST, PER_LINE = 126, 0.055
"""Pixels of the narrowest box, and of each line of code."""


@dataclass
class Room:
    """A folder: its lines of code and the rooms that it imports."""

    name: str
    lines: int = 0
    imports: set[str] = field(default_factory=set)


def room_of(module: tuple[str, ...], root: Path) -> str:
    """The room of a module, given by its dotted parts."""
    if module[0] == "core":
        folder = len(module) > 1 and (root / "core" / module[1]).is_dir()
        return module[1] if folder else "cli" if module[1:] == ("cli",) else VOCABULARY
    if module[0] == "ui":
        return "ui"
    inner = root.joinpath(*module[:2])
    return module[1] if len(module) > 1 and inner.is_dir() else module[0]


def imported(path: Path, root: Path) -> Iterator[tuple[str, ...]]:
    """The product's modules that a file imports, also inside functions."""
    package = path.relative_to(root).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = package[: len(package) - node.level + 1]
        base += tuple((node.module or "").split(".")) if node.module else ()
        for alias in node.names:
            module = (*base, alias.name)
            whole = root.joinpath(*module)
            yield module if whole.is_dir() or whole.with_suffix(".py").is_file() else base


def read_rooms(root: Path = ROOT) -> dict[str, Room]:
    """All rooms of the product, by name."""
    rooms: dict[str, Room] = {}
    for folder in ("core", "plugin", "ui"):
        for path in sorted((root / folder).rglob("*.py")):
            name = room_of(path.relative_to(root).with_suffix("").parts, root)
            room = rooms.setdefault(name, Room(name))
            room.lines += len(path.read_text(encoding="utf-8").splitlines())
            room.imports |= {room_of(module, root) for module in imported(path, root) if module}
    for room in rooms.values():
        room.imports -= {room.name}
    return rooms


def arrows(rooms: dict[str, Room]) -> set[tuple[str, str]]:
    """Pairs (importing, imported) that are drawn."""
    pairs = {(room.name, target) for room in rooms.values() for target in room.imports}
    return {pair for pair in pairs if VOCABULARY not in pair}


def levels(pairs: set[tuple[str, str]]) -> dict[str, int]:
    """Height of each room: one more than the highest that it imports.

    The plugin makes its own Processing provider, the list of jobs and the dock, which import it in
    turn; those arrows down from it are no reason to stand higher.
    """
    made = {("plugin", room) for room in ("processing", "jobs", "ui")}
    down = pairs - made
    heights = dict.fromkeys({name for pair in pairs for name in pair}, 0)
    for _ in heights:
        for a, b in sorted(down):
            heights[a] = max(heights[a], heights[b] + 1)
    return heights


def shortest(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The pairs that no way over a third room replaces."""
    reach: dict[str, set[str]] = {}
    for name, _ in sorted(levels(pairs).items(), key=lambda item: item[1]):
        targets = {b for a, b in pairs if a == name}
        reach[name] = targets.union(*(reach.get(b, set()) for b in targets))
    return {
        (a, b)
        for a, b in pairs
        if not any(b in reach[c] for x, c in pairs if x == a and c not in (a, b))
    }


def place(rooms: dict[str, Room], heights: dict[str, int]) -> dict[str, tuple[float, float, float]]:
    """Left edge, top edge and width of each box; in a row they stand over what they import."""
    boxes: dict[str, tuple[float, float, float]] = {}
    top = max(heights.values())
    for level in range(top + 1):
        row = sorted(name for name, height in heights.items() if height == level)
        row.sort(key=lambda name: _middle(rooms[name].imports, boxes))
        widths = [max(LEAST, PER_LINE * rooms[name].lines) for name in row]
        x = (WIDTH - sum(widths) - GAP * (len(row) - 1)) / 2
        for name, width in zip(row, widths):
            boxes[name] = (x, MARGIN + ROW * (top - level), width)
            x += width + GAP
    return boxes


def _middle(names: set[str], boxes: dict[str, tuple[float, float, float]]) -> float:
    """Mean place of the boxes that stand already, left to right."""
    places = [boxes[name][0] + boxes[name][2] / 2 for name in sorted(names) if name in boxes]
    return sum(places) / len(places) if places else 0.0


def draw(rooms: dict[str, Room]) -> str:
    """The picture as SVG."""
    pairs = arrows(rooms)
    boxes = place(rooms, levels(pairs))
    bold = shortest(pairs)
    bottom = max(y for _, y, _ in boxes.values()) + HEIGHT
    height = bottom + 100
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
        'font-family="sans-serif" text-anchor="middle">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#37618e"/></marker></defs>',
    ]
    drawn = sorted(pairs, key=lambda pair: (pair in bold, pair))
    parts += [_arrow(pair, boxes, pair in bold) for pair in drawn]
    parts += [_box(rooms[name], *boxes[name]) for name in sorted(boxes)]
    words = rooms[VOCABULARY]
    parts.append(_box(words, MARGIN, bottom + 30, WIDTH - 2 * MARGIN))
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _arrow(pair: tuple[str, str], boxes: dict[str, tuple[float, float, float]], bold: bool) -> str:
    (x1, y1, w1), (x2, y2, w2) = boxes[pair[0]], boxes[pair[1]]
    start, end = x1 + w1 / 2, x2 + w2 / 2
    start += max(-w1 / 3, min(w1 / 3, (end - start) / 4))
    end += max(-w2 / 3, min(w2 / 3, (start - end) / 4))
    upwards = y2 < y1
    begin, stop = (y1, y2 + HEIGHT) if upwards else (y1 + HEIGHT, y2)
    middle = (begin + stop) / 2
    style = 'stroke="#37618e" stroke-width="1.4"' if bold else 'stroke="#c3cfdc" stroke-width="1"'
    return (
        f'<path data-from="{pair[0]}" data-to="{pair[1]}" d="M{start:.0f} {begin:.0f}C{start:.0f} '
        f'{middle:.0f} {end:.0f} {middle:.0f} {end:.0f} {stop:.0f}" fill="none" {style}'
        f"{' marker-end=' + chr(34) + 'url(#tip)' + chr(34) if bold else ''}/>"
    )


def _box(room: Room, x: float, y: float, width: float) -> str:
    colour = dict.fromkeys(("plugin", "processing", "jobs", "ui"), "#fdf1dc").get(
        room.name, "#eef1f4" if room.name == VOCABULARY else "#e3eefa"
    )
    story = STORIES.get(room.name, "types, errors, settings, monitor, operation, params …")
    middle = x + width / 2
    return (
        f'<g id="{room.name}"><rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{HEIGHT}" '
        f'rx="5" fill="{colour}" stroke="#37618e"/>'
        f'<text x="{middle:.0f}" y="{y + 19:.0f}" font-size="14" font-weight="bold">'
        f'{room.name} <tspan font-size="10" font-weight="normal">{room.lines}</tspan></text>'
        f'<text x="{middle:.0f}" y="{y + 36:.0f}" font-size="10.5">{escape(story)}</text></g>'
    )


if __name__ == "__main__":
    PICTURE.write_text(draw(read_rooms()), encoding="utf-8")
    print(f"Wrote {PICTURE}")
