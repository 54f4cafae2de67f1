"""One preprocessing step a file, each a pure function with typed parameters."""
