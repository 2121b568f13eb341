"""The page that maps an event."""
