"""Small base weights that we trained ourselves on embedded voices, each with its card."""
