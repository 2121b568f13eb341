"""How sure a map is: of each pixel, and of the area that it counts."""
