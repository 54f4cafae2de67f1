"""What each metric answers to: known degradations in known doses."""
