"""The rules of docs/architecture.md, read from the sources: who may import whom, and who owns which
library.

``violations`` takes sources as text, so that the last part of this module can plant a violation of
each rule and see it found.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from support.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "firstlight"

QT_BINDINGS = {"PyQt4", "PyQt5", "PyQt6", "PySide2", "PySide6", "sip"}
DESKTOP = {"qgis", "processing", *QT_BINDINGS}
NETWORK_AND_RASTERS = {
    "requests",
    "urllib3",
    "http",
    "pystac_client",
    "pystac",
    "rasterio",
    "osgeo",
    "gdal",
    "dask",
    "distributed",
}
HEAVY = {
    "requests",
    "pystac_client",
    "pystac",
    "rasterio",
    "osgeo",
    "dask",
    "distributed",
    "pyspark",
    "pyarrow",
    "scipy",
    "yaml",
}
"""Imported only inside functions, so that loading the plugin costs nothing; numpy is what
everything is made of.
"""

COME_WITH_QGIS = {"numpy", "osgeo", "requests", "urllib3", "yaml"}
CAN_BE_DONE_WITHOUT = {
    *("rasterio", "pystac_client", "distributed", "dask", "pyspark", "py4j", "pyarrow"),
}
"""Used where somebody has installed them; ``core/installation/needed.py`` says for what."""

OWNERS = {
    "requests": (
        "core.accounts",
        "core.discovery",
        "core.offers.answers",
        "core.download",
        "core.stac",
        "core.addresses.pinned",
    ),
    "rasterio": ("core.gdal",),
    # What a VRT says is GDAL's own business: axis order, ground control points, warped rasters.
    "osgeo": (
        "core.gdal",
        "core.raster",
        "core.cog",
        "core.mosaic",
        "core.shapes",
        "core.stack",
        "core.download.cog_mirror",
        "core.forecast.grib",
    ),
    "dask": ("core.execution",),
    "distributed": ("core.execution",),
    "pyspark": ("core.execution",),
    "pyarrow": ("core.discovery.table",),
    "py4j": ("core.execution",),
    # Entities are refused there before Python's parser, which takes them, sees a text.
    "xml": ("core.files.xml_text",),
    "subprocess": (
        "core.execution.dask_cluster.local_cluster",
        "core.execution.spark_cluster.session",
        "core.installation.java",
        "core.installation.shared_gdal",
        "core.operations.help.doctor",
    ),
}
"""Library → the modules (or packages) that may import it."""

_VALUES = (
    "core.types",
    "core.enums",
    "core.aoi",
    "core.report",
    "core.errors",
    "core.monitor",
    "core.moment",
    "core.logins",
    "core.text",
)
_SERVICES = (
    *_VALUES,
    "core.accounts",
    "core.settings",
    "core.workers",
    "core.sharing",
)
_RASTERS = (*_SERVICES, "core.files", "core.gdal", "core.raster")
_DISCOVERY = (
    "core.discovery.band_config",
    "core.discovery.access",
    "core.discovery.session",
)
"""What others may know of discovery: which bands a sensor has, and how a catalogue's address is
opened.
"""
_DECLARATION = ("core.params", "core.operation")
"""How an operation is declared."""
_ENGINE = (
    *_RASTERS,
    "core.identity",
    "core.cog",
    "core.shapes",
    "core.discovery",
    "core.offers",
    "core.download",
    "core.stack",
    "core.mosaic",
    "core.validation",
    "core.algorithms",
    "core.execution",
    "core.products",
    "core.exposure",
)
CORE_LAYERS = {
    "core.aoi": ("core.errors",),
    "core.logins": (),
    "core.enums": (),
    "core.report": ("core.enums",),
    "core.times": (),
    "core.pixel_grid": ("core.aoi",),
    "core.scene_item": (
        "core.enums",
        "core.aoi",
        "core.errors",
        "core.pixel_grid",
        "core.text",
        "core.times",
    ),
    "core.types": (
        "core.enums",
        "core.aoi",
        "core.report",
        "core.pixel_grid",
        "core.scene_item",
        "core.times",
    ),
    "core.errors": ("core.types", "core.monitor", "core.text"),
    "core.monitor": ("core.enums", "core.types", "core.errors"),
    "core.accounts": (*_VALUES, "core.files", "core.accounts"),
    "core.settings": (*_VALUES, "core.setting_casts", "core.files", "core.accounts"),
    "core.setting_casts": _VALUES,
    "core.workers": _VALUES,
    "core.sharing": (*_VALUES, "core.workers", "core.sharing"),
    "core.text": (),
    "core.language": ("core.language",),
    "core.moment": ("core.times",),
    "core.params": _VALUES,
    # What a parameter's text stands for: an area, a sensor, a catalogue, a kind of event.
    "core.casts": (
        *_VALUES,
        "core.params",
        "core.discovery.area",
        "core.discovery.band_config",
        "core.discovery.catalogs",
        "core.discovery.events",
    ),
    "core.operation": (*_VALUES, "core.settings", "core.params", "core.casts"),
    "core.addresses": (*_SERVICES, "core.addresses"),
    "core.files": (*_VALUES, "core.files"),
    # What this computer has: a Python program, libraries that fit each other.
    "core.installation": (*_VALUES, "core.files", "core.installation"),
    "core.gdal": (
        *_VALUES,
        "core.workers",
        "core.files.xml_text",
        "core.installation",
        "core.gdal",
    ),
    "core.raster": (*_VALUES, "core.files", "core.gdal", "core.raster"),
    "core.cog": (*_VALUES, "core.files", "core.gdal", "core.raster", "core.cog"),
    "core.shapes": (*_VALUES, "core.files", "core.gdal", "core.raster", "core.shapes"),
    # Sums under an extent: knows rasters and shapes, and no class code.
    "core.exposure": (*_RASTERS, "core.shapes", "core.exposure"),
    # What a source is, from its own words: below all that reads one.
    "core.identity": (*_RASTERS, "core.discovery.band_config", "core.identity"),
    # Catalogues and their answers: knows no sensor.
    "core.stac": (*_SERVICES, "core.times", "core.stac"),
    "core.discovery": (
        *_RASTERS,
        "core.addresses",
        "core.shapes",
        "core.identity",
        "core.stac",
        "core.discovery",
    ),
    # What several catalogues offer, and which of it is taken.
    "core.offers": (*_SERVICES, "core.identity", "core.discovery", "core.offers"),
    # band_config is vocabulary: which bands a sensor has.
    "core.validation": (
        *_RASTERS,
        "core.shapes",
        "core.identity",
        "core.discovery.band_config",
        "core.validation",
    ),
    # Catalogues: their titles and limits.
    "core.download": (
        *_RASTERS,
        "core.addresses",
        *_DISCOVERY,
        "core.discovery.catalogs",
        "core.download",
    ),
    "core.stack": (*_RASTERS, "core.cog", "core.identity", *_DISCOVERY, "core.stack"),
    "core.mosaic": (*_RASTERS, "core.addresses", "core.discovery", "core.mosaic"),
    # Of values, classes and areas: knows no map.
    "core.confidence": (*_VALUES, "core.raster.classes", "core.confidence"),
    "core.algorithms": (*_SERVICES, "core.raster", "core.confidence", "core.algorithms"),
    "core.execution": (
        *_RASTERS,
        "core.cog",
        "core.shapes",
        "core.algorithms.kernel",
        "core.installation",
        "core.execution",
    ),
    # What a result leaves behind: its inputs' catalogue addresses and sums.
    "core.products": (
        *_RASTERS,
        "core.shapes",
        "core.algorithms.kernel",
        "core.discovery.catalogs",
        # A result is kept as it was put on the map.
        "core.operation",
        "core.products",
    ),
    # One scene from catalogue to a validated stack is where downloads, stacks and validation meet.
    "core.scenes": (*_ENGINE, "core.scenes"),
    "core.terrain": (*_ENGINE, "core.terrain"),
    # What maps are made of, and the maps.
    "core.recipes": (*_ENGINE, *_DECLARATION, "core.confidence", "core.recipes"),
    "core.maps": (*_ENGINE, *_DECLARATION, "core.recipes", "core.maps"),
    # A map held against another, or against what is known of the ground.
    "core.comparison": (
        *_ENGINE,
        *_DECLARATION,
        "core.recipes",
        "core.maps.fuse_sources",
        # Which layer of a map its confidence is about, the map itself declares.
        "core.maps.registry",
        "core.comparison",
    ),
    # Maps of one event on several days.
    "core.series": (
        *_ENGINE,
        *_DECLARATION,
        "core.recipes",
        "core.maps.fuse_sources",
        "core.series",
    ),
    # A simulated event to try things with.
    "core.sample": (
        *_RASTERS,
        "core.cog",
        "core.shapes",
        "core.discovery.band_config",
        "core.sample",
    ),
    # Rain and wind to come: GRIB files of a catalogue, read over an area.
    "core.forecast": (
        *_RASTERS,
        "core.shapes",
        "core.stac",
        "core.times",
        "core.discovery",
        "core.forecast",
    ),
    # What a sentence asks for: words, days, names of places.
    "core.intent": (*_RASTERS, "core.shapes", "core.discovery", "core.intent"),
    "core.operations": (
        *_ENGINE,
        "core.forecast",
        "core.intent",
        *_DECLARATION,
        "core.scenes",
        "core.terrain",
        "core.recipes",
        "core.maps",
        "core.comparison",
        "core.series",
        "core.doors",
        "core.installation",
        "core.sample",
        "core.operations",
    ),
    # Sentences in the words of a door: of use to doors only.
    "core.wording": (*_VALUES, "core.settings", *_DECLARATION),
    # A sentence on the command line is read by an operation, and told in the door's words.
    "core.doors.sentence": (
        *_VALUES,
        "core.settings",
        *_DECLARATION,
        "core.doors",
        "core.wording",
    ),
    # What is printed is known to it by name only: QGIS imports the seam while it starts.
    "core.doors.printer": (*_VALUES, *_DECLARATION, "core.doors"),
    "core.doors": (*_VALUES, *_DECLARATION),
    "core.cli": (*_VALUES, "core.settings", *_DECLARATION, "core.doors", "core.wording"),
    # The door for programs: its results are values of the scenes' own.
    "core.api": (
        *_VALUES,
        "core.settings",
        *_DECLARATION,
        "core.doors",
        "core.wording",
        "core.scenes.request",
    ),
}
"""Module or package of core → what of ours it may import; the longest name that fits counts.

