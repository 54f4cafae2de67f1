"""A third architecture, as somebody else would add it: this folder and one entry point."""
