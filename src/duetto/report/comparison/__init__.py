"""Several runs and the studies on them as one page that opens from disk."""
