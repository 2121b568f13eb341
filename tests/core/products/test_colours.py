"""Classes and levels of results are told apart by people who see fewer colours.

Dichromats are simulated as in Machado, Oliveira & Fernandes 2009 (doi:10.1109/TVCG.2009.113), with
the matrices of a severity of 1, in linear RGB. Colours differ by CIEDE2000 (Sharma, Wu & Dalal
2005, doi:10.1002/col.20070). Of areas on a map, also of ones that do not touch, 10 is what
Brychtová & Çöltekin 2016 recommend (doi:10.1080/15230406.2016.1140074).
"""

from __future__ import annotations

import importlib
import itertools
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import pytest

import firstlight.core
from firstlight.core.algorithms.burn import CBI_SEVERITY, SEVERITY
from firstlight.core.algorithms.kernel import NOT_OBSERVED_COLOR
from firstlight.core.algorithms.stage import stage_layer
from firstlight.core.types import MapClass

LEAST_DIFFERENCE = 10.0
STYLES = Path(firstlight.core.__file__).parent.parent / "resources" / "styles"
RAMPS = ("agreement", "confidence", "dnbr", "likelihood", "mirbi", "rbr", "rdnbr")
"""Of which every level tells something else of the event; where a level was, not how high."""
VISIONS: dict[str, npt.NDArray[np.float64]] = {
    "all colours": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
"""Of linear sRGB (IEC 61966-2-1), by its white, D65."""
WHITE = np.array([0.95047, 1.0, 1.08883])
Color = tuple[int, int, int]


def lab(color: Color, vision: str) -> tuple[float, float, float]:
    """CIELAB of a colour as somebody sees it."""
    coded = np.array(color) / 255
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    seen = np.clip(VISIONS[vision] @ linear, 0, 1)
    part = XYZ @ seen / WHITE
    x, y, z = np.where(part > (6 / 29) ** 3, np.cbrt(part), part * (29 / 6) ** 2 / 3 + 4 / 29)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def ciede2000(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    """Difference of two colours in CIELAB."""
    light, a, b = np.array([one, other], np.float64).T
    chroma = np.hypot(a, b).mean()
    a = a * (1.5 - 0.5 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7)))
    c = np.hypot(a, b)
    hue = np.degrees(np.arctan2(b, a)) % 360
    turn = 0.0 if c.prod() == 0 else (hue[1] - hue[0] + 180) % 360 - 180
    d_light, d_chroma = light[1] - light[0], c[1] - c[0]
    d_hue = 2 * np.sqrt(c.prod()) * np.sin(np.radians(turn / 2))
    mean = hue.sum() if c.prod() == 0 else hue[0] + turn / 2
    t = (
        1
        - 0.17 * np.cos(np.radians(mean - 30))
        + 0.24 * np.cos(np.radians(2 * mean))
        + 0.32 * np.cos(np.radians(3 * mean + 6))
        - 0.20 * np.cos(np.radians(4 * mean - 63))
    )
    middle, chroma = (light.mean() - 50) ** 2, c.mean()
    part_light = d_light / (1 + 0.015 * middle / np.sqrt(20 + middle))
    part_chroma = d_chroma / (1 + 0.045 * chroma)
    part_hue = d_hue / (1 + 0.015 * chroma * t)
    bend = 30 * np.exp(-((((mean % 360) - 275) / 25) ** 2))
    rotation = -2 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7)) * np.sin(np.radians(2 * bend))
    squares = part_light**2 + part_chroma**2 + part_hue**2
    return float(np.sqrt(squares + rotation * part_chroma * part_hue))


def too_near(colors: dict[str, Color]) -> list[str]:
    """Pairs that somebody cannot tell apart."""
    found = []
    for (one, first), (other, second) in itertools.combinations(colors.items(), 2):
        for vision in VISIONS:
            apart = ciede2000(lab(first, vision), lab(second, vision))
            if apart < LEAST_DIFFERENCE:
                found.append(f"{one} | {other}: {apart:.1f} ({vision})")
    return found


