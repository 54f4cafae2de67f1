"""What a person types, before Hydra reads it: which settings there are, and values taken letter by letter."""
