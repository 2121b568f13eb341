"""Where: the area, as text and on the map."""
