"""From a carrier's mel-cepstra to the power spectra and aperiodicities of a particular voice.

Conventions: spectra are WORLD's: power, (T, n_fft / 2 + 1), aperiodicity 0..1 of the same shape, 48 kHz.

Reference: Tokuda et al., ICSLP 1994 (mel-generalised cepstrum); Morise et al., IEICE 2016 (WORLD).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from duetto.singer.expression import Expression, spectral_tilt_db
from duetto.singer.generation import mel_basis
from duetto.singer.timing import Timing, is_voiced
from duetto.singer.voices import EmbeddedVoice

SAMPLE_RATE = 48000
N_FFT = 2048  # WORLD's size for 71 Hz and above at 48 kHz
PASSAGGIO_WIDTH_SEMITONES = 0.8  # slope of the change of register
HARMONIC_OCTAVES = 0.35  # width of the band that is raised with the fundamental
FUNDAMENTAL_FROM_HZ, FUNDAMENTAL_FLOOR_DB = 250.0, 0.0  # above it, the fundamental is at most so far below harmonics
CHEST_FULL_HZ, CHEST_NONE_HZ = 200.0, 250.0  # for low notes: fully below the first, not at all above the second
CHEST_FLOOR_DB = 3.0
CHEST_OCTAVES = 0.6  # width of the band that is raised with a low fundamental
NEPER_PER_DB = np.log(10.0) / 10.0  # dB to natural logarithm of power

# aperiodicity of a clear sung vowel, (Hz, dB of amplitude); chosen to match D4C on sung vowels
CLEAR_APERIODICITY_DB = (
    (0.0, -60.0),
    (1000.0, -42.0),
    (3000.0, -30.0),
    (6000.0, -18.0),
    (10000.0, -10.0),
    (16000.0, -5.0),
    (24000.0, -2.0),
)
# voiced fricatives and stops are noisy above 2 kHz
NOISY_APERIODICITY_DB = ((0.0, -40.0), (1000.0, -20.0), (2500.0, -6.0), (5000.0, -2.0), (24000.0, 0.0))
NOISY_PHONES = frozenset({"z", "j", "v", "g", "gy", "gw", "d", "dy", "b", "by"})


@dataclass(frozen=True)
class Shape:
    """The constants for turning a voice's cepstra into spectra, computed once per rendition."""

    chest_basis: NDArray[np.float64]  # (order, bins): mel-cepstrum to log amplitude at warped frequencies
    head_basis: NDArray[np.float64]  # (order, bins)
    chest_hz: NDArray[np.float64]  # (bins,), the carrier's frequency that each bin is taken from
    alpha: float  # all-pass constant of the bases
    equaliser: NDArray[np.float64]  # (bins,), log power
    head_tilt: NDArray[np.float64]  # (bins,), log power at full head register
    clear_db: NDArray[np.float64]  # (bins,), aperiodicity
    noisy_db: NDArray[np.float64]  # (bins,)
    log2_frequency: NDArray[np.float64]  # (bins,), log2 Hz

    def moved(self, formant_ratio: float, head_ratio: float) -> "Shape":
        """The shape with all formants at `formant_ratio` times their frequency, in head register at `head_ratio`."""
        order = self.chest_basis.shape[0]
        chest = self.chest_hz / formant_ratio
        return replace(
            self,
            chest_basis=_basis(chest, order, self.alpha),
            head_basis=_basis(chest / head_ratio, order, self.alpha),
        )


