"""Real commands that are killed, starved and damaged: `make battery`. docs/reliability.md says what came of it."""
