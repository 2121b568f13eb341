# title: requests, 4 threads, sha2-256 verified while streaming
# python: peers
# What a careful analyst writes: the item's checksum is compared before the file gets its name.
import hashlib
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import requests
from task import BANDS, ITEMS, OUT

assets = json.loads(ITEMS.read_text(encoding="utf-8"))["features"][0]["assets"]
session = requests.Session()


def fetch(band: str) -> bool:
    digest, part = hashlib.sha256(), OUT / f"{band}.part"
    with (
        session.get(assets[band]["href"], stream=True, timeout=60) as answer,
        part.open("wb") as file,
    ):
        answer.raise_for_status()
        while piece := answer.raw.read(1 << 20):
            digest.update(piece)
            file.write(piece)
    if "1220" + digest.hexdigest() != assets[band]["file:checksum"]:
        return False
    part.rename(OUT / f"{band}.tif")
    return True


with ThreadPoolExecutor(4) as pool:
    sys.exit(not all(pool.map(fetch, BANDS)))
