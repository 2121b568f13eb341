"""What lies under an extent: areas, people, buildings and roads, by exact shares of pixels."""
