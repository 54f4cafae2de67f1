"""Pitch trackers: one file each, listed in `registry`."""