``core`` itself, the product's name and version, is everybody's but the vocabulary's.
"""

UI_MAY_IMPORT = (
    "core.enums",
    "core.moment",
    "core.types",
    "core.errors",
    "core.monitor",
    "core.settings",
    "core.setting_casts",
    "core.params",
    "core.operation",
    "core.operations",
    "core.text",
    "core.doors",
    "core.discovery.band_config",
    "core.discovery.catalogs",
    "core.discovery.events",
    "plugin",
    "ui",
)
_PARTS = ("ui.parts", "ui.catalogs", "ui.area", "ui.fields", "ui.results")
UI_ROOMS = {
    "ui.parts": ("ui.parts",),
    "ui.catalogs": ("ui.parts", "ui.catalogs"),
    "ui.area": ("ui.parts", "ui.area"),
    "ui.fields": _PARTS,
    "ui.results": ("ui.parts", "ui.results"),
    "ui.scenes": (*_PARTS, "ui.scenes"),
    "ui.event": (*_PARTS, "ui.event"),
    "ui.files": (*_PARTS, "ui.files"),
    "ui.jobs": (*_PARTS, "ui.jobs"),
    "ui.options": (*_PARTS, "ui.options"),
    "ui.dock": ("ui",),
}
"""Room of the dock → the rooms that it may import: pages do not know each other."""
BROAD_EXCEPT = ("core.cli", "plugin.task")
SEAM = "core.gdal"
OF_THE_SEAM = {
    "Warp",
    "AutoCreateWarpedVRT",
    "CreateWarpedVRT",
    "ReprojectImage",
    "WarpedVRT",
    "reproject",
    "transform_geom",
    "SetFromUserInput",
    "PushErrorHandler",
}
"""Calls of GDAL and rasterio that only the seam makes: a warp that is not told its scale blends too
wide, an area whose edges are not divided is off by hundreds of metres.
"""
MOST_MODULES = 20
MAKES_THE_WINDOW = (
    ("plugin.main", "_open_dock"),
    ("plugin.main", "import_ahead"),
    ("plugin.options", "createWidget"),
)


@dataclass(frozen=True)
class Import:
    """One import statement's target."""

    module: str
    """The importing module, without the package's name."""
    target: str
    """Of ours: without the package's name; else the whole dotted name."""
    ours: bool
    line: int
    function: str
    """Name of the outermost function it stands in; empty at module level."""
    for_types_only: bool
    """Under ``if TYPE_CHECKING``."""

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.target}"


