"""Noise: level of singing relative to the quietest twentieth of the frames.

The ratio is accurate to 1 dB between 5 and 50 dB if the recording has true pauses and the noise is stationary. It is
unknown if the quietest frames are voiced, because there is no pause, or digitally silent, because the noise was
removed. WADA-SNR was tried and is biased on singing.

Predicts case C: noisy recordings get cleaned, and the remaining noise is learned as breath.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from duetto.diagnosis.finding import Finding, Place, graded, worst_places
from duetto.diagnosis.sound import FRAME_S, Heard
from duetto.spans import true_spans

QUIET_SHARE = 0.05  # of 20 ms frames
SILENT_DB = -85.0  # below the floor of any microphone
ABOVE_FLOOR_DB = 3.0  # least level of singing
MAX_VOICED = 0.3  # share of the quietest frames
LEAST_S = 3.0
NOISY_DB, VERY_NOISY_DB = 35.0, 20.0


@dataclass(frozen=True)
class NoiseEvidence:
    """Powers of a sound; NaN if undefined."""

    snr_db: float
    floor_db: float
    seconds: float
    reason: str  # why it is unknown; "" = known
    place: Place | None  # the quietest stretch


def measure(heard: Heard) -> NoiseEvidence:
    """Measure the signal-to-noise ratio of a sound."""
    pairs = len(heard.level_db) // 2
    seconds = heard.sound.duration_s
    if seconds < LEAST_S or pairs == 0:
        return NoiseEvidence(np.nan, np.nan, seconds, "shorter than 3 s", None)
    power = np.mean(10 ** (heard.level_db[: 2 * pairs].reshape(-1, 2) / 10), axis=1)
    voiced = np.any(heard.f0_hz[: 2 * pairs].reshape(-1, 2) > 0, axis=1)
    order = np.argsort(power)
    quiet = order[: max(1, int(QUIET_SHARE * pairs))]
    floor_db = float(10 * np.log10(np.mean(power[quiet]) + 1e-16))
    recorded_floor_db = floor_db - heard.gain_db
    if floor_db < SILENT_DB:
        return NoiseEvidence(np.nan, recorded_floor_db, seconds, "the pauses are silenced", None)
    if np.mean(voiced[quiet]) > MAX_VOICED:
        return NoiseEvidence(np.nan, recorded_floor_db, seconds, "there are no pauses", None)
    is_active = heard.is_sung[: 2 * pairs].reshape(-1, 2).all(axis=1) & (
        power > 10 ** ((floor_db + ABOVE_FLOOR_DB) / 10)
    )
    active = power[is_active]
    signal = float(np.mean(active)) if len(active) else 0.0
    noise = float(np.mean(power[quiet]))
    snr_db = float(10 * np.log10(max(signal - noise, 1e-12) / noise))
    flags = np.zeros(len(heard.level_db), dtype=bool)
    flags[2 * quiet] = flags[2 * quiet + 1] = True
    longest = max(true_spans(flags), key=lambda span: span[1] - span[0])
    middle = sum(longest) / 2 * FRAME_S
    return NoiseEvidence(
        snr_db, recorded_floor_db, seconds, "", heard.sound.place(max(0.0, middle - 0.75), middle + 0.75)
    )


def conclude(evidence: Sequence[NoiseEvidence]) -> Finding:
    """Judge the noise of a corpus by the median over its pieces, weighted by their seconds."""
    known = [item for item in evidence if not item.reason]
    if not known:
        reasons = sorted({item.reason for item in evidence}) or ["nothing was heard"]
        return Finding("noise", "unknown", "; ".join(reasons), {"snr_db": float("nan"), "known_s": 0.0})
    order = np.argsort([item.snr_db for item in known])
    weights = np.cumsum([known[i].seconds for i in order])
    median_db = known[order[int(np.searchsorted(weights, weights[-1] / 2))]].snr_db
    worst = min(known, key=lambda item: item.snr_db)
    numbers = {
        "snr_db": median_db,
        "worst_snr_db": worst.snr_db,
        "floor_db": float(np.median([item.floor_db for item in known])),
        "known_s": float(weights[-1]),
    }
    where = worst.place.recording if worst.place else ""
    what = f"signal-to-noise ratio {median_db:.0f} dB (worst {worst.snr_db:.0f} dB, {where})"
    severity = graded(-median_db, -NOISY_DB, -VERY_NOISY_DB)
    if severity == "fine":
        return Finding("noise", severity, what, numbers)
    places = [item.place for item in sorted(known, key=lambda item: item.snr_db) if item.place is not None]
    return Finding(
        "noise",
        severity,
        what,
        numbers,
        "The voice learns the noise as breath and hiss, but strong cleaning does more harm (case C).",
        "Record closer or in a quieter room; otherwise reduce noise by at most 6 to 12 dB and read the damage ledger.",
        worst_places(places[:4]),
    )
