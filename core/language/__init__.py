"""Sentences of core in another language."""
