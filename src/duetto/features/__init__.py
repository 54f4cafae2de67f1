"""Content, pitch and spectrogram frames of a clip on one time grid, cached by content."""
