"""Notes and metadata of a layer: what it is, from what, when; and first what is to be doubted."""

from __future__ import annotations

from html import escape

from qgis.core import (
    QgsBox3d,
    QgsDateTimeRange,
    QgsLayerMetadata,
    QgsLayerNotesUtils,
    QgsMapLayer,
)
from qgis.PyQt.QtCore import QDateTime

from ..core.operation import LayerOutput
from ..core.text import shown
from .compat import UTC

DOUBT_COLOR = "#9a5200"
"""Of warnings in the notes: orange, 5.9 times as dark as their white paper."""


def describe_layer(layer: QgsMapLayer, output: LayerOutput) -> None:
    """Fill a layer's notes and metadata; what is not known stays empty."""
    metadata = QgsLayerMetadata()
    title = f"{output.title}, {output.group}" if output.group else output.title
    # QGIS shows these as HTML.
    metadata.setIdentifier(escape(shown(output.path.stem), quote=False))
    metadata.setTitle(escape(shown(title), quote=False))
    metadata.setAbstract(_abstract(output))
    metadata.setType("dataset")
    metadata.setCrs(layer.crs())
    metadata.addHistoryItem("Made by FirstLight")

    spatial = QgsLayerMetadata.SpatialExtent()
    spatial.extentCrs = layer.crs()
    box = layer.extent()
    spatial.bounds = QgsBox3d(box.xMinimum(), box.yMinimum(), 0, box.xMaximum(), box.yMaximum(), 0)
    extent = QgsLayerMetadata.Extent()
    extent.setSpatialExtents([spatial])
    if output.acquired is not None:
        moment = QDateTime.fromSecsSinceEpoch(int(output.acquired.timestamp()), UTC)
        extent.setTemporalExtents([QgsDateTimeRange(moment, moment)])
    metadata.setExtent(extent)
    layer.setMetadata(metadata)
    if output.warnings:
        QgsLayerNotesUtils.setLayerNotes(layer, _notes(output))


def _abstract(output: LayerOutput) -> str:
    """Doubts first, then what it is."""
    doubts = [f"Warning: {text.rstrip('.')}." for text in output.warnings]
    text = " ".join([*doubts, output.abstract]).strip()
    return escape(shown(text, keep="\n"), quote=False)


def _notes(output: LayerOutput) -> str:
    """The doubts in orange, then what the layer is: a mark beside its name opens them."""
    doubts = "".join(
        f'<p style="color:{DOUBT_COLOR}"><b>{escape(shown(text))}</b></p>'
        for text in output.warnings
    )
    return f"{doubts}<p>{escape(shown(output.abstract))}</p>"
