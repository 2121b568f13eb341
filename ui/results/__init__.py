"""What came of a run: areas as bars, and the pictures before and after."""
