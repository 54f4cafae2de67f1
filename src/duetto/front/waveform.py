"""Audio arguments of the public API: files or arrays.

Conventions: a waveform is a float array, full scale +-1.0, mono (S,) or (channels, S); channels are mixed equally to
mono. A path may be a `str` or a `Path`.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetto.errors import AudioError, ConfigError
from duetto.storage.audio import Waveform, write_audio

AnyPath = str | Path
AnyWaveform = NDArray[np.floating[Any]]
Audio = AnyPath | AnyWaveform  # an audio file or samples


def as_file(sound: Audio, path: Path, sample_rate: int | None) -> Path:
    """The file itself, or a new file at `path` with an array's samples."""
    if isinstance(sound, str | Path):
        return Path(sound)
    if sample_rate is None:
        raise ConfigError("An array does not know its sample rate: give sample_rate in Hz.")
    write_audio(path, to_mono(sound), sample_rate, "FLOAT")
    return path


def to_mono(waveform: AnyWaveform) -> Waveform:
    """Mix a waveform (S,) or (channels, S) to float32 (S,).

    Raises:
        AudioError: If it has another shape or type, is empty, or holds NaN or infinite samples.
    """
    samples = np.asarray(waveform)
    is_shaped = samples.ndim == 1 or (samples.ndim == 2 and len(samples) <= samples.shape[1])
    if not is_shaped or samples.size == 0 or not np.issubdtype(samples.dtype, np.floating):
        raise AudioError(
            f"The waveform has type {samples.dtype} and shape {samples.shape}; expected floats of full scale +-1.0, "
            "(samples,) or (channels, samples)."
        )
    if not np.isfinite(samples).all():
        raise AudioError("The waveform holds NaN or infinite samples. Render or export it again.")
    mono = samples if samples.ndim == 1 else samples.mean(axis=0)
    return np.ascontiguousarray(mono, dtype=np.float32)
