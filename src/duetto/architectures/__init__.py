"""The architectures: one folder each, and their registry."""
