"""The user's own recordings: what lies in a folder, what of it can be used, and how it is split."""
