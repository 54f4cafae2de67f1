"""Studies: committed files of what is compared, the runs that they ask for, and the verdicts that follow."""
