"""Brings every clip to the same programme loudness.

ITU-R BS.1770-4 integrated loudness, measured by pyloudnorm: its K-weighting is within 0.1 dB of the standard at 16 kHz
and above, also at full scale. There is one gain per clip, so that loud and soft phrases keep their relation.
"""

import math
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from pyloudnorm import Meter

from duetto.corpus.manifest import Dropped
from duetto.preprocess.segment import Drops, Segment, Segments
from duetto.settings.config import require
from duetto.storage.audio import Waveform
from duetto.storage.full_scale import PEAK_LIMIT
from duetto.units import amplitude_to_db, db_to_amplitude

GATE_BLOCK_S = 0.4  # BS.1770: shorter audio has no block to measure
GATE_HOP_S = 0.1  # BS.1770: blocks overlap by three quarters
MIN_LUFS = -70.0  # BS.1770's absolute gate: softer blocks do not count


@dataclass(frozen=True)
class Loudness:
    """Gain to a target loudness, as far as the peak allows."""

    target_lufs: float = -23.0  # EBU R 128

    def __post_init__(self) -> None:
        """Refuse impossible levels."""
        require(
            MIN_LUFS < self.target_lufs <= 0,
            f"preprocess.loudness.target_lufs={self.target_lufs}: expected {MIN_LUFS:.0f} to 0 LUFS.",
        )

    def apply(self, segments: Segments) -> tuple[Segments, Drops]:
        """Scale the segments of each clip by one gain; a silent clip is left unchanged."""
        louder: list[Segment] = []
        remarks: list[Dropped] = []
        for clip_id, group in groupby(segments, key=lambda segment: segment.clip_id):
            members = tuple(group)
            measured = _clip_loudness(members)
            if not math.isfinite(measured):
                remarks.append(Dropped(clip_id, 0.0, "loudness not changed: nothing above -70 LUFS"))
                louder += members
                continue
            gain_db = self.target_lufs - measured
            peak = max(float(np.max(np.abs(member.waveform), initial=0.0)) for member in members)
            headroom_db = float(amplitude_to_db(PEAK_LIMIT / peak))
            if gain_db > headroom_db:
                reached = measured + headroom_db
                remarks.append(Dropped(clip_id, 0.0, f"loudness {reached:.1f} LUFS: the peak allows no more"))
            gain = np.float32(db_to_amplitude(min(gain_db, headroom_db)))
            louder += [member.with_waveform((member.waveform * gain).astype(np.float32)) for member in members]
        return tuple(louder), tuple(remarks)


def _clip_loudness(members: Segments) -> float:
    """Loudness of a clip in LUFS: power mean over its segments, each gated by itself, silent ones left out.

    A clip of up to five minutes is one segment, for which this is exactly BS.1770.
    """
    measured = np.array([integrated_loudness(member.waveform, member.sample_rate) for member in members])
    seconds = np.array([member.duration_s for member in members])
    heard = np.isfinite(measured)
    if not heard.any():
        return math.nan
    power = np.sum(seconds[heard] * 10.0 ** (measured[heard] / 10.0)) / np.sum(seconds[heard])
    return float(10.0 * np.log10(power))


def integrated_loudness(waveform: Waveform, sample_rate: int) -> float:
    """Loudness of a mono waveform (S,) in LUFS; NaN if no block of 0.4 s exceeds -70 LUFS.

    Audio shorter than 0.4 s is repeated to that length; an incomplete last block does not count.
    """
    if len(waveform) == 0:
        return math.nan
    minimum = math.ceil(GATE_BLOCK_S * sample_rate)
    long_enough = np.resize(waveform, minimum) if len(waveform) < minimum else waveform
    hops = math.floor(round(len(long_enough) / (GATE_HOP_S * sample_rate), 6))
    whole = long_enough[: math.ceil(hops * GATE_HOP_S * sample_rate)]  # pyloudnorm would count an incomplete block
    value = float(Meter(sample_rate).integrated_loudness(whole.astype(np.float64)))
    return value if math.isfinite(value) else math.nan
