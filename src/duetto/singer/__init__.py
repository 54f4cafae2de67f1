"""The embedded singer: a score and a voice in, a waveform and its annotations out; deterministic."""
