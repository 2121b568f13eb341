"""Stands in for QGIS's Processing."""
