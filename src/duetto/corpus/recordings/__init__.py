"""The user's own recordings: usable files of a folder, and their split."""
