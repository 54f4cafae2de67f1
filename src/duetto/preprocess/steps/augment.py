"""Augmentation: copies of the training audio at other pitches or tempos, made by WORLD.

Either the pitch is changed and the spectral envelope kept, so that a copy is the same voice at another pitch, or time
is stretched and the pitch kept. Each copy is a separate segment after the end of the clip, because it has no place
within it. The seconds gained appear in the ledger as negative dropped seconds. This works for both architectures.

The formants of a real voice change with its register, which WORLD does not reproduce. The studies `register` and
`tempo_leakage` measure benefit and harm.

Reference: Morise et al., IEICE Transactions E99-D(7), 2016 (WORLD).
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from duetto.corpus.manifest import Dropped
from duetto.preprocess.segment import Drops, Segment, Segments
from duetto.settings.config import require
from duetto.storage.audio import Waveform
from duetto.units import semitones_to_ratio
from duetto.world import F0_CEIL_HZ, F0_FLOOR_HZ, aperiodicity, import_world, power_envelope

pyworld = import_world()

FRAME_MS = 5.0


@dataclass(frozen=True)
class WorldAnalysis:
    """WORLD's analysis of a stretch; T frames, one every 5 ms."""

    f0_hz: NDArray[np.float64]  # (T,)
    envelope: NDArray[np.float64]  # (T, F)
    aperiodicity: NDArray[np.float64]  # (T, F)


@dataclass(frozen=True)
class Augment:
    """Copies at each of several pitches and tempos."""

    needs_channels: ClassVar[bool] = False

    semitones: tuple[float, ...] = ()  # a copy at each, up if positive
    stretches: tuple[float, ...] = ()  # a copy at each, 2 = twice as slow

    def __post_init__(self) -> None:
        """Refuse missing, trivial or extreme copies."""
        require(
            len(self.semitones) + len(self.stretches) > 0,
            "preprocess.augment needs semitones, such as [3, 6], or stretches, such as [1.5, 2].",
        )
        for value in self.semitones:
            require(0 < abs(value) <= 24, f"preprocess.augment.semitones holds {value}: expected -24 to 24, not 0.")
        for value in self.stretches:
            require(
                0.25 <= value <= 4 and value != 1,
                f"preprocess.augment.stretches holds {value}: expected 0.25 to 4, not 1.",
            )

    def apply(self, segments: Segments) -> tuple[Segments, Drops]:
        """The segments, followed by their copies."""
        copies: list[Segment] = []
        for segment in segments:
            waveforms = self.copies(segment.waveform, segment.sample_rate)
            end = max(each.start + each.num_samples for each in (*segments, *copies))
            for waveform in waveforms:
                copies.append(Segment(waveform, segment.sample_rate, segment.clip_id, end, segment.origin))
                end += len(waveform)
        gained_s = sum(copy.duration_s for copy in copies)
        dropped = (Dropped(segments[0].clip_id, -gained_s, "copies at other pitches or tempos"),) if copies else ()
        return (*segments, *copies), dropped

    def copies(self, waveform: Waveform, sample_rate: int) -> list[Waveform]:
        """The waveform (S,) at each pitch, (S,), then at each tempo, (round(S * stretch),); empty for silence."""
        if not np.any(waveform):
            return []
        voice = analyse_voice(waveform, sample_rate)
        peak = float(np.max(np.abs(waveform)))
        tasks = [(semitones, 1.0) for semitones in self.semitones] + [(0.0, stretch) for stretch in self.stretches]
        return [
            _fit(sing_voice(voice, sample_rate, semitones, stretch), round(len(waveform) * stretch), peak)
            for semitones, stretch in tasks
        ]


def analyse_voice(waveform: Waveform, sample_rate: int) -> WorldAnalysis:
    """Pitch by DIO and StoneMask, envelope by CheapTrick, aperiodicity by D4C."""
    samples = np.ascontiguousarray(waveform, dtype=np.float64)
    rough_hz, times_s = pyworld.dio(
        samples, sample_rate, f0_floor=F0_FLOOR_HZ, f0_ceil=F0_CEIL_HZ, frame_period=FRAME_MS
    )
    f0_hz = pyworld.stonemask(samples, rough_hz, times_s, sample_rate)
    voice = samples, f0_hz, times_s, sample_rate
    return WorldAnalysis(f0_hz, power_envelope(*voice), aperiodicity(*voice))


def sing_voice(voice: WorldAnalysis, sample_rate: int, semitones: float, stretch: float) -> NDArray[np.float64]:
    """The voice at another pitch and tempo, (about S * stretch,)."""
    num_frames = len(voice.f0_hz)
    at = np.minimum(np.arange(max(1, round(num_frames * stretch))) / stretch, num_frames - 1)
    nearest = np.round(at).astype(np.int64)  # pitch is not interpolated across a change of voicing
    low = np.floor(at).astype(np.int64)
    share = (at - low)[:, None]
    high = np.minimum(low + 1, num_frames - 1)

    def between(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.ascontiguousarray((1 - share) * values[low] + share * values[high])

    f0_hz = np.ascontiguousarray(voice.f0_hz[nearest] * semitones_to_ratio(semitones))
    sung: NDArray[np.float64] = pyworld.synthesize(
        f0_hz, between(voice.envelope), between(voice.aperiodicity), sample_rate, FRAME_MS
    )
    return sung


def _fit(sung: NDArray[np.float64], num_samples: int, peak: float) -> Waveform:
    """Cut or pad to a length, and match the original's level."""
    fitted = np.pad(sung, (0, max(0, num_samples - len(sung))))[:num_samples]
    return (fitted * (peak / max(float(np.max(np.abs(fitted))), 1e-9))).astype(np.float32)
