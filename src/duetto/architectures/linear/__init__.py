"""The linear baseline: content to mel by ridge regression in closed form, sung by the vocoder."""
