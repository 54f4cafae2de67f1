"""Conversion of recordings by a trained voice, at their exact length."""
