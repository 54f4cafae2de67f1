"""Centre extraction from a stereo recording, as Audacity's vocal isolation does.

A voice in a mix usually lies in the centre: the same in both channels. Each cell of the spectrum is
weighed by how alike the channels are there:

    similarity = 2 Re(L R*) / (|L|^2 + |R|^2)                  Avendano & Jot 2004, section 3.1
    Y          = max(similarity, 0)^strength (L + R) / 2

Similarity is 1 for equal channels, 0 for a sound on one side or in quadrature, -1 for opposite
phase; a sound panned by amplitudes 1 : g has 2 g / (1 + g^2). Strength 0 is the plain mean of the
channels, 1 falls off linearly, more narrows the centre. What lies outside `low_hz` to `high_hz` is
taken out, as with Audacity's "Isolate Vocals" (Robert Haenggi's plug-in; parameters of the same
meaning: strength, low cut, high cut). The mask is real and acts on single cells: bass and drums in
the centre stay, and where a side instrument crosses the voice, the voice gets holes.

Reference: Avendano & Jot, "A frequency-domain approach to multichannel upmix", JAES 52(7/8), 2004.
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

FRAME_S = 4096 / 44_100
LEAST_POWER = 1e-20


@dataclass(frozen=True)
class Centre:
    """The middle of a stereo recording, in mono; the defaults are Audacity's."""

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
        return cast(Spectrum, (mid * similarity_mask(spectrum, strength) * is_kept)[None])

    return transform_spectrum(channels, n_fft, extract)


def similarity_mask(spectrum: Spectrum, strength: float) -> NDArray[np.float32]:
    """How alike two channels are in each cell of (2, T, F), to the power of the strength, (T, F), 0..1."""
    left, right = spectrum
    cross = (left * np.conj(right)).real
    power = np.square(np.abs(left)) + np.square(np.abs(right))
    similarity = np.clip(2 * cross / np.maximum(power, np.float32(LEAST_POWER)), 0, 1)
    return similarity ** np.float32(strength)
