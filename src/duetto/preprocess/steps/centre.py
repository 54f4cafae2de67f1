"""Centre extraction from a stereo recording: what Audacity's "Isolate Vocals" does at the same numbers.

A voice in a mix usually lies in the centre: the same in both channels. Each cell of the spectrum is weighed by how much
of it is in the difference of the channels, against their sum:

    Y = (1 - min(1, |L - R|^2 / |L + R|^2)^(1 / strength^2)) (L + R) / 2

which is what the plug-in (Vocal Reduction and Isolation, Robert Haenggi) computes. Its strength works backwards from
what one may expect: 1 takes away the share of the power that the difference has, more takes more away wherever the
channels differ at all (at 4 a sound panned by amplitudes 1 : 0.9 falls by 10 dB), less leaves all that is louder in the
sum. What lies outside `low_hz` to `high_hz` is taken out. The mask is real and acts on single cells: bass and drums in
the centre stay, and where a side instrument crosses the voice, the voice gets holes.

Ours: the frame lasts 186 ms at any rate (the plug-in: 8192 samples, which is that at 44.1 kHz), with a Hann window and
four frames over each sample.
"""

from dataclasses import dataclass
from typing import ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from duetto.corpus.manifest import Dropped
from duetto.preprocess.segment import Drops, Segment, Segments
from duetto.preprocess.spectrum import Spectrum, bin_frequencies_hz, fft_size, transform_spectrum
from duetto.settings.config import require
from duetto.storage.audio import Waveform

FRAME_S = 8192 / 44_100
LEAST_POWER = 1e-20
LEAST_STRENGTH = 0.02  # of the plug-in, which takes less for it


@dataclass(frozen=True)
class Centre:
    """The middle of a stereo recording, in mono; parameters and defaults are Audacity's."""

    needs_channels: ClassVar[bool] = True

    strength: float = 1.0
    low_hz: float = 120.0
    high_hz: float = 9000.0

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        prefix = "preprocess.centre"
        require(0 <= self.strength <= 50, f"{prefix}.strength={self.strength}: expected 0 to 50.")
        require(0 <= self.low_hz < self.high_hz, f"{prefix}.low_hz={self.low_hz} must lie below {self.high_hz} Hz.")

    def apply(self, segments: Segments) -> tuple[Segments, Drops]:
        """Extract the centre of every stereo segment; lengths stay. A mono clip is left unchanged, with a remark."""
        if segments and any(len(segment.channels) != 2 for segment in segments):
            number = len(segments[0].channels)
            reason = f"no centre extracted: the clip has {number} channel{'s' * (number != 1)}, not two"
            return segments, (Dropped(segments[0].clip_id, 0.0, reason),)
        return tuple(self._extract(segment) for segment in segments), ()

    def _extract(self, segment: Segment) -> Segment:
        band = (self.low_hz, self.high_hz)
        return segment.with_waveform(extract_centre(segment.channels, segment.sample_rate, self.strength, band))


def extract_centre(
    channels: Waveform, sample_rate: int, strength: float, band_hz: tuple[float, float] = (0.0, float("inf"))
) -> Waveform:
    """The centre of a stereo waveform (2, S), mono, (1, S), on the same time base."""
    n_fft = fft_size(FRAME_S, sample_rate)
    frequency_hz = bin_frequencies_hz(n_fft, sample_rate)
    is_kept = ((frequency_hz >= band_hz[0]) & (frequency_hz <= band_hz[1])).astype(np.float32)

    def extract(spectrum: Spectrum) -> Spectrum:
        mid = np.float32(0.5) * (spectrum[0] + spectrum[1])
        return cast(Spectrum, (mid * centre_mask(spectrum, strength) * is_kept)[None])

    return transform_spectrum(channels, n_fft, extract)


def centre_mask(spectrum: Spectrum, strength: float) -> NDArray[np.float32]:
    """How much each cell of (2, T, F) is in the centre, (T, F), 0..1."""
    left, right = spectrum
    side, middle = np.square(np.abs(left - right)), np.square(np.abs(left + right))
    ratio = np.clip(side / np.maximum(middle, np.float32(LEAST_POWER)), 0, 1)
    return 1 - ratio ** np.float32(1 / max(strength, LEAST_STRENGTH) ** 2)
