"""Parts of the map of water from radar: levels, squares with water and land, growth."""
