"""Consent records: whose voice it is, and what is allowed."""
