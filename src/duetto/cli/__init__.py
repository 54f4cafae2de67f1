"""The glue between Hydra, the command line and the typed functions below."""
