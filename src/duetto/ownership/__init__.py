"""Whose voice it is: consent records."""
