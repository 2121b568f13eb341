"""Items as an answer holds them, before anybody reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..times import parse_time
from .body import Json, said_by
from .query import SearchForm
from .transport import Answer
from .trouble import NO_STAC, NO_STAC_HINT, Trouble


def features_of(answer: Answer) -> list[Any]:
    """The items of an answer.

    Raises
    ------
    Trouble
        If it has none: some servers answer 200 with an error.
    """
    features = answer.tree.get("features")
    if isinstance(features, list):
        return features
    said = said_by(answer.tree)
    if said:
        raise Trouble(f"it answered with an error: {said}", 200, temporary=True)
    raise Trouble(f"{NO_STAC} (it has no features)", 200, hint=NO_STAC_HINT)


def belongs(item: Any, form: SearchForm) -> bool:
    """Whether an item is of the collection that is searched, or does not say; what is no item is
    counted by whoever reads it.
    """
    if not isinstance(item, Mapping) or not form.collections:
        return True
    name = item.get("collection")
    return name is None or name in form.collections or name == form.alias


def is_likely(item: Any, form: SearchForm) -> bool:
    """Whether an item may be what was asked for, by its collection, box and time."""
    if not belongs(item, form):
        return False
    if not isinstance(item, Mapping):
        return True
    time = time_of(item)
    in_time = time is None or form.period is None or form.period[0] <= time <= form.period[1]
    return in_time and form.meets(item.get("bbox"))


def alias_of(features: list[Any], form: SearchForm) -> str:
    """The other name under which a server gives the collection, where all items have that one."""
    names = {item.get("collection") for item in features if isinstance(item, Mapping)}
    name = names.pop() if len(names) == 1 else None
    known = isinstance(name, str) and bool(form.collections) and name not in form.collections
    return str(name) if known and form.is_alias(str(name)) else ""


def identity(item: Any) -> str:
    """The same for the same item."""
    if not isinstance(item, Mapping):
        return json.dumps(item, default=str)[:200]
    return f"{item.get('collection')}/{item.get('id')}"


def time_of(item: Any) -> datetime | None:
    """Moment of an item; None where it states none."""
    properties = item.get("properties") if isinstance(item, Mapping) else None
    time = properties.get("datetime") if isinstance(properties, Mapping) else None
    try:
        return parse_time(time) if isinstance(time, str) else None
    except ValueError:
        return None


def matched(tree: Json) -> int | None:
    """Number of items that the catalogue says it has of this search, in any version's words."""
    for place in (tree, tree.get("context"), tree.get("search:metadata")):
        if isinstance(place, Mapping):
            for name in ("numberMatched", "matched"):
                value = place.get(name)
                if isinstance(value, int) and not isinstance(value, bool):
                    return value
    return None
