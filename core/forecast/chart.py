"""Rain as bars, wind and gusts as lines, step by step: an SVG."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..files.xml_text import Element, SubElement, xml_bytes
from .series import Step

WIDTH, HEIGHT, LEFT, RIGHT, TOP, FOOT = 720, 320, 60, 60, 24, 52
RAIN, WIND, GUST = "#3182bd", "#636363", "#e6550d"


def chart(steps: Sequence[Step]) -> bytes:
    """The chart of a forecast: millimetres on the left, metres a second on the right."""
    words = {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {WIDTH} {HEIGHT}"}
    root = Element("svg", {**words, "font-family": "sans-serif", "font-size": "11"})
    SubElement(root, "title").text = "Precipitation, wind and gusts expected over the area"
    bottom, width = HEIGHT - FOOT, (WIDTH - LEFT - RIGHT) / max(len(steps), 1)
    rain = max((step.rain_most_mm or 0.0 for step in steps), default=0.0) or 1.0
    speeds = [v for step in steps for v in (step.gust_m_s, step.wind_most_m_s) if v is not None]
    fast = max(speeds, default=0.0) or 1.0
    for share in (0.0, 0.5, 1.0):
        y = bottom - (bottom - TOP) * share
        ends = {"x1": f"{LEFT}", "x2": f"{WIDTH - RIGHT}", "y1": f"{y:.1f}", "y2": f"{y:.1f}"}
        SubElement(root, "line", {**ends, "stroke": "#ddd"})
        _text(root, 4, y + 4, f"{rain * share:.3g} mm", RAIN)
        _text(root, WIDTH - RIGHT + 4, y + 4, f"{fast * share:.3g} m/s", WIND)
    for number, step in enumerate(steps):
        x = LEFT + number * width
        for value, opacity in ((step.rain_most_mm, "0.35"), (step.rain_mm, "1")):
            if value is not None:
                size = (bottom - TOP) * value / rain
                bar = {"x": f"{x + 1:.1f}", "y": f"{bottom - size:.1f}", "height": f"{size:.1f}"}
                bar |= {"width": f"{max(width - 2, 1):.1f}", "fill": RAIN, "opacity": opacity}
                SubElement(root, "rect", bar)
        if number % max(len(steps) // 12, 1) == 0:
            turned = f"rotate(30 {x:.1f} {bottom + 14})"
            words = {"x": f"{x:.1f}", "y": f"{bottom + 14}", "transform": turned}
            SubElement(root, "text", words).text = f"{step.end:%d %b %H:%M}"

    def line(value: Callable[[Step], float | None], color: str) -> None:
        points = [
            f"{LEFT + (number + 1) * width:.1f},{bottom - (bottom - TOP) * known / fast:.1f}"
            for number, step in enumerate(steps)
            if (known := value(step)) is not None
        ]
        if points:
            words = {"points": " ".join(points), "fill": "none", "stroke": color}
            SubElement(root, "polyline", {**words, "stroke-width": "1.5"})

    line(lambda step: step.wind_m_s, WIND)
    line(lambda step: step.gust_m_s, GUST)
    _text(root, LEFT, 14, "precipitation: mean of the area, pale: its wettest cell", RAIN)
    _text(root, LEFT + 330, 14, "wind", WIND)
    _text(root, LEFT + 370, 14, "gusts", GUST)
    return xml_bytes(root)


def _text(root: Element, x: float, y: float, text: str, color: str) -> None:
    words = {"x": f"{x:.1f}", "y": f"{y:.1f}", "fill": color}
    SubElement(root, "text", words).text = text
