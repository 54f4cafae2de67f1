"""The cases of the stress tests: source, transposition, cutting and reference of each conversion.

- `transposition`: test songs from six semitones below to twelve above the voice's own pitch.
- `tempo`: slow songs (and a fast one for comparison), for a voice that may have learned only fast ones.
- `held`: the same slow songs, scored within the vowels that are held for 0.8 s or longer.
- `fragments`: test songs cut into 250, 500 and 1000 ms, each converted separately, to show how much context is needed.

An embedded voice sings the reference at that pitch and tempo. A private voice has no reference: its held-out recordings
are the source of transpositions and fragments; the source of slow songs is the embedded voice *mei*, transposed to
their median pitch; and the scores are labelled a diagnostic.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from duetto.corpus.build import build_corpus
from duetto.corpus.manifest import Clip, Manifest, load_manifest
from duetto.errors import CorpusError
from duetto.evaluation.analysis.pitch import track_f0
from duetto.settings.case_config import MixConfig, RoomConfig
from duetto.settings.config import DataConfig
from duetto.singer.annotations import load_annotations
from duetto.storage.audio import read_audio

EMBEDDED = ("case_a", "case_b", "case_c", "case_d")  # cases whose target can sing any song
TRANSPOSITIONS = (-6, 0, 3, 6, 9, 12)  # semitones
SLOW_SONGS, FAST_SONG = ("slow_01", "slow_02", "slow_03"), "fast_13"
HELD_S = 0.8  # least duration of a held phone
EDGE_S = 0.05  # left out at either end of a held phone: the transitions
FRAGMENTS_MS = (250, 500, 1000)
TRACKED_RATE = 24_000
PRIVATE_SOURCE = DataConfig(
    case="case_b", target="miku", sources=["mei"], train_songs=["fast_01"], room=RoomConfig(rt60_s=0.0)
)


@dataclass(frozen=True)
class StressCase:
    """One conversion of a stress test."""

    song: str  # name without the condition
    condition: str  # up6, slow, held, fragment_250, ...
    source_name: str
    source: Path
    reference: Path | None
    reference_singer: str
    transpose_semitones: float
    spans_s: tuple[tuple[float, float], ...] = ()  # scored spans; empty = everything
    fragment_ms: float = 0.0  # converted in pieces of this length; 0 = whole
    labels: tuple[Path, Clip] | None = None  # corpus and clip with the phone labels

    @property
    def name(self) -> str:
        """Name of the case's folder, unique within a stress test."""
        return f"{self.song}__{self.source_name}__{self.condition}"


@dataclass(frozen=True)
class StressedRun:
    """The run under test."""

    data: DataConfig
    corpus: Path  # of its training
    build: Callable[[DataConfig], Path] = build_corpus  # renders the songs of a test


Cases = list[StressCase]


def transposition_cases(run: StressedRun) -> Cases:
    """Test songs at six pitches."""
    if run.data.case not in EMBEDDED:
        return [
            replace(case, condition=shift_name(shift), reference=None, transpose_semitones=float(shift))
            for case in own_cases(run)
            for shift in TRANSPOSITIONS
        ]
    songs = [song for song in run.data.test_songs if not song.startswith("above_")]
    data = replace(run.data, transpositions=list(TRANSPOSITIONS), test_songs=songs)
    return pair_cases(run.build(case_without_treatment(data)))


def tempo_cases(run: StressedRun) -> Cases:
    """Slow songs, and a fast one."""
    cases = [replace(case, condition=case.song.split("_")[0]) for case in pair_cases(run.build(tempo_songs(run.data)))]
    return cases if run.data.case in EMBEDDED else as_private(cases, run)


def held_cases(run: StressedRun) -> Cases:
    """Held vowels of slow songs."""
    slow = [case for case in tempo_cases(run) if case.condition == "slow"]
    return [replace(case, condition="held", spans_s=held_spans(case)) for case in slow]


def fragment_cases(run: StressedRun) -> Cases:
    """Test songs, whole and in pieces."""
    cases = own_cases(run)
    pieces = [replace(c, condition=f"fragment_{ms}", fragment_ms=float(ms)) for c in cases for ms in FRAGMENTS_MS]
    return [*(replace(case, condition="whole") for case in cases), *pieces]


STRESS_TESTS: MappingProxyType[str, Callable[[StressedRun], Cases]] = MappingProxyType(
    {"transposition": transposition_cases, "tempo": tempo_cases, "held": held_cases, "fragments": fragment_cases}
)


