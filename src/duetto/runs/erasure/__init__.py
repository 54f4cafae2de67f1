"""Erases a person's recordings and everything made from them: plan, removal, certificate."""
