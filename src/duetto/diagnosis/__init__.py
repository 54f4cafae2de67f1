"""The data doctor: finds problems of the recordings before a voice is trained."""
