"""Where the runs of a sweep are worked on: on this machine, by Slurm, by Ray; one protocol."""
