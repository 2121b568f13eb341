"""Stands in for Processing's windows."""
