"""From HMM states to smooth mel-cepstra: state lengths, the maximum-likelihood trajectory, and its variance.

Conventions: frames are 5 ms; a phone is given by its full-context label and its number of frames.

References: Yoshimura et al., ICSLP 1998 (state durations); Tokuda et al., ICASSP 2000 (parameter
generation); Silen et al., Interspeech 2012 (global variance by scaling).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded
from scipy.ndimage import gaussian_filter1d

from duetto.singer.hts import HtsVoice

HELD_FRAMES = 40  # a phone of 0.2 s or more counts as held
BLEND_FRAMES = 14  # length of the cross-fade between states of a held phone, 70 ms
ENERGY_BINS = 129
VARIANCE_SCALE_LIMITS = (1.0, 1.6)  # a held vowel naturally varies less than speech: never amplify it


def state_lengths(
    voice: HtsVoice, label: str, num_frames: int, held: Sequence[float] | None = None
) -> NDArray[np.int64]:
    """Divide a phone's frames among its states, (num_states,).

    Args:
        voice: The HMMs.
        label: Full-context label of the phone.
        num_frames: Length of the phone. Short phones may skip states (length 0); the sum is always `num_frames`.
        held: Share of the frames beyond the natural length that each state gets; None divides them by variance.
    """
    leaf = voice.duration.leaf(0, label)
    mean, variance = voice.duration.means[0][leaf], voice.duration.variances[0][leaf]
    surplus = num_frames - mean.sum()
    share = variance / variance.sum() if held is None else np.asarray(held)
    ideal = mean + share * surplus if surplus > 0 else mean * num_frames / mean.sum()
    edges = np.rint(np.concatenate([[0.0], np.cumsum(ideal)]))
    edges[-1] = num_frames
    return np.diff(np.minimum(edges, num_frames)).astype(np.int64)


def generate_cepstrum(
    voice: HtsVoice, labels: Sequence[str], num_frames: Sequence[int], held: Sequence[float] | None = None
) -> NDArray[np.float64]:
    """Mel-cepstrum of a phone sequence, (T, order), T = sum of `num_frames`; `held` as in `state_lengths`."""
    means, variances = [], []
    for label, length in zip(labels, num_frames, strict=True):
        lengths = state_lengths(voice, label, length, held)
        leaves = [voice.cepstrum.leaf(state, label) for state in range(voice.num_states)]
        mean = np.stack([voice.cepstrum.means[state][leaf] for state, leaf in enumerate(leaves)])
        variance = np.stack([voice.cepstrum.variances[state][leaf] for state, leaf in enumerate(leaves)])
        means.append(_blend_states(np.repeat(mean, lengths, axis=0)))
        variances.append(np.repeat(variance, lengths, axis=0))
    voice.duration.forget()
    voice.cepstrum.forget()
    mean = np.concatenate(means).reshape(-1, len(voice.windows), voice.order)
    precision = 1.0 / np.concatenate(variances).reshape(mean.shape)
    return np.stack([_trajectory(mean[:, :, d], precision[:, :, d], voice) for d in range(voice.order)], axis=1)


def restore_variance(
    cepstrum: NDArray[np.float64], voice: HtsVoice, sounding: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Scale each coefficient but c_0 about its mean so that its variance over sung frames approaches the voice's.

    This undoes the smoothing of statistical averaging, which sounds muffled. The energy of each frame is preserved, so
    that nasals and fricatives, which are far from the mean, do not become loud.

    Args:
        cepstrum: (T, order).
        voice: The voice whose global variance is the target.
        sounding: Whether each frame is sung, (T,).
    """
    if not sounding.any():
        return cepstrum
    mean = cepstrum[sounding].mean(axis=0)
    spread = np.maximum(cepstrum[sounding].var(axis=0), 1e-12)
    scale = np.clip(np.sqrt(voice.global_variance / spread), *VARIANCE_SCALE_LIMITS)
    scale[0] = 1.0
    restored = mean + (cepstrum - mean) * np.where(sounding[:, None], scale, 1.0)
    restored[:, 0] += 0.5 * (_log_energy(cepstrum, voice.alpha) - _log_energy(restored, voice.alpha))
    return restored


def mel_basis(omega: NDArray[np.float64], order: int, alpha: float) -> NDArray[np.float64]:
    """Cosines at all-pass warped frequencies, (order, bins): log amplitude = mel-cepstrum @ basis.

    Args:
        omega: Angular frequencies, (bins,), 0 to pi.
        order: Number of coefficients, c_0 included.
        alpha: All-pass constant.
    """
    warped = omega + 2.0 * np.arctan2(alpha * np.sin(omega), 1.0 - alpha * np.cos(omega))
    return np.cos(np.arange(order)[:, None] * warped)


def _log_energy(cepstrum: NDArray[np.float64], alpha: float) -> NDArray[np.float64]:
    basis = mel_basis(np.linspace(0.0, np.pi, ENERGY_BINS), cepstrum.shape[1], alpha)
    return np.log(np.mean(np.exp(2.0 * (cepstrum @ basis)), axis=1))


def _blend_states(mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cross-fade the states of a held phone, which would otherwise change within a few frames."""
    if mean.shape[0] < HELD_FRAMES:
        return mean
    place = np.arange(mean.shape[0])
    inside = np.clip(np.minimum(place, place[::-1]) / BLEND_FRAMES - 0.25, 0.0, 1.0)[:, None]
    return mean + inside * (gaussian_filter1d(mean, BLEND_FRAMES, axis=0, mode="nearest") - mean)


def _trajectory(mean: NDArray[np.float64], precision: NDArray[np.float64], voice: HtsVoice) -> NDArray[np.float64]:
    """Solve W' U^-1 W c = W' U^-1 mu for one coefficient (Tokuda et al. 2000, eq. 14); windows span +-1 frame."""
    num_frames = mean.shape[0]
    bands = np.zeros((3, num_frames + 2))  # upper form: row 2 diagonal, row 1 first, row 0 second super-diagonal
    right = np.zeros(num_frames + 2)
    for index, window in enumerate(voice.windows):
        taps = window if window.size == 3 else np.array([0.0, window[0], 0.0])
        weight, target = precision[:, index], precision[:, index] * mean[:, index]
        for i in range(3):
            right[i : i + num_frames] += taps[i] * target
            for j in range(i, 3):
                bands[2 - (j - i), j : j + num_frames] += taps[i] * taps[j] * weight
    return solveh_banded(_inner(bands), right[1:-1])


def _inner(bands: NDArray[np.float64]) -> NDArray[np.float64]:
    """Remove the padding frames before and after the utterance from a banded matrix."""
    inner = bands[:, 1:-1].copy()
    inner[1, 0] = 0.0
    inner[0, :2] = 0.0
    return inner
