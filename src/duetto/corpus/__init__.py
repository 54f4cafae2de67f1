"""Builds the corpus of a case: audio files with a manifest, hashes and a consent record."""
