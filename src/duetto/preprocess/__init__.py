"""Named preprocessing steps over a corpus, with a ledger of what each step removed."""
