"""A clip becomes content, pitch and spectrogram frames on one time grid, cached by content."""
