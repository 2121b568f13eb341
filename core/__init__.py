"""FirstLight's engine: runs in any Python with its libraries, knows neither QGIS nor Qt."""

VERSION = "0.1.0"
PRODUCT = f"FirstLight {VERSION}"
