"""The front door: what `import duetto` offers, thin over the functions that train.py, infer.py and the verbs call."""