def declared_classes() -> Iterator[tuple[str, tuple[MapClass, ...]]]:
    """Classes of every map, wherever a module of core declares some."""
    package = firstlight.core
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if found.name.split(".")[2] not in ("algorithms", "comparison", "maps", "series"):
            continue
        for name, value in vars(importlib.import_module(found.name)).items():
            classes = getattr(value, "classes", value)
            if not isinstance(classes, tuple) or len(classes) < 2:
                continue
            if all(isinstance(one, MapClass) for one in classes):
                yield name, classes


def style_colors(name: str) -> dict[str, Color]:
    """Colours of a style by its value."""
    tree = ElementTree.parse(STYLES / f"{name}.qml")
    entries = [*tree.iter("paletteEntry"), *tree.iter("item")]
    colors = [(entry.get("value", ""), entry.get("color", "")) for entry in entries]
    return {value: _rgb(color) for value, color in colors}


def _rgb(text: str) -> Color:
    red, green, blue = (int(text[place : place + 2], 16) for place in (1, 3, 5))
    return red, green, blue


PALETTES = sorted(
    path.stem for path in STYLES.glob("*.qml") if "<paletteEntry" in path.read_text("utf-8")
)


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 2.5, 0.0), (61.0, -5.0, 29.0), 22.8977),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ],
)
def test_the_difference_is_that_of_its_authors(
    one: tuple[float, float, float], other: tuple[float, float, float], apart: float
) -> None:
    """Pairs of table 1 of Sharma, Wu & Dalal 2005."""
    assert ciede2000(one, other) == pytest.approx(apart, abs=1e-4)


def test_a_red_and_a_green_of_one_lightness_are_one_to_many() -> None:
    found = too_near({"red": (200, 90, 60), "green": (125, 125, 60)})
    assert [text.rpartition("(")[2] for text in found] == ["protanopia)", "deuteranopia)"]


def test_classes_of_every_map_are_told_apart() -> None:
    sets = dict(declared_classes())
    assert {"SEVERITY", "CBI_SEVERITY", "FLOOD_CLASSES", "SURE_CLASSES"} <= sets.keys()
    found = {}
    for name, classes in sets.items():
        colors = {one.name: one.color for one in classes}
        found[name] = too_near({**colors, "Not observed": NOT_OBSERVED_COLOR})
    assert {name: pairs for name, pairs in found.items() if pairs} == {}


def test_some_stages_of_a_scenario_are_told_apart() -> None:
    colors = {one.name: one.color for one in stage_layer((0.5, 1, 2, 3)).classes}
    assert too_near({**colors, "Not observed": NOT_OBSERVED_COLOR}) == []


@pytest.mark.parametrize("name", PALETTES)
def test_classes_in_qgis_are_told_apart(name: str) -> None:
    assert too_near(style_colors(name)) == []


@pytest.mark.parametrize("name", RAMPS)
def test_levels_in_qgis_are_told_apart(name: str) -> None:
    assert too_near(style_colors(name)) == []


@pytest.mark.parametrize("name", RAMPS)
def test_a_ramp_has_the_colours_of_its_levels(name: str) -> None:
    """QGIS draws the map by the levels, and the legend by the ramp."""
    text = (STYLES / f"{name}.qml").read_text(encoding="utf-8")
    ramp = {tuple(map(int, one)) for one in re.findall(r"(\d+),(\d+),(\d+),255", text)}
    assert ramp == set(style_colors(name).values())


@pytest.mark.parametrize(("name", "classes"), [("severity", SEVERITY), ("cbi", CBI_SEVERITY)])
def test_the_worse_it_burned_the_darker_it_is(name: str, classes: tuple[MapClass, ...]) -> None:
    """Also in print without colours."""
    burned = [one.color for one in classes if one.code >= 4]
    for vision in VISIONS:
        lightness = [lab(color, vision)[0] for color in burned]
        assert np.diff(lightness).max() < -LEAST_DIFFERENCE, vision
