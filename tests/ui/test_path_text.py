"""Paths show their end, and tell all of it in their tip."""

from __future__ import annotations

import pytest
from qgis.gui import QgsFileWidget

from firstlight.core.operations.event import EVENT
from firstlight.core.params import Door
from firstlight.plugin.sample_place import sample_folder
from firstlight.ui.catalogs.catalog_combo import CatalogCombo
from firstlight.ui.fields.fields import make_field
from firstlight.ui.parts.path_text import short_path, show_end

LONG = "/home/somebody/projects/2024/fires/results/wildfire_2024-07-20"


@pytest.mark.parametrize(
    ("path", "short"),
    [
        (LONG, "…/results/wildfire_2024-07-20"),
        ("/tmp/fire", "/tmp/fire"),
        ("auto", "auto"),
        ("earth-search,planetary-computer", "earth-search,planetary-computer"),
        ("s3://bucket/many/folders/items.parquet", "s3://bucket/many/folders/items.parquet"),
        ("https://example.com/stac/api/v1", "https://example.com/stac/api/v1"),
        ("", ""),
    ],
)
def test_a_long_path_is_called_by_its_end(path, short):
    assert short_path(path) == short


def test_a_field_shows_the_end_of_a_path(qtbot):
    files = QgsFileWidget()
    qtbot.addWidget(files)
    show_end(files)
    edit = files.lineEdit()
    files.setFilePath(LONG)
    edit.setCursorPosition(0)
    files.setFilePath(LONG + "_b")
    assert edit.cursorPosition() == len(edit.text())
    assert edit.toolTip() == LONG + "_b"


def test_folders_show_their_end_wherever_they_stand(dock, qtbot):
    dock.set_output(LONG)
    output = next(param for param in EVENT.parameters(Door.DOCK) if param.name == "output")
    field = make_field(output)
    qtbot.addWidget(field)
    field.set_value(LONG)
    for edit in (
        dock.event_page.save.output_widget.lineEdit(),
        dock.scenes.run_panel.output_widget.lineEdit(),
        field.files.lineEdit(),
    ):
        assert edit.cursorPosition() == len(LONG)
        assert edit.toolTip() == LONG


def test_a_catalogue_of_files_is_called_by_a_name(qtbot):
    combo = CatalogCombo()
    qtbot.addWidget(combo)
    combo.set_value(f"{LONG}/catalog.json")
    assert combo.currentText() == "…/wildfire_2024-07-20/catalog.json"
    assert combo.value() == f"{LONG}/catalog.json"
    assert combo.toolTip().startswith(f"{LONG}/catalog.json\n")
    combo.reload()
    assert combo.value() == f"{LONG}/catalog.json"
    sample = str(sample_folder() / "catalog.json")
    combo.set_value(sample)
    assert combo.currentText() == "Sample event (this computer)"
    assert combo.value() == sample
    combo.set_value("auto")
    assert "/" not in combo.toolTip()
    combo.setEditText(LONG)  # as it is typed
    assert combo.value() == LONG
