"""FirstLight inside QGIS: tasks, layers, Processing; shows no widget itself."""
