"""Metadata of a layer: title, abstract, extent, time (QGIS's layer metadata)."""

from __future__ import annotations

from html import escape

from qgis.core import QgsBox3d, QgsDateTimeRange, QgsLayerMetadata, QgsMapLayer
from qgis.PyQt.QtCore import QDateTime, Qt

from ..core.operation import LayerOutput
from ..core.text import shown


def describe_layer(layer: QgsMapLayer, output: LayerOutput) -> None:
    """Fill a layer's metadata; what is not known stays empty."""
    metadata = QgsLayerMetadata()
    title = f"{output.title}, {output.group}" if output.group else output.title
    # QGIS shows these as HTML.
    metadata.setIdentifier(escape(shown(output.path.stem), quote=False))
    metadata.setTitle(escape(shown(title), quote=False))
    metadata.setAbstract(escape(shown(output.abstract, keep="\n"), quote=False))
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
        moment = QDateTime.fromSecsSinceEpoch(int(output.acquired.timestamp()), Qt.TimeSpec.UTC)
        extent.setTemporalExtents([QgsDateTimeRange(moment, moment)])
    metadata.setExtent(extent)
    layer.setMetadata(metadata)
