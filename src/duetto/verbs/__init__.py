"""What `python -m duetto VERB` can do, a file each; `register` adds the verb's parser and its action."""
