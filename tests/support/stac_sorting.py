"""A STAC API that sorts where it says so, and a crowd of items over four collections to
search in.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from .stac_server import CONFORMS_TO, Behaviour, StacServer, _Handler, make_item

SORT = "https://api.stacspec.org/v1.0.0/item-search#sort"
Json = dict[str, Any]
Points = Sequence[Sequence[float]]


class _PromptHandler(_Handler):
    disable_nagle_algorithm = True


class SortingServer(StacServer):
    """As ``StacServer``; sorts by ``sortby`` where its behaviour conforms to SORT, and ignores it
    elsewhere.
    """

    def __init__(
        self, items: Sequence[Json] = (), behaviour: Behaviour | None = None, sorts: bool = True
    ) -> None:
        behaviour = behaviour or Behaviour(
            conforms_to=(*CONFORMS_TO, SORT) if sorts else CONFORMS_TO
        )
        super().__init__(items, behaviour=behaviour)
        # Headers and body are two packets, and each pair would wait 40 ms for an acknowledgement.
        self.RequestHandlerClass = _PromptHandler
        self._given = list(items)
        self._one_at_a_time = threading.Lock()

    def search(self, method: str, query: Json) -> Json | None:
        """One page, in the order that is asked for."""
        with self._one_at_a_time:
            self.items = list(self._given)
            if SORT in self.behaviour.conforms_to:
                for one in reversed(query.get("sortby") or []):
                    self.items.sort(
                        key=lambda item: _value(item, one["field"]),
                        reverse=one["direction"] == "desc",
                    )
            return super().search(method, query)


def _value(item: Json, field: str) -> Any:
    for step in field.split("."):
        item = item[step]
    return item


BANDS = {
    "sentinel-2-l2a": ("blue", "green", "red", "nir", "swir16", "swir22", "scl"),
    "sentinel-2-c1-l2a": ("blue", "green", "red", "nir", "swir16", "swir22", "scl"),
    "landsat-c2-l2": ("blue", "green", "red", "nir08", "swir16", "swir22", "qa_pixel"),
    "sentinel-1-rtc": ("vv", "vh"),
}
PLATFORMS = {
    "sentinel-2-l2a": ("sentinel-2a", "sentinel-2b"),
    "sentinel-2-c1-l2a": ("sentinel-2a", "sentinel-2b"),
    "landsat-c2-l2": ("landsat-7", "landsat-8", "landsat-9"),
    "sentinel-1-rtc": ("SENTINEL-1A",),
}
FIRST_DAY = datetime(2024, 6, 1, tzinfo=timezone.utc)


def crowd(each: int = 60, seed: int = 3) -> list[Json]:
    """``each`` items of every collection over June 2024 around 8° E 46° N: tilted footprints, any
    cloud, in no order.
    """
    dice = random.Random(seed)
    items = []
    for collection, bands in BANDS.items():
        for number in range(each):
            lon, lat = dice.uniform(5, 11), dice.uniform(44, 48)
            wide, high, lean = (
                dice.uniform(0.3, 1.2),
                dice.uniform(0.3, 0.9),
                dice.uniform(-0.3, 0.3),
            )
            corners = [
                (lon, lat),
                (lon + wide, lat + lean),
                (lon + wide + lean / 2, lat + lean + high),
                (lon + lean / 2, lat + high),
            ]
            when = FIRST_DAY + timedelta(
                seconds=dice.randrange(30 * 86400), milliseconds=dice.randrange(1000)
            )
            items.append(
                slanted_item(
                    f"{collection}-{number:03d}",
                    corners,
                    when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                    collection,
                    {
                        name: {"href": f"https://example.org/{collection}/{number}/{name}.tif"}
                        for name in bands
                    },
                    platform=dice.choice(PLATFORMS[collection]),
                    **(
                        {}
                        if collection == "sentinel-1-rtc"
                        else {"eo:cloud_cover": round(dice.uniform(0, 100), 2)}
                    ),
                )
            )
    dice.shuffle(items)
    return items


def slanted_item(
    item_id: str, corners: Points, when: str, collection: str, assets: Json, **properties: Any
) -> Json:
    """An item whose footprint is a polygon, so that its box tells less than its outline."""
    xs, ys = [p[0] for p in corners], [p[1] for p in corners]
    item = make_item(
        item_id, (min(xs), min(ys), max(xs), max(ys)), when, collection, assets, **properties
    )
    ring = [list(point) for point in (*corners, corners[0])]
    return {**item, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def outline(item: Json) -> list[tuple[float, float]]:
    """The corners of an item's footprint."""
    return [(x, y) for x, y in item["geometry"]["coordinates"][0][:-1]]


def convex_overlap(one: Points, other: Points) -> bool:
    """Whether two convex polygons have a common surface: no edge of either separates them
    (separating axis theorem).
    """
    for polygon in (one, other):
        for place, (x1, y1) in enumerate(polygon):
            x2, y2 = polygon[place - 1]
            axis = (y2 - y1, x1 - x2)
            spans = []
            for points in (one, other):
                shadow = [axis[0] * x + axis[1] * y for x, y in points]
                spans.append((min(shadow), max(shadow)))
            if spans[0][1] <= spans[1][0] or spans[1][1] <= spans[0][0]:
                return False
    return True
