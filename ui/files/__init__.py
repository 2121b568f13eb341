"""The page of one's own files: every operation as a form."""
