"""Intermediates: clips between two steps, kept for listening (`preprocess.keep_intermediates=true`).

Number 0 is the clip as recorded, number 1 the result of the first step, and so on. Slicing has no intermediate, because
it only cuts.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from duetto.corpus.manifest import Clip
from duetto.preprocess.segment import Segments
from duetto.storage.audio import write_audio
from duetto.storage.files import sha256_file
from duetto.storage.full_scale import fit_full_scale

RECORDED = "recorded"  # name of number 0
NOT_KEPT = ("slice",)


def write_intermediate(
    folder: Path, clip: Clip, start: int, done: tuple[int, str], segments: Segments
) -> tuple[Clip, ...]:
    """Write the current segments of a part of a clip, end to end, as 16-bit FLAC; no file if nothing is left.

    Args:
        folder: Of the preprocessed corpus.
        clip: The recording.
        start: First sample of the part.
        done: Number of steps done, and the name of the last one or `RECORDED`.
        segments: What is left of the part; attenuated if it exceeds full scale.

    Raises:
        StorageError: If the folder cannot be written.
    """
    if not segments:
        return ()
    samples = np.concatenate([segment.waveform for segment in segments], axis=-1)
    number, step = done
    name = f"intermediate/{number}_{step}/{clip.id}" + (f"_from_{start}" if start else "")
    path = f"audio/{name}.flac"
    sample_rate = segments[0].sample_rate
    write_audio(folder / path, fit_full_scale(samples), sample_rate, "PCM_16")
    intermediate = replace(
        clip,
        id=name,
        path=path,
        sha256=sha256_file(folder / path),
        role="intermediate",
        sample_rate=sample_rate,
        num_samples=samples.shape[-1],
        start=segments[0].start,
    )
    return (intermediate,)