def case_without_treatment(data: DataConfig) -> DataConfig:
    """The case's test songs without its treatment, and one training song, because a corpus needs one."""
    return replace(
        data,
        case="case_b" if data.case == "case_d" else data.case,
        minutes=0.0,
        train_songs=data.train_songs[:1],
        val_songs=[],
        room=RoomConfig(rt60_s=0.0),
        mix=MixConfig(vocal_to_backing_db=None),
    )


def tempo_songs(data: DataConfig) -> DataConfig:
    """Slow songs and a fast one, sung by the run's target; for a private voice, by an embedded one."""
    plain = replace(PRIVATE_SOURCE, root=data.root, test_songs=[*SLOW_SONGS, FAST_SONG])
    if data.case not in EMBEDDED:
        return plain
    return replace(plain, seed=data.seed, target=data.target, sources=list(data.sources))


def own_cases(run: StressedRun) -> Cases:
    """The run's held-out songs at the pitch of its test; a private voice has no reference."""
    manifest = load_manifest(run.corpus)
    cases = [case for case in cases_of(manifest, run.corpus, "test") if case.condition == "native"]
    cases = cases or [case for case in cases_of(manifest, run.corpus, "val") if case.condition == "native"]
    if not cases:
        raise CorpusError(f"{run.corpus} holds no held-out song to test with. Hold some out, and train again.")
    return cases if run.data.case in EMBEDDED else [replace(case, reference=None) for case in cases]


def pair_cases(folder: Path) -> Cases:
    """The cases of a corpus's test songs, with the condition taken from the name."""
    return cases_of(load_manifest(folder), folder, "test")


def cases_of(manifest: Manifest, folder: Path, split: str) -> Cases:
    """A case for each source clip of a split that has a reference."""
    references = {clip.song: clip for clip in manifest.clips if clip.role == "reference" and clip.split == split}
    sources = sorted((c for c in manifest.clips if c.role == "source" and c.split == split), key=lambda clip: clip.id)
    found = []
    for clip in sources:
        if (reference := references.get(clip.song)) is None:
            continue
        song, condition = split_song(clip.song)
        found.append(
            StressCase(
                song,
                condition,
                clip.singer,
                folder / clip.path,
                folder / reference.path,
                reference.singer,
                clip.transpose_semitones,
                labels=(folder, reference),
            )
        )
    return found


def split_song(name: str) -> tuple[str, str]:
    """Split `air_13_up6` into air_13 and up6; a song without such an ending is native, at its own pitch."""
    song, _, last = name.rpartition("_")
    is_shifted = bool(song) and last.startswith(("up", "down")) and last.lstrip("updown").isdigit()
    return (song, last) if is_shifted else (name, "native")


def shift_name(semitones: int) -> str:
    """Name of a transposition: up6, down6, or native for 0."""
    return "native" if semitones == 0 else f"{'up' if semitones > 0 else 'down'}{abs(semitones)}"


def held_spans(case: StressCase) -> tuple[tuple[float, float], ...]:
    """Spans of the case's held phones, s, without their edges.

    Raises:
        CorpusError: If no phone is held, or there are no phone labels.
    """
    if case.labels is None or case.labels[1].annotations is None:
        raise CorpusError(f"{case.source} has no phone labels, so its held notes are unknown.")
    folder, clip = case.labels
    annotations = load_annotations(folder / str(clip.annotations))
    spans = tuple(
        (float(start) + EDGE_S, float(end) - EDGE_S)
        for phone, start, end in zip(
            annotations.phones, annotations.phone_start_s, annotations.phone_end_s, strict=True
        )
        if phone in "aiueoN" and end - start >= HELD_S
    )
    if not spans:
        raise CorpusError(f"{case.song} holds no vowel for {HELD_S} s.")
    return spans


def as_private(cases: Iterable[StressCase], run: StressedRun) -> Cases:
    """The same sources without a reference, moved to the median pitch of the private voice's held-out recordings."""
    target_hz = median_pitch_hz([case.source for case in own_cases(run)])
    return [
        replace(case, reference=None, transpose_semitones=12 * math.log2(target_hz / median_pitch_hz([case.source])))
        for case in cases
    ]


def median_pitch_hz(paths: Iterable[Path]) -> float:
    """Median pitch of recordings over their voiced frames, Hz.

    Raises:
        CorpusError: If no frame is voiced.
    """
    contours = [track_f0(read_audio(path, TRACKED_RATE)[0], TRACKED_RATE) for path in paths]
    voiced = np.concatenate([contour[contour > 0] for contour in contours] or [np.zeros(0)])
    if not voiced.size:
        raise CorpusError("The held-out recordings have no voiced frame, so their pitch is unknown.")
    return float(np.median(voiced))
