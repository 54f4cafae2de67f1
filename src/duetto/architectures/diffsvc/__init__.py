"""Diff-SVC: content and melody to a mel spectrogram, by denoising diffusion."""
