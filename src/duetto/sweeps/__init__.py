"""Many runs from one command: planned, prepared once, run side by side, taken up again after a crash."""
