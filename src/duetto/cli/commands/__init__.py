"""The commands of `python -m duetto`, one a file."""
