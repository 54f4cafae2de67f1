"""Degradations in known doses, for testing the metrics.

Each degradation takes a waveform (S,) at 24 kHz and a dose, and returns a waveform on the same time base, float32;
doses are listed in the order of increasing damage. Cleaning uses the preprocessing steps themselves.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass

import av
import numpy as np
from scipy.ndimage import gaussian_filter1d

from duetto.corpus.embedded_cases.room import add_room, room_response
from duetto.evaluation.analysis.spectra import SAMPLE_RATE
from duetto.evaluation.inputs import FRAME_RATE_HZ
from duetto.preprocess.segment import Segment, Step
from duetto.preprocess.steps.low_pass import LowPass
from duetto.preprocess.steps.noise_reduction import NoiseReduction
from duetto.preprocess.steps.spectral_subtraction import SpectralSubtraction
from duetto.settings.case_config import RoomConfig
from duetto.storage.audio import Waveform
from duetto.units import CENTS_PER_OCTAVE, db_to_amplitude

COMB_DELAY_S = 0.003
STUTTER_S = 0.06  # length of a drop-out
STUTTER_DB = -20.0
RAMP_S = 0.004
JITTER_KNOT_S = 0.025
JITTER_PULL_S = 0.5  # time in which the time base returns
RT60_S = 0.6
GATE_DB = -40.0  # gain of a closed cell
SEED = 7


@dataclass(frozen=True)
class Degradation:
    """One kind of damage."""

    name: str
    doses: tuple[float, ...]  # by increasing damage
    unit: str  # of the dose
    apply: Callable[[Waveform, float], Waveform]


def gain(waveform: Waveform, gain_db: float) -> Waveform:
    """Change the level."""
    return _as_waveform(waveform * db_to_amplitude(gain_db))


def dither(waveform: Waveform, level_db: float) -> Waveform:
    """Add white noise with a root mean square level in dB relative to full scale."""
    return _as_waveform(waveform + db_to_amplitude(level_db) * _random().standard_normal(waveform.size))


def padding(waveform: Waveform, seconds: float) -> Waveform:
    """Append digital silence."""
    return _as_waveform(np.pad(waveform, (0, round(seconds * SAMPLE_RATE))))


def low_pass(waveform: Waveform, cutoff_hz: float) -> Waveform:
    """Remove everything above a frequency, without delay."""
    return _through(LowPass(cutoff_hz=cutoff_hz), waveform)


def over_subtraction(waveform: Waveform, alpha: float) -> Waveform:
    """Subtract alpha times the noise's power, without a floor."""
    return _through(SpectralSubtraction(over_subtraction=alpha, floor=0.0), waveform)


def gate(waveform: Waveform, threshold_db: float) -> Waveform:
    """Attenuate by 40 dB the cells of the spectrum that lie less than a threshold above the noise."""
    step = NoiseReduction(reduction_db=-GATE_DB, smoothing_bands=0, threshold_over_profile_db=threshold_db)
    return _through(step, waveform)


def comb(waveform: Waveform, echo_gain: float) -> Waveform:
    """Add an echo after 3 ms."""
    delay = round(COMB_DELAY_S * SAMPLE_RATE)
    return _as_waveform(waveform + echo_gain * np.pad(waveform, (delay, 0))[: waveform.size])


def buzz(waveform: Waveform, level_db: float) -> Waveform:
    """Add a pulse in every frame of 10 ms, at a root mean square level in dB relative to full scale."""
    period = round(SAMPLE_RATE / FRAME_RATE_HZ)
    pulses = np.zeros(waveform.size)
    pulses[::period] = db_to_amplitude(level_db) * np.sqrt(period)
    return _as_waveform(waveform + pulses)


