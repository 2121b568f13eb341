"""Catalogues and accounts to choose from."""
