"""Standard MIDI files with lyrics."""
