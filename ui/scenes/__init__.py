"""The page of scenes: search, table, bands, run."""
