"""Builds a corpus from the user's own scores and the recordings rendered from them.

A score and a recording of the same name belong together. The start of the score in the recording is found from the note
onsets (`corpus.scores.onsets`) and recorded in the settings (`offsets_s`) and the ledger. `data.sources` sing held-out
songs from the score, aligned with the recording, and the recording is the reference: a real conversion, not a
reconstruction. A recording without a fitting score is used as in `folder`. Muted tracks are tried, too, because people
render tracks one by one with the others muted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from duetto.corpus.jobs import Outcome
from duetto.corpus.manifest import Clip, Dropped
from duetto.corpus.recordings.held_out import SPLIT_SHARE, reconstruction_roles
from duetto.corpus.recordings.intake import Recording, display_name
from duetto.corpus.scores.onsets import Fit, find_offset, note_starts_s, novelty_of
from duetto.corpus.scores.user_scores import Scores, score_key, singing_settings
from duetto.errors import ScoreError
from duetto.score.formats.registry import read_score
from duetto.settings.config import DataConfig
from duetto.singer.sing import sing
from duetto.singer.voices import get_voice
from duetto.storage.audio import Waveform, read_blocks, read_info, write_audio
from duetto.storage.files import atomic_path, sha256_file
from duetto.storage.full_scale import fit_full_scale


@dataclass(frozen=True)
class PairedRecording(Recording):
    """A job: a recording and the score that it was rendered from."""

    score: str = field(default="", kw_only=True)  # path; empty = no score of that name

    def run(self, folder: Path) -> Outcome:
        """Write the audio; if the score fits, copy it and report its start."""
        outcome = super().run(folder)
        if not outcome.clips or not self.score:
            return outcome
        (clip,) = outcome.clips
        try:
            tracks = read_score(Path(self.score))
        except ScoreError as error:
            return replace(outcome, dropped=(*outcome.dropped, Dropped(clip.id, 0.0, f"score left out: {error}")))
        novelty = novelty_of(read_blocks(folder / clip.path), clip.sample_rate)
        fits = [find_offset(novelty, note_starts_s(track)) for track in tracks]
        track = max(range(len(fits)), key=lambda number: fits[number].correlation)
        if not fits[track].is_found:
            return replace(outcome, dropped=(*outcome.dropped, Dropped(clip.id, 0.0, self._misfit(fits[track]))))
        copy = f"scores/track-{track + 1}/{self.name}{Path(self.score).suffix.lower()}"
        with atomic_path(folder / copy) as temporary:
            temporary.write_bytes(Path(self.score).read_bytes())
        offset_s = fits[track].offset_s
        remark = Dropped(
            clip.id, 0.0, f"the score begins at {offset_s:+.2f} s (correlation {fits[track].correlation:.2f})"
        )
        clip = replace(clip, score=copy, start=-round(offset_s * clip.sample_rate))
        notes = {**outcome.notes, "offset_s": offset_s}
        return Outcome((clip,), (*outcome.dropped, remark), notes)

    def _misfit(self, fit: Fit) -> str:
        return (
            f"{self.display}: its score does not fit (correlation {fit.correlation:.2f}); used without it. "
            "Was it rendered from this score, at this tempo?"
        )


def paired_recordings(recordings: Sequence[Recording], scores: Scores) -> tuple[PairedRecording, ...]:
    """Pair recordings with the scores of the same names."""
    return tuple(
        PairedRecording(
            **{name: getattr(recording, name) for name in recording.__dataclass_fields__},
            score=str(scores.files.get(score_key(scores.root, Path(recording.path)), "")),
        )
        for recording in recordings
    )


def unpaired_scores(recordings: Sequence[PairedRecording], scores: Scores) -> tuple[Dropped, ...]:
    """Remarks about scores without a recording."""
    taken = {recording.score for recording in recordings}
    left = [display_name(path.relative_to(scores.root)) for path in scores.files.values() if str(path) not in taken]
    alone = (Dropped(name, 0.0, f"{name}: no recording of that name; left out") for name in sorted(left))
    return (*scores.remarks, *alone)


def paired_settings(config: DataConfig, recordings: Sequence[PairedRecording], scores: Scores) -> dict[str, Any]:
    """Everything that determines the corpus: content, not paths."""
    return {
        "recordings": {recording.name: recording.sha256 for recording in recordings},
        "scores": {recording.name: sha256_file(Path(recording.score)) for recording in recordings if recording.score},
        "singers": sorted({recording.singer for recording in recordings}),
        "split_share": SPLIT_SHARE,
        "evaluation": "conversion: embedded voices sing the scores of the held-out recordings",
        **singing_settings(config, config.sources),
    }


@dataclass(frozen=True)
class SourcesOfScores:
    """Roles of held-out recordings: embedded voices sing their scores, the recording is the reference."""

    config: DataConfig

    def __call__(self, folder: Path, clip: Clip) -> tuple[list[Clip], list[Dropped]]:
        """The manifest entries of a clip, and remarks about voices that cannot sing its score."""
        if clip.split == "train":
            return [clip], []
        if clip.score is None or not self.config.sources:
            return reconstruction_roles(clip), []
        name = clip.id.removeprefix("target/")
        sources: list[Clip] = []
        remarks: list[Dropped] = []
        for voice in self.config.sources:
            try:
                sources.append(self._source(folder, clip, voice, name))
            except ScoreError as error:
                remarks.append(Dropped(clip.id, 0.0, f"{voice} cannot sing the score: {error}"))
        if not sources:
            return reconstruction_roles(clip), remarks
        return [clip, *sources, replace(clip, id=f"reference/{name}", role="reference")], remarks

    def _source(self, folder: Path, clip: Clip, voice: str, name: str) -> Clip:
        path = f"audio/source/{voice}/{name}.wav"
        starts = clip.start / clip.sample_rate
        if (folder / path).is_file():  # from an interrupted attempt
            info = read_info(folder / path)
            rate, num_samples = info.sample_rate, info.num_samples
        else:
            copy = Path(str(clip.score))
            score = read_score(folder / copy)[int(copy.parent.name.removeprefix("track-")) - 1]
            rendition = sing(score, get_voice(voice), seed=self.config.seed)
            rate = rendition.sample_rate
            waveform = laid_on(rendition.waveform, round(starts * rate), round(clip.duration_s * rate))
            write_audio(folder / path, fit_full_scale(waveform), rate)
            num_samples = len(waveform)
        return replace(
            clip,
            id=f"source/{voice}/{name}",
            path=path,
            sha256=sha256_file(folder / path),
            role="source",
            singer=voice,
            sample_rate=rate,
            num_samples=num_samples,
            transpose_semitones=-float(get_voice(voice).transposition),
            start=round(starts * rate),
        )


def laid_on(waveform: Waveform, start: int, num_samples: int) -> Waveform:
    """Samples `start` to `start + num_samples` of a waveform (S,), with silence outside it."""
    first, last = max(0, start), max(0, min(len(waveform), start + num_samples))
    laid = np.zeros(num_samples, dtype=np.float32)
    if last > first:
        laid[first - start : last - start] = waveform[first:last]
    return laid
