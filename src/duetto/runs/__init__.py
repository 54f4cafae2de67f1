"""One run from settings to a scored page: prepare, train, test, finish; and conversion with a trained run."""
