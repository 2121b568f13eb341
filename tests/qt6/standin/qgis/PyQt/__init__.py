"""As QGIS hands on Qt 6."""
