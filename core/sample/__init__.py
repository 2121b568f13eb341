"""A simulated wildfire to try things out with: no network, no account, and known to be made up."""
