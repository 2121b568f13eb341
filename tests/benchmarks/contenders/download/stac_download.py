# title: stac-asset, no checksum
# python: peers
import asyncio

import stac_asset
from task import OUT, item

asyncio.run(stac_asset.download_item(item(), OUT, config=stac_asset.Config(warn=False)))
