"""Connects Hydra and the command line with the typed functions of the other packages."""
