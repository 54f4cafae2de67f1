"""Public RVC files in and out: inference models, training checkpoints and indexes of RVC WebUI and Applio."""
