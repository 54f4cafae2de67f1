"""VSQX, the score format of VOCALOID 3 and 4."""
