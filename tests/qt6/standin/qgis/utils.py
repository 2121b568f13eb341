"""No desktop, no other plugin."""

from __future__ import annotations

from typing import Any

iface = None
plugins: dict[str, Any] = {}
