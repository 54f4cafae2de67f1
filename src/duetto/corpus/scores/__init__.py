"""The user's own scores, with or without the recordings rendered from them."""
