"""The page of jobs: what is running."""
