"""Codes that mean the same in every raster of classes."""

from __future__ import annotations

NOT_OBSERVED = 255
"""The class of pixels of which nothing is known: cloud, shadow, no data. Never the same as "no
damage".
"""
NOT_OBSERVED_COLOR = (128, 128, 128)
"""Red, green, blue of that class on every map."""
OUTSIDE = 254
"""The class of pixels outside of the area that was asked for: in no number, and not the same as
"not observed".
"""
OUTSIDE_NAME = "Outside the area"
OUTSIDE_COLOR = (255, 255, 255)
"""For programs that show every class; FirstLight leaves these pixels transparent."""
