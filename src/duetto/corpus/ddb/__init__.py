"""VOCALOID singer databases: reader, writer, and the corpus of their fragments."""
