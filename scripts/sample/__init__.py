"""The sample catalogue's contents: one small real Sentinel-2 scene, and simulated events whose
truth is known.
"""
