"""Natural synthetic voices as a corpus: the ensemble, for pretrained weights that keep a person's words."""
