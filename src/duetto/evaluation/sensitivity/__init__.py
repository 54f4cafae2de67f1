"""The sensitivity of every metric to known degradations in known doses."""
