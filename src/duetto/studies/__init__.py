"""Studies: committed files of arms and hypotheses, their runs, and their verdicts."""
