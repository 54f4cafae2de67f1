"""A case becomes a corpus: audio files with a manifest, hashes and a consent record."""
