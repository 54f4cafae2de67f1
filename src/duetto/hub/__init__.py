"""Weights of other people that no package ships: a table, one cache, downloads, and digests that are always checked."""