def jitter(waveform: Waveform, cents: float) -> Waveform:
    """Add pitch jitter: modulate the time base so that the pitch has the given standard deviation in cents."""
    knots = _random().standard_normal(round(waveform.size / SAMPLE_RATE / JITTER_KNOT_S) + 2)
    samples = np.arange(waveform.size)
    deviation = np.interp(samples / SAMPLE_RATE, np.arange(knots.size) * JITTER_KNOT_S, knots)
    shift = np.cumsum(2.0 ** (deviation * cents / np.std(deviation) / CENTS_PER_OCTAVE) - 1.0)
    shift -= gaussian_filter1d(shift[:: SAMPLE_RATE // 200], JITTER_PULL_S * 200)[
        np.minimum(samples // (SAMPLE_RATE // 200), (waveform.size - 1) // (SAMPLE_RATE // 200))
    ]
    return _read_at(waveform, samples + shift)


def stutter(waveform: Waveform, per_second: float) -> Waveform:
    """Drop-outs of 60 ms and 20 dB at a given rate per second, at random places in every stretch."""
    envelope = np.ones(waveform.size)
    period, length, ramp = (round(s * SAMPLE_RATE) for s in (1.0 / per_second, STUTTER_S, RAMP_S))
    shape = np.ones(length)
    shape[:ramp] = np.linspace(0.0, 1.0, ramp)
    shape[-ramp:] = np.linspace(1.0, 0.0, ramp)
    random = _random()
    for start in range(0, waveform.size - period, period):
        first = start + int(random.integers(0, period - length))
        envelope[first : first + length] = 1.0 - (1.0 - db_to_amplitude(STUTTER_DB)) * shape
    return _as_waveform(waveform * envelope)


def reverb(waveform: Waveform, direct_to_reverberant_db: float) -> Waveform:
    """Add a room with a reverberation time of 0.6 s."""
    room = RoomConfig(rt60_s=RT60_S, direct_to_reverberant_db=direct_to_reverberant_db)
    return add_room(waveform, room_response(room, SAMPLE_RATE, SEED))


def mp3(waveform: Waveform, kbit_per_s: float) -> Waveform:
    """Encode as MP3 and decode again, with the codec's delay removed."""
    decoded = _decode(_encode(waveform, round(1000 * kbit_per_s)))
    lags = np.arange(0, 3000)
    middle = slice(waveform.size // 4, waveform.size // 4 + min(SAMPLE_RATE * 4, waveform.size // 2))
    reference = waveform[middle].astype(np.float64)
    fits = [float(reference @ decoded[middle.start + lag : middle.stop + lag]) for lag in lags]
    decoded = decoded[int(np.argmax(fits)) :][: waveform.size]
    return _as_waveform(np.pad(decoded, (0, waveform.size - decoded.size)))


DEGRADATIONS = (
    Degradation("gain", (-6.0, -12.0, -20.0), "dB", gain),
    Degradation("dither", (-90.0, -80.0, -75.0), "dB", dither),
    Degradation("padding", (0.5, 1.0, 3.0), "s", padding),
    Degradation("low-pass", (9000.0, 6000.0, 3000.0), "Hz", low_pass),
    Degradation("over-subtraction", (1.0, 2.0, 4.0, 8.0), "", over_subtraction),
    Degradation("gate", (6.0, 12.0, 18.0, 24.0), "dB", gate),
    Degradation("comb", (0.3, 0.5, 0.8), "", comb),
    Degradation("buzz", (-70.0, -60.0, -50.0), "dB", buzz),
    Degradation("jitter", (15.0, 40.0, 80.0), "cents", jitter),
    Degradation("stutter", (1.0, 2.0, 4.0), "/s", stutter),
    Degradation("reverb", (12.0, 6.0, 0.0), "dB", reverb),
    Degradation("MP3", (64.0, 48.0, 32.0), "kbit/s", mp3),
)


def _random() -> np.random.Generator:
    return np.random.default_rng(SEED)


def _as_waveform(samples: np.ndarray) -> Waveform:
    return np.asarray(samples, dtype=np.float32)


def _through(step: Step, waveform: Waveform) -> Waveform:
    segments, _ = step.apply((Segment(waveform, SAMPLE_RATE, "clip"),))
    return segments[0].waveform


def _read_at(waveform: Waveform, places: np.ndarray) -> Waveform:
    """The waveform at places between its samples, by a windowed sinc of 32 samples."""
    half = 16
    whole = np.floor(places).astype(int)
    padded = np.pad(waveform.astype(np.float64), half)
    result = np.zeros(places.size)
    for tap in range(1 - half, half + 1):
        distance = places - whole - tap
        weight = np.sinc(distance) * np.cos(np.pi * distance / (2 * half)) ** 2
        result += weight * padded[np.clip(whole + tap + half, 0, padded.size - 1)]
    return _as_waveform(result)


def _encode(waveform: Waveform, bits_per_s: int) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=SAMPLE_RATE, layout="mono", bit_rate=bits_per_s)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(waveform[None]), format="fltp", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return file.getvalue()


def _decode(content: bytes) -> np.ndarray:
    with av.open(io.BytesIO(content)) as container:
        blocks = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return np.pad(np.concatenate(blocks, axis=1)[0].astype(np.float64), (0, 4000))
