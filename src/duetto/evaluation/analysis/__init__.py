"""What metrics are computed from: spectra, WORLD analysis, pitch, levels, held notes."""
