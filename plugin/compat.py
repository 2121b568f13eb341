"""One place for the names that moved: Qt 5 → Qt 6, and enums that went into ``Qgis`` after QGIS
3.22.

Everything else in FirstLight uses scoped names that are valid from QGIS 3.22 to QGIS 4.
"""

from __future__ import annotations

from typing import Any

from qgis.core import (
    Qgis,
    QgsMapLayerProxyModel,
    QgsProcessing,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
    QgsTask,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import Qt, QTimeZone

try:  # Qt 6 moved it
    from qgis.PyQt.QtGui import QAction, QActionGroup
except ImportError:
    from qgis.PyQt.QtWidgets import QAction, QActionGroup

__all__ = [
    "DATE_AND_TIME",
    "FILE_BEHAVIOUR",
    "FLAG_ADVANCED",
    "FOLDER_BEHAVIOUR",
    "NUMBER_DOUBLE",
    "NUMBER_INTEGER",
    "POINT_GEOMETRY",
    "POLYGON_GEOMETRY",
    "RASTER_LAYERS",
    "RASTER_SOURCES",
    "TASK_SILENT",
    "UTC",
    "VECTOR_LAYERS",
    "VECTOR_POLYGON",
    "VECTOR_SOURCES",
    "QAction",
    "QActionGroup",
    "flag_number",
]

# What a QDateTime is made with; Qt 6 gives up the one that Qt 5 has.
UTC = (
    QTimeZone(QTimeZone.Initialization.UTC)
    if hasattr(QTimeZone, "Initialization")
    else Qt.TimeSpec.UTC
)


def _pick(new_enum: str, new_member: str, old_enum: Any, old_member: str) -> Any:
    """The member of ``Qgis.<new_enum>`` where this QGIS has it, else that of the enum it was
    before.
    """
    enum = getattr(Qgis, new_enum, None)
    return getattr(enum, new_member) if hasattr(enum, new_member) else getattr(old_enum, old_member)


FLAG_ADVANCED = _pick(
    "ProcessingParameterFlag", "Advanced", QgsProcessingParameterDefinition, "FlagAdvanced"
)
NUMBER_INTEGER = _pick(
    "ProcessingNumberParameterType", "Integer", QgsProcessingParameterNumber, "Integer"
)
NUMBER_DOUBLE = _pick(
    "ProcessingNumberParameterType", "Double", QgsProcessingParameterNumber, "Double"
)
DATE_AND_TIME = _pick(
    "ProcessingDateTimeParameterDataType", "DateTime", QgsProcessingParameterDateTime, "DateTime"
)
FILE_BEHAVIOUR = _pick(
    "ProcessingFileParameterBehavior", "File", QgsProcessingParameterFile, "File"
)
FOLDER_BEHAVIOUR = _pick(
    "ProcessingFileParameterBehavior", "Folder", QgsProcessingParameterFile, "Folder"
)
VECTOR_POLYGON = _pick("ProcessingSourceType", "VectorPolygon", QgsProcessing, "TypeVectorPolygon")
RASTER_SOURCES = _pick("ProcessingSourceType", "Raster", QgsProcessing, "TypeRaster")
POLYGON_GEOMETRY = _pick("GeometryType", "Polygon", QgsWkbTypes, "PolygonGeometry")
POINT_GEOMETRY = _pick("GeometryType", "Point", QgsWkbTypes, "PointGeometry")
RASTER_LAYERS = _pick("LayerFilter", "RasterLayer", QgsMapLayerProxyModel, "RasterLayer")
VECTOR_LAYERS = _pick("LayerFilter", "HasGeometry", QgsMapLayerProxyModel, "HasGeometry")
VECTOR_SOURCES = _pick(
    "ProcessingSourceType", "VectorAnyGeometry", QgsProcessing, "TypeVectorAnyGeometry"
)
# QGIS tells of no end of such a task, since 3.26: the plugin does, and better. Before, a flag that
# all tasks have.
TASK_SILENT = getattr(QgsTask.Flag, "Silent", QgsTask.Flag.CanCancel)


def flag_number(flag: Any) -> int:
    """A Qt flag as a number: item models hand over numbers, and Qt 6's flags are no numbers any
    more.
    """
    return int(getattr(flag, "value", flag))
