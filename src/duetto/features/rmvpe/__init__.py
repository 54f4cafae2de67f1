"""RMVPE, the pitch tracker of the RVC ecosystem: mel, network, decoding, weights."""
