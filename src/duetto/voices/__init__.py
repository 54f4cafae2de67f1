"""A trained voice on disk: find, load, permission, pretrained weights, interchange with other systems."""
