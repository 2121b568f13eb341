"""Bands of VRTs that are read past GDAL: copies, repetitions and doublings of whole numbers."""
