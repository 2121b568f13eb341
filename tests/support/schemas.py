"""The JSON schemas of docs/schemas, held against what commands print and write."""

from __future__ import annotations

import json
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schemas"


@lru_cache(maxsize=1)
def load_schemas() -> dict[str, Any]:
    """Name of each file → its schema."""
    return {path.name: json.loads(path.read_text("utf-8")) for path in SCHEMAS.glob("*.json")}


@cache
def _validator(name: str) -> Any:
    """What holds data against a schema, which may point into the others."""
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource

    schemas = load_schemas()
    registry: Any = (
        Registry()
        .with_resources(
            (schema["$id"], Resource.from_contents(schema)) for schema in schemas.values()
        )
        .crawl()
    )
    return Draft202012Validator(schemas[name], registry=registry)


def faults(name: str, data: Any) -> list[str]:
    """What of some data a schema does not allow, with its place."""
    plain = json.loads(json.dumps(data, allow_nan=False))
    found: list[str] = []
    for error in _validator(name).iter_errors(plain):
        deepest = [error]
        while deepest[-1].context:
            deepest.append(min(deepest[-1].context, key=lambda one: len(one.schema_path)))
        place = "/".join(map(str, error.absolute_path))
        found.append(f"{name} at {place or 'its top'}: {deepest[-1].message[:300]}")
    return found


def check(name: str, data: Any) -> None:
    """Fail where a schema does not allow the data."""
    assert not faults(name, data)
