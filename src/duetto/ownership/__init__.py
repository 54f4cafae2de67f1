"""Consent records: the owner of a voice, and what they allow."""
