"""The command line before Hydra reads it: known settings, suggestions for misspelt ones, literal paths and names."""
