"""The window of the plugin: its pages, and what they share."""
