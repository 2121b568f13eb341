"""Outlines of patches of pixels, strip by strip: marks, the sieve, edges, rings, polygons."""
