"""Scores: notes, lyrics, tempo, expression, and the VSQX files that hold them."""
