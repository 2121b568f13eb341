"""Measures that the panels have in common."""

MARGINS = (4, 6, 4, 6)
"""Left, top, right, bottom of each step, in pixels: the dock must be usable when it is 300 wide."""
BAR_WIDTH = 40
"""Least of a progress bar; Qt's own is that of a text that it need not show."""
