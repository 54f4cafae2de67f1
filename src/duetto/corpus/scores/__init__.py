"""Corpora from the user's own scores, with or without recordings rendered from them."""
