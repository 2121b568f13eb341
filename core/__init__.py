"""FirstLight's engine: runs in any Python with its libraries, knows neither QGIS nor Qt."""
