"""A stand-in for QGIS on Qt 6: its names, and its widgets as the Qt widgets that they are made of.

There is no QGIS on Qt 6 to be had in Debian. What of FirstLight is Qt's own runs on the real PyQt6;
what is QGIS's answers anything and does nothing.
"""
