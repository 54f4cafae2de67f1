"""From mel spectrogram and melody to a waveform: NSF-HiFiGAN in the layouts that the field uses."""
