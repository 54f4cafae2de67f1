"""The user's own recordings: which files of a folder are usable, and how they are split."""
