"""Files: audio, arrays, JSON and torch files, read with suspicion and written whole or not at all."""
