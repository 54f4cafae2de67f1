"""The commands of `python -m duetto`, one per file."""
