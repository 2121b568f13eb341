"""Mapping an event from Processing: the toolbox's own way, with a catalogue and files on
loopback.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from qgis import processing
from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
)

from support.event_world import Pass, area_text, event_world

FIRE = [Pass("2024-06-01"), Pass("2024-07-01", changed="burned")]


def extent() -> str:
    """As Processing writes it: west, east, south, north."""
    west, south, east, north = area_text().split(",")
    return f"{west},{east},{south},{north} [EPSG:4326]"


@pytest.mark.usefixtures("toolbox")
def test_an_event_runs_in_the_toolbox(tmp_path: Path) -> None:
    with event_world(tmp_path / "files", FIRE) as world:
        made = processing.run(
            "firstlight:event",
            {
                "EVENT": "wildfire",
                "AREA": extent(),
                "DATE": "2024-06-20",
                "CATALOG": world.url,
                "OUTPUT": str(tmp_path / "out"),
            },
            context=QgsProcessingContext(),
            feedback=QgsProcessingFeedback(),
        )
    assert Path(made["REPORT"]).is_file()
    assert Path(made["MAP"]).is_file()
    assert 0 <= made["NOT_OBSERVED_PERCENT"] < 5


@pytest.mark.usefixtures("toolbox")
def test_a_covered_sky_is_a_sentence_in_the_toolbox(tmp_path: Path) -> None:
    passes = [Pass("2024-06-01"), Pass("2024-07-01", changed="burned", cloud=1.0)]
    with (
        event_world(tmp_path / "files", passes) as world,
        pytest.raises(QgsProcessingException, match="0 % of the area clear"),
    ):
        processing.run(
            "firstlight:event",
            {
                "EVENT": "wildfire",
                "AREA": extent(),
                "DATE": "2024-06-20",
                "CATALOG": world.url,
                "OUTPUT": str(tmp_path / "out"),
            },
            context=QgsProcessingContext(),
            feedback=QgsProcessingFeedback(),
        )
