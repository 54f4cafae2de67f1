"""Studies: committed files that state what is compared, their runs, and their verdicts."""
