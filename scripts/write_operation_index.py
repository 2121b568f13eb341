"""Writes resources/operations.json, from which QGIS and ``flight`` know the operations at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def operations() -> Iterator[dict[str, Any]]:
    """What the index says of each, in the order of the registry."""
    from firstlight.core.doors.operation_index import describe
    from firstlight.core.operations.registry import OPERATIONS

    for operation in OPERATIONS:
        # An operation is made where its parameters are.
        module = sys.modules[operation.params.__module__]
        [variable] = [name for name, value in vars(module).items() if value is operation]
        yield describe(operation, module.__name__.partition(".core.")[2], variable)


def text() -> str:
    """The file."""
    rows = (json.dumps(row, ensure_ascii=False, sort_keys=True) for row in operations())
    return "[\n" + ",\n".join(rows) + "\n]\n"


if __name__ == "__main__":
    from firstlight.core.doors.operation_index import INDEX_PATH

    path = Path(sys.argv[1]) if len(sys.argv) > 1 else INDEX_PATH
    path.write_text(text(), encoding="utf-8")
    print(f"Wrote {path}")
