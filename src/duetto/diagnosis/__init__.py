"""The data doctor: what will go wrong with a voice, said before it is trained."""