def module_name(path: str) -> str:
    """``core/raster/__init__.py`` → ``core.raster``."""
    parts = Path(path).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def read_sources(root: Path) -> dict[str, str]:
    """Path below the root → text, of all that is shipped."""
    files = [
        root / "__init__.py",
        *(f for name in ("core", "plugin", "ui") for f in sorted((root / name).rglob("*.py"))),
    ]
    return {f.relative_to(root).as_posix(): f.read_text(encoding="utf-8") for f in files}


@cache
def parse(text: str) -> ast.Module:
    """The syntax tree; the same text is read once."""
    return ast.parse(text)


@cache
def imports_of(path: str, text: str, known: frozenset[str]) -> tuple[Import, ...]:
    """All imports of one file, relative ones resolved."""
    module = module_name(path)
    package = module if path.endswith("__init__.py") else module.rpartition(".")[0]

    def walk(node: ast.AST, function: str, types_only: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            inside, hidden = function, types_only
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                inside = function or child.name
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                hidden = True
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield from found(alias.name, child.lineno, inside, hidden)
            elif isinstance(child, ast.ImportFrom):
                base = child.module or ""
                if child.level:
                    above = (
                        package.split(".")[: len(package.split(".")) - child.level + 1]
                        if package
                        else []
                    )
                    base = ".".join([PACKAGE, *above, *([child.module] if child.module else [])])
                for alias in child.names:
                    whole = f"{base}.{alias.name}"
                    of_ours = whole.removeprefix(f"{PACKAGE}.")
                    yield from found(
                        whole if whole.startswith(PACKAGE) and of_ours in known else base,
                        child.lineno,
                        inside,
                        hidden,
                    )
            yield from walk(child, inside, hidden)

    def found(target: str, line: int, function: str, hidden: bool) -> Iterator[Import]:
        ours = target == PACKAGE or target.startswith(f"{PACKAGE}.")
        yield Import(
            module,
            target.removeprefix(PACKAGE).lstrip(".") if ours else target,
            ours,
            line,
            function,
            hidden,
        )

    return tuple(walk(parse(text), "", False))


def within(name: str, *packages: str) -> bool:
    """Whether a module is one of these or lies below one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def violations(sources: Mapping[str, str]) -> list[str]:
    """Every broken rule, as a sentence."""
    known = frozenset(module_name(path) for path in sources)
    every = [one for path, text in sources.items() for one in imports_of(path, text, known)]
    broken = [f"{one}: {why}" for one in every for why in _judge(one)]
    broken += [f"circle of imports: {' → '.join(circle)}" for circle in _circles(every, known)]
    broken += _crowded(sources)
    broken += [sentence for path, text in sources.items() for sentence in _borrowed(path, text)]
    for path, text in sources.items():
        module = module_name(path)
        broken += [f"{module}:{line} {why}" for line, why in careless(text)]
        if within(module, "core") and not within(module, SEAM):
            broken += [
                f"{module}:{line} calls {name}: only {SEAM} does" for line, name in seam_calls(text)
            ]
        if module not in BROAD_EXCEPT:
            broken += [
                f"{module}:{line} catches everything: only {' and '.join(BROAD_EXCEPT)} may"
                for line in broad_excepts(text)
            ]
    return broken


def _judge(one: Import) -> Iterator[str]:
    top = one.target.partition(".")[0]
    if not one.ours:
        if top in QT_BINDINGS:
            yield "Qt comes from qgis.PyQt only"
        if within(one.module, "core") and top in DESKTOP:
            yield "core knows neither QGIS nor Qt"
        if within(one.module, "ui") and top in NETWORK_AND_RASTERS:
            yield "ui reads no rasters and speaks no HTTP"
        if within(one.module, "plugin") and top in NETWORK_AND_RASTERS:
            yield f"{top} belongs to core"
        if top not in sys.stdlib_module_names | DESKTOP | COME_WITH_QGIS | CAN_BE_DONE_WITHOUT:
            yield f"{top} comes with no QGIS, and the plugin brings no library"
        if top in OWNERS and not within(one.module, *OWNERS[top]):
            yield f"{top} belongs to {', '.join(OWNERS[top])}"
        if top in HEAVY and not one.function and not one.for_types_only:
            yield f"{top} is heavy: import it inside the function that needs it"
        return
    if within(one.module, "core"):
        if within(one.target, "plugin", "ui"):
            yield "core knows neither plugin nor ui"
        elif one.target == "core":
            if one.module in _VALUES:
                yield "the vocabulary imports nothing of ours"
        elif not within(one.target, *_allowed(one.module)):
            yield f"it may import {', '.join(_allowed(one.module)) or 'nothing'} of core"
    elif (
        within(one.module, "plugin")
        and within(one.target, "ui")
        and (one.module, one.function) not in MAKES_THE_WINDOW
    ):
        yield "only the first click in plugin/main.py imports ui"
    elif within(one.module, "ui") and not within(one.target, *UI_MAY_IMPORT):
        yield f"of core, ui may import only {', '.join(UI_MAY_IMPORT[:-2])}"
    elif within(one.module, "ui") and within(one.target, "ui"):
        allowed = UI_ROOMS[".".join(one.module.split(".")[:2])]
        if not within(one.target, *allowed):
            yield f"this room of the dock may import only {', '.join(allowed)}"


def _allowed(module: str) -> tuple[str, ...]:
    fitting = [layer for layer in CORE_LAYERS if within(module, layer)]
    return CORE_LAYERS[max(fitting, key=len)] if fitting else ()


def _circles(every: list[Import], known: frozenset[str]) -> list[list[str]]:
    """Circles of imports, those inside functions among them: hidden there they are circles all the
    same.
    """
    graph: dict[str, set[str]] = {name: set() for name in known}
    for one in every:
        if one.ours and not one.for_types_only and one.target in known and one.target != one.module:
            graph[one.module].add(one.target)
    circles: list[list[str]] = []
    done: set[str] = set()

    def visit(name: str, trail: list[str]) -> None:
        if name in trail:
            circles.append([*trail[trail.index(name) :], name])
        elif name not in done:
            for target in sorted(graph[name]):
                visit(target, [*trail, name])
            done.add(name)

    for name in sorted(graph):
        visit(name, [])
    return circles


def _crowded(sources: Mapping[str, str]) -> list[str]:
    """Folders of core in which nothing can be found any more."""
    folders = Counter(
        Path(path).parent.as_posix() for path in sources if not path.endswith("__init__.py")
    )
    return [
        f"{folder} has {number} modules, at most {MOST_MODULES} may stand in a folder of core"
        for folder, number in folders.items()
        if within(folder.replace("/", "."), "core") and number > MOST_MODULES
    ]


@cache
def _borrowed(path: str, text: str) -> tuple[str, ...]:
    """Imports of another operation's parameters: operations share the engine below them, so that a
    default which is changed at one door changes no other operation.
    """
    if not path.startswith("core/operations/"):
        return ()
    return tuple(
        f"{module_name(path)}:{node.lineno} imports {alias.name}: an operation's parameters are "
        "its own doors' affair"
        for node in ast.walk(parse(text))
        if isinstance(node, ast.ImportFrom) and node.level == 1
        for alias in node.names
        if alias.name.endswith("Params")
    )


@cache
def seam_calls(text: str) -> tuple[tuple[int, str], ...]:
    """Lines and names of the calls that belong to the seam to GDAL."""
    calls = (node for node in ast.walk(parse(text)) if isinstance(node, ast.Call))
    names = ((call.lineno, ast.unparse(call.func).rpartition(".")[2]) for call in calls)
    return tuple((line, name) for line, name in names if name in OF_THE_SEAM)


@cache
def careless(text: str) -> tuple[tuple[int, str], ...]:
    """Lines that the plugin site refuses, and why (docs/publishing.md)."""
    found = []
    for node in ast.walk(parse(text)):
        if isinstance(node, ast.Assert):
            found.append((node.lineno, "asserts, which python -O leaves out: use known()"))
        names = [alias.name for alias in getattr(node, "names", ()) if hasattr(alias, "asname")]
        drawn = isinstance(node, ast.ImportFrom) and node.module == "random"
        if (drawn and names != ["SystemRandom"]) or (
            isinstance(node, ast.Import) and "random" in names
        ):
            found.append((node.lineno, "draws numbers that can be foreseen: use SystemRandom"))
    return tuple(found)


@cache
def broad_excepts(text: str) -> tuple[int, ...]:
    """Lines of the handlers that catch everything."""
    return tuple(
        n.lineno
        for n in ast.walk(parse(text))
        if isinstance(n, ast.ExceptHandler) and _is_broad(n.type)
    )


def _is_broad(kind: ast.expr | None) -> bool:
    if kind is None:
        return True
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(isinstance(k, ast.Name) and k.id in ("Exception", "BaseException") for k in kinds)


def test_the_sources_keep_every_rule() -> None:
    broken = violations(read_sources(ROOT))
    assert not broken, "\n" + "\n".join(broken)


def test_every_module_of_core_has_a_layer() -> None:
    modules = {module_name(path) for path in read_sources(ROOT) if path.startswith("core/")}
    homeless = [
        m for m in modules if m != "core" and not any(within(m, layer) for layer in CORE_LAYERS)
    ]
    assert not homeless


def test_every_module_of_core_loads_without_qgis_and_without_heavy_libraries() -> None:
    modules = sorted(
        f"{PACKAGE}.{module_name(p)}" for p in read_sources(ROOT) if p.startswith("core/")
    )
    script = (
        "import importlib, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "tops = {name.partition('.')[0] for name in sys.modules}\n"
        f"print(sorted(tops & {DESKTOP | (HEAVY - {'yaml'})!r}))\n"
        f"print(sorted(n for n in sys.modules if n.startswith(('{PACKAGE}.plugin', "
        f"'{PACKAGE}.ui'))))\n"
    )
    env = {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=env,
        cwd="/",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:2] == ["[]", "[]"], "loaded at import: " + done.stdout


PLANTED = {
    "core imports qgis": ("core/raster/reader.py", "import qgis.core", "neither QGIS nor Qt"),
    "core imports Qt in a function": (
        "core/workers.py",
        "def f():\n    from qgis.PyQt import QtCore",
        "neither QGIS nor Qt",
    ),
    "a warp that is not the seam's": (
        "core/stack/warp.py",
        "def f(gdal):\n    return gdal.Warp('', 'a.tif', format='VRT')",
        "calls Warp: only core.gdal does",
    ),
    "an area moved past the seam": (
        "core/shapes/area_mask.py",
        "def f(a):\n    from rasterio.warp import transform_geom\n    transform_geom('', '', a)",
        "calls transform_geom: only core.gdal does",
    ),
    "core imports processing": ("core/maps/index.py", "import processing", "neither QGIS nor Qt"),
    "core imports the plugin": (
        "core/maps/index.py",
        "from ...plugin import messages",
        "neither plugin nor ui",
    ),
    "core imports ui by its whole name": (
        "core/cli.py",
        "import firstlight.ui.dock.main_dock",
        "neither plugin nor ui",
    ),
    "Qt not through qgis.PyQt": (
        "ui/fields/field.py",
        "from PyQt5.QtCore import Qt",
        "qgis.PyQt only",
    ),
    "plugin imports ui at the top": (
        "plugin/main.py",
        "from ..ui.dock import main_dock",
        "only the first click",
    ),
    "plugin imports ui in another function": (
        "plugin/layers.py",
        "def f():\n    from ..ui.fields import field",
        "only the first click",
    ),
    "ui imports the search": (
        "ui/scenes/search_panel.py",
        "from ...core.discovery.stac_client import search_scenes",
        "of core, ui may",
    ),
    "ui imports a reader": (
        "ui/scenes/run_panel.py",
        "from ...core.raster.reader import RasterReader",
        "of core, ui may",
    ),
    "a page imports another": (
        "ui/files/tools_panel.py",
        "from ..scenes.run_panel import RunPanel",
        "this room of the dock may import only",
    ),
    "ui speaks HTTP": ("ui/scenes/run_panel.py", "def f():\n    import requests", "speaks no HTTP"),
    "plugin reads a raster": (
        "plugin/layers.py",
        "def f():\n    import rasterio",
        "belongs to core",
    ),
    "errors import settings": ("core/errors.py", "from .settings import Settings", "it may import"),
    "types import raster": (
        "core/types.py",
        "def f():\n    from .raster import grid",
        "it may import",
    ),
    "raster imports settings": (
        "core/cog/writer.py",
        "from ..settings import Settings",
        "it may import",
    ),
    "raster imports discovery": (
        "core/raster/reader.py",
        "from ..discovery import band_config",
        "it may import",
    ),
    "discovery imports a download": (
        "core/discovery/area.py",
        "from ..download.plan import safe_name",
        "it may import",
    ),
    "downloads import the search": (
        "core/download/fetch.py",
        "from ..discovery import stac_client",
        "it may import",
    ),
    "downloads import validation": (
        "core/download/fetch.py",
        "from ..validation import image_validator",
        "it may import",
    ),
    "validation imports a download": (
        "core/validation/quicklook.py",
        "from ..download import plan",
        "it may import",
    ),
    "algorithms import an engine": (
        "core/algorithms/indices.py",
        "from ..execution import engine",
        "it may import",
    ),
    "an engine imports an index": (
        "core/execution/apply.py",
        "from ..algorithms.indices import x",
        "it may import",
    ),
    "cli imports the way of a scene": (
        "core/cli.py",
        "from .scenes.ingest import ingest_scene",
        "it may import",
    ),
    "an operation imports the cli": (
        "core/operations/info.py",
        "def f():\n    from ..cli import main",
        "it may import",
    ),
    "an operation fills in another's parameters": (
        "core/operations/pairs.py",
        "def f():\n    from .discover import DiscoverParams",
        "its own doors' affair",
    ),
    "HTTP elsewhere": (
        "core/stack/vrt.py",
        "def f():\n    import requests",
        "belongs to core.accounts",
    ),
    "requests elsewhere": (
        "core/raster/reader.py",
        "def f():\n    import requests",
        "requests belongs to",
    ),
    "rasterio elsewhere": (
        "core/download/plan.py",
        "def f():\n    import rasterio.windows",
        "rasterio belongs to",
    ),
    "osgeo elsewhere": (
        "core/validation/quicklook.py",
        "def f():\n    from osgeo import gdal",
        "osgeo belongs to",
    ),
    "dask elsewhere": (
        "core/algorithms/indices.py",
        "def f():\n    import dask.array",
        "dask belongs to",
    ),
    "a library that no QGIS has": (
        "core/stac/query.py",
        "def f():\n    import shapely",
        "shapely comes with no QGIS",
    ),
    "rasterio at the top": ("core/cog/writer.py", "import rasterio", "is heavy"),
    "osgeo at the top, guarded": (
        "core/shapes/vector.py",
        "try:\n    from osgeo import ogr\nexcept ImportError:\n    ogr = None",
        "is heavy",
    ),
    "a circle": ("core/raster/grid.py", "from .reader import RasterReader", "circle of imports"),
    "a circle hidden in a function": (
        "core/operations/info.py",
        "def f():\n    from .registry import OPERATIONS",
        "circle of imports",
    ),
    "an assertion": ("core/stack/vrt.py", "def f(a):\n    assert a", "use known()"),
    "an assertion in a panel": ("ui/scenes/run_panel.py", "assert True, 'why'", "use known()"),
    "random": ("core/download/fetch.py", "import random", "use SystemRandom"),
    "random's functions": (
        "plugin/layers.py",
        "def f():\n    from random import SystemRandom, uniform",
        "use SystemRandom",
    ),
    "XML past its seam": (
        "core/stack/vrt.py",
        "def f():\n    import xml.etree.ElementTree as ET",
        "xml belongs to",
    ),
    "XML in the plugin": ("plugin/layers.py", "from xml.dom import minidom", "xml belongs to"),
    "a program started elsewhere": (
        "core/cog/writer.py",
        "import subprocess",
        "subprocess belongs to",
    ),
    "bare except": ("core/workers.py", "try:\n    pass\nexcept:\n    pass", "catches everything"),
    "except Exception": (
        "plugin/jobs/job_list.py",
        "try:\n    pass\nexcept Exception:\n    pass",
        "catches everything",
    ),
    "except (ValueError, BaseException)": (
        "ui/fields/field.py",
        "try:\n    pass\nexcept (ValueError, BaseException):\n    pass",
        "catches",
    ),
}


@pytest.mark.thorough
@pytest.mark.parametrize(("path", "line", "sentence"), PLANTED.values(), ids=PLANTED.keys())
def test_a_planted_violation_is_found(path: str, line: str, sentence: str) -> None:
    sources = read_sources(ROOT)
    before = set(violations(sources))
    sources[path] = f"{sources.get(path, '')}\n{line}\n"
    new = [text for text in violations(sources) if text not in before]
    assert any(sentence in text for text in new), new


@pytest.fixture(scope="module")
def violated() -> list[str]:
    """What is wrong without anything planted."""
    return violations(read_sources(ROOT))


@pytest.mark.thorough
def test_a_crowded_folder_is_found() -> None:
    sources = read_sources(ROOT)
    sources |= {f"core/shapes/more{number}.py": "" for number in range(MOST_MODULES)}
    assert any(
        text.startswith("core/shapes has ") and "at most 20" in text for text in violations(sources)
    )


INNOCENT = {
    "only for types": (
        "core/download/fetch.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import requests",
    ),
    "in a function of its owner": ("core/gdal/warp.py", "def f():\n    import rasterio"),
    "the product's name": ("core/validation/quicklook.py", "from .. import PRODUCT"),
    "the window made at the first click": (
        "plugin/main.py",
        "class P:\n    def _open_dock(self):\n        from ..ui.dock import main_dock",
    ),
    "a narrow except": (
        "core/workers.py",
        "try:\n    pass\nexcept (ValueError, OSError):\n    pass",
    ),
}


@pytest.mark.thorough
@pytest.mark.parametrize(("path", "line"), INNOCENT.values(), ids=INNOCENT.keys())
def test_what_is_allowed_is_not_found(violated: list[str], path: str, line: str) -> None:
    sources = read_sources(ROOT)
    sources[path] = f"{sources.get(path, '')}\n{line}\n"
    assert sorted(t.partition(" ")[2] for t in violations(sources)) == sorted(
        t.partition(" ")[2] for t in violated
    )
