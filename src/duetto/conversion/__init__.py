"""A trained run converts recordings, at their exact length."""
