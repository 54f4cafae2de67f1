"""An additive source-filter singer for the tests: known pitch, known formants, a noise floor."""

import numpy as np

SAMPLE_RATE = 24000
DARK = ((500.0, 90.0), (1000.0, 110.0), (2500.0, 160.0), (3500.0, 250.0))
BRIGHT = ((750.0, 90.0), (1700.0, 110.0), (3000.0, 160.0), (4500.0, 250.0))


def melody(num_seconds, base_hz=220.0, rests=()):
    """A contour with vibrato and steps, per sample; 0 in the rests given as (start_s, end_s)."""
    time = np.arange(round(num_seconds * SAMPLE_RATE)) / SAMPLE_RATE
    steps = np.array([0, 2, 4, 5, 7, 5, 4, 2])[(time // 0.5).astype(int) % 8]
    contour = base_hz * 2 ** ((steps + 0.3 * np.sin(2 * np.pi * 5.5 * time)) / 12)
    for start, end in rests:
        contour[(time >= start) & (time < end)] = 0.0
    return contour


def sing(contour, formants=DARK, level=0.4, floor_db=-60.0, seed=0):
    """Harmonics of the contour, shaped by resonances, over white noise at `floor_db`."""
    phase = 2 * np.pi * np.cumsum(contour) / SAMPLE_RATE
    wave = np.zeros(contour.size)
    for k in range(1, 60):
        frequency = k * contour
        gain = sum(width**2 / ((frequency - centre) ** 2 + width**2) for centre, width in formants) + 0.003
        wave += np.where((frequency > 0) & (frequency < 11000), gain / k * np.sin(k * phase), 0.0)
    wave *= level / np.max(np.abs(wave))
    noise = np.random.default_rng(seed).standard_normal(wave.size) * 10 ** (floor_db / 20)
    return (wave + noise).astype(np.float32)
