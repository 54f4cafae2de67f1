"""The public Python API, `import duetto`: thin wrappers of the functions behind train.py, infer.py and the verbs."""
