"""Many runs from one command: planned, prepared once, run in parallel, resumed after a crash."""