def make_shape(voice: EmbeddedVoice, order: int, alpha: float) -> Shape:
    """Prepare a voice's warp and equaliser for mel-cepstra of a given order and all-pass constant."""
    frequency = np.linspace(0.0, SAMPLE_RATE / 2, N_FFT // 2 + 1)
    safe = np.maximum(frequency, 20.0)
    warp = voice.warp_depth * smooth_curve(voice.warp_seed, safe)
    warp *= np.clip(np.log2(safe / 100.0), 0.0, 1.0)  # nothing moves below 100 Hz
    chest = frequency / (voice.formant_ratio * np.exp(warp))
    equaliser_db = voice.equaliser_db * smooth_curve(voice.warp_seed + 1, safe)
    if voice.equaliser:
        points_hz, gains_db = zip(*voice.equaliser, strict=True)
        equaliser_db += np.interp(np.log2(safe), np.log2(points_hz), gains_db)
    equaliser_db += voice.tilt_db_per_octave * np.log2(np.clip(safe, 100.0, 16000.0) / 1000.0)
    head_tilt_db = voice.register.head_tilt_db * np.log10(np.clip(safe, 500.0, 12000.0) / 500.0)
    return Shape(
        chest_basis=_basis(chest, order, alpha),
        head_basis=_basis(chest / voice.register.head_formant_ratio, order, alpha),
        chest_hz=chest,
        alpha=alpha,
        equaliser=equaliser_db * NEPER_PER_DB,
        head_tilt=head_tilt_db * NEPER_PER_DB,
        clear_db=_lines(CLEAR_APERIODICITY_DB, frequency) + voice.breath_db,
        noisy_db=_lines(NOISY_APERIODICITY_DB, frequency),
        log2_frequency=np.log2(safe),
    )


def smooth_curve(seed: int, frequency_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """A seeded smooth curve over log frequency, (bins,), mean about 0, deviation about 1 from 100 Hz to 16 kHz."""
    place = np.clip(np.log2(frequency_hz / 100.0) / np.log2(160.0), 0.0, 1.0)
    random = np.random.default_rng([seed, 0x5EED])
    weights, phases = random.standard_normal(5), random.uniform(0.0, 2.0 * np.pi, 5)
    waves = np.stack([np.sin(np.pi * (k + 1) * place + phases[k]) for k in range(5)])
    curve = weights @ waves
    return (curve - curve.mean()) / max(float(np.std(curve)), 1e-9)


def head_share(midi: NDArray[np.float64], voice: EmbeddedVoice) -> NDArray[np.float64]:
    """How much of each frame is head register, 0..1, from the sung pitch; (T,)."""
    return 1.0 / (1.0 + np.exp(-(midi - voice.register.passaggio_midi) / PASSAGGIO_WIDTH_SEMITONES))


@dataclass(frozen=True)
class Sound:
    """Input of the synthesis, one row per frame."""

    cepstrum: NDArray[np.float64]  # (T, order), the carrier's
    midi: NDArray[np.float64]  # (T,), sung pitch, in pauses too
    f0_hz: NDArray[np.float64]  # (T,), 0.0 where unvoiced
    gain_db: NDArray[np.float64]  # (T,), level relative to the carrier's
    head: NDArray[np.float64]  # (T,), share of head register, 0..1
    expression: Expression  # (T,)

    def part(self, frames: slice | NDArray[np.int64]) -> "Sound":
        """The rows of some frames."""
        return Sound(
            self.cepstrum[frames],
            self.midi[frames],
            self.f0_hz[frames],
            self.gain_db[frames],
            self.head[frames],
            self.expression.part(frames),
        )


def power_spectrum(sound: Sound, voice: EmbeddedVoice, shape: Shape) -> NDArray[np.float64]:
    """Power spectra of a stretch of frames, (T, bins); `shape` is from `make_shape`."""
    log_power = np.empty((sound.f0_hz.size, shape.equaliser.size))
    for frames, moved in _formant_groups(sound, voice, shape):
        log_power[frames] = _log_power(sound.part(frames), voice, moved)
    tilt_db = spectral_tilt_db(sound.expression, shape.log2_frequency)
    if tilt_db is not None:
        log_power += NEPER_PER_DB * tilt_db
    _carry_fundamental(log_power, sound.f0_hz, shape)
    return np.exp(log_power)


def _formant_groups(
    sound: Sound, voice: EmbeddedVoice, shape: Shape
) -> Iterator[tuple[slice | NDArray[np.int64], Shape]]:
    """Groups of frames with equal formant shifts, each with its shifted shape."""
    ratios = sound.expression.formant_ratio
    if ratios is None:
        yield slice(None), shape
        return
    for ratio in np.unique(ratios):
        yield np.flatnonzero(ratios == ratio), shape.moved(float(ratio), voice.register.head_formant_ratio)


def _log_power(sound: Sound, voice: EmbeddedVoice, shape: Shape) -> NDArray[np.float64]:
    head = sound.head
    log_power: NDArray[np.float64] = 2.0 * (sound.cepstrum @ shape.chest_basis)
    in_head = np.flatnonzero(head > 0.01)
    if in_head.size:
        share, f0_hz = head[in_head, None], sound.f0_hz[in_head]
        moved = 2.0 * (sound.cepstrum[in_head] @ shape.head_basis)
        log_power[in_head] += share * (moved - log_power[in_head] + shape.head_tilt)
        distance = shape.log2_frequency - np.log2(np.where(f0_hz > 0, f0_hz, 1.0))[:, None]
        boost = voice.register.head_fundamental_db * np.exp(-0.5 * (distance / HARMONIC_OCTAVES) ** 2)
        log_power[in_head] += np.where(f0_hz[:, None] > 0, share * boost * NEPER_PER_DB, 0.0)
    level_db = sound.gain_db + voice.register.head_level_db * head
    return log_power + (shape.equaliser + NEPER_PER_DB * level_db[:, None])


def aperiodicity(timing: Timing, first: int, sound: Sound, voice: EmbeddedVoice, shape: Shape) -> NDArray[np.float64]:
    """Aperiodicity of the frames from `first` on, (T, bins); 1.0 where unvoiced."""
    result = np.ones((sound.head.size, shape.clear_db.size))
    asked_db = sound.expression.breath_db
    for phone in timing.phones:
        start, end = max(phone.start - first, 0), min(phone.end - first, sound.head.size)
        if start >= end or not is_voiced(phone.phone):
            continue
        base_db = shape.noisy_db if phone.phone in NOISY_PHONES else shape.clear_db
        level_db = base_db + voice.register.head_breath_db * sound.head[start:end, None]
        if asked_db is not None:
            level_db = level_db + asked_db[start:end, None]
        result[start:end] = 10.0 ** (np.minimum(level_db, 0.0) / 20.0)
    return np.clip(result, 0.001, 1.0)


def _carry_fundamental(log_power: NDArray[np.float64], f0_hz: NDArray[np.float64], shape: Shape) -> None:
    """Raise, in place, a fundamental that lies far below the second or third harmonic.

    On high notes singers tune the first formant to the note; with a fixed formant, one would hear the second harmonic
    as the pitch. On low notes a chest voice has a strong fundamental, but the carriers are women's voices without any
    energy below their range.
    """
    high = np.flatnonzero(f0_hz > FUNDAMENTAL_FROM_HZ)
    share = np.clip(f0_hz[high] / FUNDAMENTAL_FROM_HZ - 1.0, 0.0, 0.5) * 2.0
    log_power[high] += _raise(log_power[high], f0_hz[high], FUNDAMENTAL_FLOOR_DB, HARMONIC_OCTAVES, share, shape)
    low = np.flatnonzero((f0_hz > 0) & (f0_hz < CHEST_NONE_HZ))
    share = np.clip((CHEST_NONE_HZ - f0_hz[low]) / (CHEST_NONE_HZ - CHEST_FULL_HZ), 0.0, 1.0)
    log_power[low] += _raise(log_power[low], f0_hz[low], CHEST_FLOOR_DB, CHEST_OCTAVES, share, shape)


def _raise(
    log_power: NDArray[np.float64],
    f0_hz: NDArray[np.float64],
    floor_db: float,
    octaves: float,
    share: NDArray[np.float64],
    shape: Shape,
) -> NDArray[np.float64]:
    """The lift, (T, bins), to `floor_db` below the second and third harmonic, scaled by a share, (T,)."""
    bins = np.rint(f0_hz[:, None] * np.array([1.0, 2.0, 3.0]) * N_FFT / SAMPLE_RATE).astype(int)
    harmonics = np.take_along_axis(log_power, bins, axis=1)
    lacking = harmonics[:, 1:].max(axis=1) - harmonics[:, 0] - floor_db * NEPER_PER_DB
    distance = shape.log2_frequency - np.log2(f0_hz)[:, None]
    lift: NDArray[np.float64] = (share * np.maximum(lacking, 0.0))[:, None] * np.exp(-0.5 * (distance / octaves) ** 2)
    return lift


def _basis(carrier_hz: NDArray[np.float64], order: int, alpha: float) -> NDArray[np.float64]:
    """Cosines of the all-pass warped frequencies: log amplitude = cepstrum @ basis."""
    omega = 2.0 * np.pi * np.clip(carrier_hz, 0.0, SAMPLE_RATE / 2) / SAMPLE_RATE
    return mel_basis(omega, order, alpha)


def _lines(points: tuple[tuple[float, float], ...], frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    hz, value = zip(*points, strict=True)
    return np.interp(frequency, hz, value)
