"""Pitch contours in files of other programs: read in place of the tracker's, and written to be edited."""
