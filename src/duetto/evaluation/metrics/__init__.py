"""The metrics, one subject a file."""
