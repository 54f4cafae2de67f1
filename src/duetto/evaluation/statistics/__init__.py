"""Statistics of studies: contrasts, a crossed mixed model, resampling, equivalence, verdicts, shares."""
