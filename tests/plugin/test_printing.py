"""A mapped event on one page as PDF: through FirstLight's layout or the user's own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from qgis import processing
from qgis.core import (
    QgsLayoutItemLabel,
    QgsLayoutItemMap,
    QgsPrintLayout,
    QgsProcessingException,
    QgsProject,
    QgsReadWriteContext,
)
from qgis.PyQt.QtCore import Qt

from firstlight.core.doors.printer import use_printer
from firstlight.core.errors import DependencyError, InputError
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.registry import get_operation
from firstlight.core.settings import Settings
from firstlight.plugin import printing
from support.event_world import Pass, area_text, event_world
from support.schemas import check


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a mapped fire."""
    folder = tmp_path_factory.mktemp("event")
    passes = [Pass("2024-06-01"), Pass("2024-07-01", changed="burned", cloud=0.2)]
    with event_world(folder / "files", passes) as world:
        values = {
            "event": "wildfire",
            "area": area_text(),
            "date": "2024-06-20",
            "catalog": world.url,
            "output": folder / "out",
        }
        operation = get_operation("event")
        operation.run(operation.make_params(values), Settings(), RecordingMonitor())
    return folder / "out"


@pytest.fixture
def event(mapped: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(mapped, tmp_path / "event"))


@pytest.fixture(autouse=True)
def _printer() -> Iterator[None]:
    use_printer(printing.print_event)
    yield
    use_printer(None)


def run(**values: object) -> Path:
    operation = get_operation("print")
    result = operation.run(operation.make_params(values), Settings(), RecordingMonitor())
    check("print.json", result.json_data())
    return Path(result.outputs["pdf"])


@pytest.mark.usefixtures("toolbox")
def test_the_toolbox_prints_one_page_and_leaves_nothing_else(event: Path) -> None:
    before = {path.name for path in event.iterdir()}
    made = processing.run("firstlight:print", {"PATH": str(event / "catalog.json")})
    pdf = Path(made["PDF"])
    assert pdf == event / "report.pdf"
    data = pdf.read_bytes()
    assert data.startswith(b"%PDF")
    assert data.count(b"/Type /Page\n") == 1
    assert len(data) > 50_000, "a page without its maps"
    assert {path.name for path in event.iterdir()} - before == {"report.pdf"}
    assert len(QgsProject.instance().mapLayers()) == 0, "the user's project is not touched"


def test_the_page_shows_maps_texts_and_legend(event: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}

    def look(layout: QgsPrintLayout, target: Path, what: str) -> None:
        for item in layout.items():
            if isinstance(item, QgsLayoutItemLabel):
                seen[item.id()] = item.currentText()
            elif isinstance(item, QgsLayoutItemMap):
                seen[item.id()] = [layer.name() for layer in item.layers()]
                seen[f"{item.id()} scale"] = item.scale()
        nodes = layout.itemById("legend").model()
        seen["legend"] = [
            nodes.rootGroup().children()[3].name(),
            *(
                str(nodes.layerLegendNodes(node)[place].data(0))
                for node in nodes.rootGroup().findLayers()[3:]
                for place in range(len(nodes.layerLegendNodes(node)))
            ),
        ]

    monkeypatch.setattr(printing, "_export", look)
    run(path=event)
    assert seen["title"] == "Wildfire, 2024-06-20"
    assert "km² burned" in str(seen["headline"])
    assert str(seen["range"]).startswith("Between ")
    assert "was not observed" in str(seen["not_observed"])
    assert "Burned: " in str(seen["areas"])
    outlines = ["Outline", "Not observed", "Area"]
    assert seen["map"] == [*outlines, "Burn severity", "After, 2024-07-01"]
    assert seen["before"] == ["Outline", "Before, 2024-06-01"]
    assert seen["after"] == ["Outline", "After, 2024-07-01"]
    assert seen["legend"][:2] == ["Burn severity", "High regrowth (under -0.25)"]
    assert seen["legend"][-1] == "Not observed"
    assert 5_000 < float(str(seen["map scale"])) < 50_000


def test_lines_of_texts_are_not_stretched(event: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """QGIS 3.40 moves the words of a justified label apart until they fill its width."""
    seen: dict[str, object] = {}

    def look(layout: QgsPrintLayout, target: Path, what: str) -> None:
        for item in layout.items():
            if isinstance(item, QgsLayoutItemLabel):
                seen[item.id()] = item.hAlign()

    monkeypatch.setattr(printing, "_export", look)
    run(path=event)
    assert "areas" in seen
    assert set(seen.values()) == {Qt.AlignmentFlag.AlignLeft}


def test_the_profile_s_own_layout_goes_before_ours(
    event: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One with a title alone: what it lacks is left out."""
    layout = QgsPrintLayout(QgsProject.instance())
    layout.initializeDefaults()
    label = QgsLayoutItemLabel(layout)
    label.setId("mine")
    label.setText("[% @event_headline %]!")
    layout.addLayoutItem(label)
    own = tmp_path / "own.qpt"
    assert layout.saveAsTemplate(str(own), QgsReadWriteContext())
    seen: list[str] = []
    monkeypatch.setattr(printing, "own_template", lambda: own)
    monkeypatch.setattr(
        printing, "_export", lambda made, *_: seen.append(made.itemById("mine").currentText())
    )
    run(path=event)
    assert len(seen) == 1
    assert seen[0].endswith("km² burned!")


@pytest.mark.parametrize("text", ["", "no xml", "<Layout/>", "\udcff"])
def test_a_layout_that_is_none_is_one_sentence_and_the_old_page_stays(
    event: Path, tmp_path: Path, text: str
) -> None:
    (event / "report.pdf").write_text("older")
    broken = tmp_path / "broken.qpt"
    broken.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=r"cannot be printed by broken\.qpt"):
        run(path=event, layout=broken)
    assert (event / "report.pdf").read_text() == "older"


def test_a_folder_without_an_event_is_one_sentence(event: Path) -> None:
    with pytest.raises(InputError, match="it holds no mapped event"):
        run(path=event / "burn-severity")


@pytest.mark.usefixtures("toolbox")
def test_a_map_that_is_gone_is_named(event: Path) -> None:
    for path in event.rglob("*.tif"):
        path.unlink()
    for path in event.rglob("*.gpkg"):
        path.unlink()
    with pytest.raises(QgsProcessingException, match="none of its maps is there"):
        processing.run("firstlight:print", {"PATH": str(event / "catalog.json")})
    assert not (event / "report.pdf").exists()


def test_outside_qgis_one_sentence_says_what_it_takes(event: Path) -> None:
    use_printer(None)
    with pytest.raises(DependencyError, match="that takes QGIS's layouts"):
        run(path=event)
