"""Building blocks that both architectures share."""
