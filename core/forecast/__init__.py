"""Rain and wind that a weather model expects over an area."""
