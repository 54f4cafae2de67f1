"""Named steps over a corpus, with a ledger of what each removed."""
