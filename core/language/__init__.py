"""Sentences of core in another language."""

from __future__ import annotations

from pathlib import Path

LANGUAGES_PATH = Path(__file__).resolve().parents[2] / "resources" / "languages"
"""A table of sentences and a translation of windows for each language."""
