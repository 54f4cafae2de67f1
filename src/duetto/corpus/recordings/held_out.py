"""Chooses held-out recordings of the user, and their source and reference.

Of each singer's seconds at most a tenth goes to val and, with three files or more, at most a tenth to test: whole files
in the order of their content hashes as long as they fit; the longest is always in train. If none fits, the end of the
longest file becomes val and that of the second longest test, cut at the softest place nearby. A part has at least 1 s
and at most half of its file; for singers with less than 10 s, whole files are held out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from duetto.corpus.jobs import Outcome
from duetto.corpus.manifest import Clip, Dropped, Split
from duetto.corpus.recordings.repeats import Likeness, Repeats
from duetto.storage.audio import Waveform, read_span, write_blocks
from duetto.storage.audio_libsndfile import BLOCK_VALUES
from duetto.storage.files import sha256_file

SPLIT_SHARE = 0.1  # of a singer's seconds for val, and for test
ROUNDING_S = 1e-6
FRAME_S = 0.05
LEAST_KEPT = 0.75  # of the seconds to hold out; the cut is at the softest place of the remaining quarter
SOFT, QUIETEST = 1.5, 1e-10  # frames within 1.8 dB of the softest, or below -100 dB, count as equally soft
MIN_FILES = 3  # fewer cannot fill train, val and test
MIN_CUT_S = 1.0  # of val, if it is cut from the longest file


def without_repeats(outcomes: Sequence[Outcome]) -> tuple[list[Clip], list[Dropped]]:
    """Drop repeated recordings, which could be in both train and test; the first is kept."""
    repeats = Repeats()
    clips, dropped = [], []
    for outcome in outcomes:
        for clip in outcome.clips:
            notes = outcome.notes
            likeness = Likeness(notes["sample_rate"], notes["num_samples"], notes["sampled"])
            first = repeats.first_like(notes["id"], likeness)
            if first is None:
                clips.append(clip)
            else:
                dropped.append(Dropped(clip.id, clip.duration_s, f"the same recording as {first}"))
    return clips, dropped


def split_clips(folder: Path, clips: Sequence[Clip]) -> tuple[list[Clip], dict[str, Any]]:
    """Clips with their splits, in order, and the cuts made in single files."""
    split: dict[str, list[Clip]] = {}
    cuts: dict[str, Any] = {}
    for singer in sorted({clip.singer for clip in clips}):
        own, cut = _split_singer(folder, [clip for clip in clips if clip.singer == singer])
        split |= own
        cuts |= cut
    return [part for clip in clips for part in split[clip.id]], cuts


def _split_singer(folder: Path, clips: list[Clip]) -> tuple[dict[str, list[Clip]], dict[str, Any]]:
    by_length = sorted(clips, key=lambda clip: (clip.duration_s, clip.sha256), reverse=True)
    budget_s = SPLIT_SHARE * sum(clip.duration_s for clip in clips)
    wanted: tuple[Split, ...] = ("val", "test") if len(clips) >= MIN_FILES else ("val",)
    free = sorted(by_length[1:], key=lambda clip: clip.sha256) if len(clips) >= MIN_FILES else []
    if budget_s < MIN_CUT_S and free:
        return _split_splinters(clips, free), {}
    split = {clip.id: [clip] for clip in clips}
    cuts: dict[str, Any] = {}
    for place, name in enumerate(wanted):
        whole = _fitting(free, budget_s)
        free = [clip for clip in free if clip not in whole]
        split |= {clip.id: [replace(clip, split=name)] for clip in whole}
        if not whole:
            clip = by_length[place]
            split[clip.id], cuts[clip.id] = _cut(folder, clip, name, budget_s)
            free = [other for other in free if other is not clip]
    return split, cuts


def _split_splinters(clips: Sequence[Clip], others: Sequence[Clip]) -> dict[str, list[Clip]]:
    """Hold out a tenth of the files, at least one, for each of val and test, if a tenth of the seconds is too short."""
    count = max(1, round(SPLIT_SHARE * len(clips)))
    splits: dict[str, Split] = {clip.id: "val" for clip in others[:count]}
    splits |= {clip.id: "test" for clip in others[count : 2 * count]}
    return {clip.id: [replace(clip, split=splits.get(clip.id, "train"))] for clip in clips}


def _fitting(clips: Sequence[Clip], budget_s: float) -> list[Clip]:
    """Clips, in order, whose total does not exceed the budget; clips that do not fit are skipped."""
    chosen: list[Clip] = []
    for clip in clips:
        if sum(other.duration_s for other in chosen) + clip.duration_s <= budget_s + ROUNDING_S:
            chosen.append(clip)
    return chosen


def _cut(folder: Path, clip: Clip, held: Split, held_s: float) -> tuple[list[Clip], dict[str, Any]]:
    """Split a clip into a train part and a held-out part of `held_s` at its end, at least 1 s, at most half."""
    num_samples, sample_rate = clip.num_samples, clip.sample_rate
    most = num_samples // 2
    num_held = min(max(round(held_s * sample_rate), round(MIN_CUT_S * sample_rate)), most)
    cut = _softest(
        folder / clip.path, (num_samples - num_held, num_samples - round(num_held * LEAST_KEPT)), sample_rate
    )
    parts: list[Clip] = []
    spans: tuple[tuple[Split, int, int], ...] = (("train", 0, cut), (held, cut, num_samples))
    for split, first, last in spans:
        path = f"{clip.path.removesuffix('.wav')}-{split}.wav"
        write_blocks(folder / path, _blocks(folder / clip.path, first, last), sample_rate)
        parts.append(
            replace(
                clip,
                id=f"{clip.id}-{split}",
                path=path,
                sha256=sha256_file(folder / path),
                split=split,
                num_samples=last - first,
                start=clip.start + first,
            )
        )
    return parts, {f"{held}_starts_at_s": cut / sample_rate}


def _softest(path: Path, span: tuple[int, int], sample_rate: int) -> int:
    """Start of the softest 50 ms within a span of a file, the first among equals, samples."""
    frame = max(1, round(FRAME_S * sample_rate))
    samples = read_span(path, *span).mean(axis=0)
    count = len(samples) // frame
    if count == 0:
        return span[0]
    energy = np.square(samples[: count * frame].reshape(count, frame), dtype=np.float64).sum(axis=1)
    return span[0] + frame * int(np.argmax(energy <= SOFT * energy.min() + QUIETEST * frame))


def _blocks(path: Path, first: int, last: int) -> Iterator[Waveform]:
    for begin in range(first, last, BLOCK_VALUES):
        yield read_span(path, begin, min(begin + BLOCK_VALUES, last))


def reconstruction_roles(clip: Clip) -> list[Clip]:
    """The manifest entries of a clip: target and, in val and test, source and reference of a reconstruction."""
    if clip.split == "train":
        return [clip]
    name = clip.id.removeprefix("target/")
    return [
        clip,
        replace(clip, id=f"source/{name}", role="source"),
        replace(clip, id=f"reference/{name}", role="reference"),
    ]
