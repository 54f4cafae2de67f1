"""Scores of WAV files: one metric family a file, bounds, and the suite that runs them."""
