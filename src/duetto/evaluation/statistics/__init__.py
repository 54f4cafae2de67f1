"""What a study concludes from scores: contrasts, a crossed mixed model, resampling, equivalence, verdicts, shares."""
