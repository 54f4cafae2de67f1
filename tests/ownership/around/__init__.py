"""Ways around consent, each with the test that it fails."""
