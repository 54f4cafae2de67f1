"""SVP, the project format of Synthesizer V Studio."""
