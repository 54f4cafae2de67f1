"""File formats of scores."""
