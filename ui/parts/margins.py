"""Margins that the panels have in common."""

from __future__ import annotations

MARGINS = (4, 6, 4, 6)
"""Left, top, right, bottom of each step, in pixels: the dock must be usable when it is 360 wide."""
