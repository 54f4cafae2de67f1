"""Singer databases of VOCALOID: reader, writer, and the corpus made of their fragments."""
