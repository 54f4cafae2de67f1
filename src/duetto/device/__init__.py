"""What there is to compute on: the NVIDIA card, or the CPU. Decided here, once, for all of duetto."""
