"""Buzz: a comb at the frame rate, the rasp that vocoders of HiFi-GAN's kind add to consonants and breaths.

A generator that repeats its upsampling every frame makes of a steady spectrum a tone at the frame rate (100 Hz at 24
kHz and a hop of 240) with all its overtones. Where something is sung the harmonics hide it, so it is measured where the
reference's contour is unvoiced: power at the multiples of the frame rate over the power midway between them, averaged
over the multiples from 1 to 11 kHz that are not masked by the spectrum's slope, in dB. Noise has 0 dB; lower is better.
Windows are six frames long and lie entirely, with 10 ms on either side, in unvoiced stretches; each counts alike,
whatever its level, unless it is 60 dB below the loudest of the recording. Undefined (NaN) with less than half a second
of such windows. The source may have a comb of its own, so the excess over it is what counts.
Own definition; cause and cure are in docs/decisions/frame-comb.md.
"""

import math

import numpy as np
from numpy.typing import NDArray

from duetto.evaluation.analysis.spectra import CONTOUR_HOP_S, SAMPLE_RATE
from duetto.evaluation.analysis.world import FloatArray
from duetto.evaluation.measure import Alone, Measure, ScoredSong, Scores
from duetto.evaluation.metric import by_itself, plain
from duetto.storage.audio import Waveform

BAND_HZ = (1000.0, 11_000.0)  # of the teeth
LEAST_FLOOR = 1e-3  # of the highest floor; teeth over a lower one are masked
WINDOW_FRAMES = 6  # a tooth of a Hann window then reaches a third of the way to the next one
FLOOR = (0.4, 0.5)  # where the floor is measured, on either side of a tooth, as a share of the frame rate
MARGIN_S = 0.01  # between a window and anything voiced
LEAST_S = 0.5
BIN_HZ = 5.0
AUDIBLE_DB = 60.0  # below the loudest window of the recording; softer ones are no sound
BLOCK = 256  # windows that are transformed at once


def comb_db(power: FloatArray, bin_hz: float, frame_rate_hz: float, floor: tuple[float, float] = FLOOR) -> float:
    """How far the comb at the frame rate stands above the floor between its teeth.

    Args:
        power: Spectrum up to half the sample rate, (F,), any scale.
        bin_hz: Distance of its bins, Hz.
        frame_rate_hz: Distance of the teeth, Hz.
        floor: Nearest and farthest distance from a tooth at which the floor is measured, as shares of the frame rate.

    Returns:
        dB, 0.0 for a smooth spectrum; NaN without power in the band.
    """
    near, far = (round(share * frame_rate_hz / bin_hz) for share in floor)
    first, last = math.ceil(BAND_HZ[0] / frame_rate_hz), math.ceil(BAND_HZ[1] / frame_rate_hz)
    places = [round(tooth * frame_rate_hz / bin_hz) for tooth in range(first, last)]
    places = [place for place in places if place + far < len(power)]
    teeth = np.array([power[place - 1 : place + 2].mean() for place in places])
    below = [power[place - far : place - near + 1] for place in places]
    above = [power[place + near : place + far + 1] for place in places]
    floors = np.array([np.concatenate(sides).mean() for sides in zip(below, above, strict=True)])
    if not floors.size or floors.max() <= 0.0:
        return math.nan
    is_heard = floors > LEAST_FLOOR * floors.max()
    return float(10.0 * np.log10(np.mean(teeth[is_heard] / floors[is_heard])))


def buzz(waveform: Waveform, f0_hz: FloatArray, frame_rate_hz: float) -> float:
    """The comb of a recording where nothing is sung.

    Args:
        waveform: (S,) at 24 kHz.
        f0_hz: Contour of the reference, (T,), a value every 5 ms, 0.0 where unvoiced.
        frame_rate_hz: Of the conversion's mel or spectrogram, Hz.

    Returns:
        dB; NaN with too few unvoiced windows in which there is sound.
    """
    length = round(WINDOW_FRAMES * SAMPLE_RATE / frame_rate_hz)
    hop = length // 2
    starts = unvoiced_windows(f0_hz, waveform.size, length, hop)
    window, loudest = np.hanning(length), float(_powers(_cut(waveform, length)).max(initial=0.0))
    power, count = np.zeros(round(SAMPLE_RATE / BIN_HZ) // 2 + 1), 0
    for first in range(0, len(starts), BLOCK):
        pieces = np.asarray(waveform[starts[first : first + BLOCK, None] + np.arange(length)], dtype=np.float64)
        powers = _powers(pieces)
        is_heard = powers > loudest * 10.0 ** (-AUDIBLE_DB / 10.0)
        spectra = np.fft.rfft(pieces[is_heard] * window, round(SAMPLE_RATE / BIN_HZ))
        power += np.sum(np.abs(spectra) ** 2 / powers[is_heard, None], axis=0)
        count += int(is_heard.sum())
    return comb_db(power, BIN_HZ, frame_rate_hz) if count * hop >= LEAST_S * SAMPLE_RATE else math.nan


def _cut(waveform: Waveform, length: int) -> FloatArray:
    """The waveform in windows that do not overlap, (number, length)."""
    return np.asarray(waveform[: waveform.size // length * length], dtype=np.float64).reshape(-1, length)


def _powers(pieces: FloatArray) -> FloatArray:
    """Mean square of each piece, (number,)."""
    return np.asarray(np.mean(pieces**2, axis=1))


def unvoiced_windows(f0_hz: FloatArray, num_samples: int, length: int, hop: int) -> NDArray[np.int64]:
    """First samples, ascending, of the windows of `length` samples at 24 kHz that no voiced frame comes near."""
    starts = np.arange(0, max(num_samples - length + 1, 0), hop)
    voiced_before = np.concatenate([[0], np.cumsum(f0_hz > 0.0)])
    first = np.floor((starts / SAMPLE_RATE - MARGIN_S) / CONTOUR_HOP_S).astype(int).clip(0, f0_hz.size)
    last = np.ceil(((starts + length) / SAMPLE_RATE + MARGIN_S) / CONTOUR_HOP_S).astype(int) + 1
    is_known = starts + length <= (f0_hz.size - 1) * CONTOUR_HOP_S * SAMPLE_RATE
    return np.asarray(starts[is_known & (voiced_before[last.clip(0, f0_hz.size)] == voiced_before[first])])


def _describe(alone: Alone) -> Scores:
    return {"buzz": buzz(alone.audio.waveform, alone.reference_f0_hz, alone.frame_rate_hz)}


def _conclude(song: ScoredSong) -> Scores:
    return {"buzz_excess": song.scores["buzz"] - song.scores["buzz_source"]}


MEASURE = Measure(
    metrics=(
        *by_itself(
            "buzz",
            "Buzz",
            "dB",
            "down",
            "Comb at the frame rate over the floor between its teeth, where nothing is sung.",
            group="artefacts",
        ),
        plain(
            "buzz_excess",
            "Buzz above the source's",
            "dB",
            "down",
            "How much more buzz the output has than the source.",
            group="artefacts",
        ),
    ),
    describe=_describe,
    conclude=_conclude,
)
