"""Duplicates: the same recording twice, or in train and test at once.

Equal samples have equal hashes. Copies with another gain, noise or codec are found by landmarks: pairs of spectral
peaks (f_1, f_2, dt) that occur repeatedly at one offset in time. A second take of the same song by the same singer
shares too few of them, and is not a duplicate.

Predicts: test scores that only show memorisation.

Reference: Wang, "An industrial-strength audio search algorithm", ISMIR 2003.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from duetto.diagnosis.finding import Finding, Place, worst_places
from duetto.diagnosis.sound import Heard
from duetto.preprocess.spectrum import power_blocks
from duetto.storage.audio import resample

RATE = 8000  # Hz
N_FFT = 512  # 64 ms, hop 16 ms
HOP_S = N_FFT / 4 / RATE
NEIGHBOURHOOD = (9, 11)  # frames, bins
BELOW_PEAK_DB = 45.0
PEAKS_PER_S = 20.0
FAN = 5
FURTHEST = 60  # frames to a partner
OFFSET_FRAMES = 2  # offsets are counted in steps of this many frames
LEAST_MATCHES = 25
LEAST_SHARE = 0.12  # of the landmarks of the shorter sound
COMMON = 40  # a landmark in more places than this is not distinctive
LEAST_S = 1.0

Landmark = tuple[int, int, int]


@dataclass(frozen=True)
class DuplicateEvidence:
    """Hash and landmarks of a sound."""

    recording: str
    split: str
    start_s: float
    seconds: float
    digest: str  # of the samples at 16 bits
    landmarks: tuple[tuple[Landmark, int], ...]  # with the frame of the first peak


@dataclass(frozen=True)
class Match:
    """Two sounds with a common stretch."""

    first: DuplicateEvidence
    second: DuplicateEvidence
    score: float  # share of the shorter one's landmarks; 1 = the same samples

    @property
    def is_leak(self) -> bool:
        """Whether training and a held-out split share it."""
        return (self.first.split == "train") != (self.second.split == "train")


def measure(heard: Heard, has_landmarks: bool = True) -> DuplicateEvidence:
    """Compute the hash of a sound and, unless switched off, its landmarks."""
    sound = heard.sound
    digest = hashlib.sha256(np.rint(heard.mono * 32767).astype(np.int32).tobytes()).hexdigest()
    is_marked = has_landmarks and sound.duration_s >= LEAST_S
    marks = find_landmarks(resample(heard.mono, heard.sample_rate, RATE)) if is_marked else ()
    return DuplicateEvidence(sound.recording, sound.split, sound.start_s, sound.duration_s, digest, marks)


def conclude(evidence: Sequence[DuplicateEvidence]) -> Finding:
    """Judge the duplicates of a corpus."""
    matches = find_matches(evidence)
    leaks = [match for match in matches if match.is_leak]
    lost_s = sum(min(match.first.seconds, match.second.seconds) for match in matches)
    numbers = {
        "duplicates": float(len(matches)),
        "leaks": float(len(leaks)),
        "duplicate_s": lost_s,
        "sounds": float(len(evidence)),
    }
    if not evidence:
        return Finding("duplicates", "unknown", "nothing was heard", numbers)
    if not matches:
        return Finding("duplicates", "fine", f"none among {len(evidence)} pieces", numbers)
    named = (leaks or matches)[0]
    pair = f"{named.first.recording} and {named.second.recording}"
    what = f"{len(matches)} pairs share audio, {len(leaks)} of them across train and test or val: {pair}"
    places = [
        Place(side.recording, side.start_s, side.start_s + min(side.seconds, 4.0), f"pair {number + 1}")
        for number, match in enumerate((leaks + [m for m in matches if not m.is_leak])[:6])
        for side in (match.first, match.second)
    ]
    return Finding(
        "duplicates",
        "serious" if leaks else "warning",
        what,
        numbers,
        "Scores on a test song that was trained on show memory, not conversion." if leaks else "Copies count double.",
        "Remove one of each pair, or put both into one split.",
        worst_places(places),
    )


def find_landmarks(waveform: NDArray[np.float32]) -> tuple[tuple[Landmark, int], ...]:
    """Find the landmarks of a waveform (S,) at 8 kHz."""
    power = np.concatenate(list(power_blocks(waveform, N_FFT)))
    level_db = 10 * np.log10(power + 1e-14)
    is_peak = (level_db == maximum_filter(level_db, NEIGHBOURHOOD)) & (level_db > level_db.max() - BELOW_PEAK_DB)
    frames, bins = np.nonzero(is_peak)
    most = int(PEAKS_PER_S * len(waveform) / RATE) + 1
    kept = np.sort(np.argsort(-level_db[frames, bins], kind="stable")[:most])
    frames, bins = frames[kept], bins[kept]
    marks = []
    for index in range(len(frames)):
        for other in range(index + 1, min(index + 1 + FAN, len(frames))):
            apart = int(frames[other] - frames[index])
            if 0 < apart <= FURTHEST:
                marks.append(((int(bins[index]), int(bins[other]), apart), int(frames[index])))
    return tuple(marks)


def find_matches(evidence: Sequence[DuplicateEvidence]) -> list[Match]:
    """Pairs of sounds that are equal or share landmarks at one offset, the highest score first."""
    index: dict[Landmark, list[tuple[int, int]]] = defaultdict(list)
    matches: list[Match] = []
    by_digest: dict[str, int] = {}
    for number, item in enumerate(evidence):
        twin = by_digest.setdefault(item.digest, number)
        if twin != number:
            matches.append(Match(evidence[twin], item, 1.0))
            continue
        votes: Counter[tuple[int, int]] = Counter()
        for mark, frame in item.landmarks:
            known = index[mark]
            votes.update((other, (frame - at) // OFFSET_FRAMES) for other, at in known[:COMMON])
            known.append((number, frame))
        best: dict[int, int] = {}
        for (other, offset), count in votes.items():
            if other != number:
                both = count + votes.get((other, offset + 1), 0)  # an offset may fall between two steps
                best[other] = max(best.get(other, 0), both)
        for other, count in best.items():
            share = count / max(1, min(len(item.landmarks), len(evidence[other].landmarks)))
            if count >= LEAST_MATCHES and share >= LEAST_SHARE:
                matches.append(Match(evidence[other], item, share))
    return sorted(matches, key=lambda match: (not match.is_leak, -match.score))
