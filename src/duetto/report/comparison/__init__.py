"""One page, readable from disk, on several runs and their studies."""
