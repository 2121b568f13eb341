"""FirstLight's pages in QGIS's options."""
