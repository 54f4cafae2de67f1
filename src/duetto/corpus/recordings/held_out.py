"""Which of a user's recordings are held out, and what serves as their source and reference.

Files are split whole and singer by singer, ordered by content hash, the longest always into train: with
three or more, a tenth each (at least one) goes to val and test; with fewer, the last tenth of the longest
file becomes val.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from duetto.corpus.jobs import Outcome
from duetto.corpus.manifest import Clip, Dropped, Split
from duetto.corpus.recordings.intake import SAMPLED_TOLERANCE, is_same_recording
from duetto.storage.audio import Waveform, read_span, write_blocks
from duetto.storage.audio_libsndfile import BLOCK_VALUES
from duetto.storage.files import sha256_file

SPLIT_SHARE = 0.1  # of the files for val, and for test
MIN_FILES = 3  # fewer cannot fill train, val and test
MIN_CUT_S = 1.0  # of val, when it is cut from the longest file


def without_repeats(outcomes: Sequence[Outcome]) -> tuple[list[Clip], list[Dropped]]:
    """Drop repeated recordings, which could end up in both train and test; the first one is kept."""
    kept: dict[tuple[int, int, int], list[dict[str, Any]]] = {}  # by form and loudness, so that few are compared
    clips, dropped = [], []
    for outcome in outcomes:
        for clip in outcome.clips:
            notes = outcome.notes
            rate, length, cell = notes["sample_rate"], notes["num_samples"], _loudness_cell(notes["sampled"])
            near = (other for step in (-1, 0, 1) for other in kept.get((rate, length, cell + step), ()))
            first = next((other for other in near if is_same_recording(notes, other)), None)
            if first is not None:
                dropped.append(Dropped(clip.id, clip.duration_s, f"the same recording as {first['id']}"))
            else:
                kept.setdefault((rate, length, cell), []).append(notes)
                clips.append(clip)
    return clips, dropped


def _loudness_cell(sampled: Sequence[float]) -> int:
    """Recordings whose sampled values agree within the tolerance are in the same or neighbouring cells."""
    return round(sum(abs(value) for value in sampled) / max(1, len(sampled)) / SAMPLED_TOLERANCE)


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
    longest = max(clips, key=lambda clip: (clip.duration_s, clip.sha256))
    if len(clips) < MIN_FILES:
        parts, cut = _cut(folder, longest)
        return {clip.id: parts if clip is longest else [clip] for clip in clips}, cut
    count = max(1, round(SPLIT_SHARE * len(clips)))
    others = sorted((clip for clip in clips if clip is not longest), key=lambda clip: clip.sha256)
    splits: dict[str, Split] = {clip.id: "val" for clip in others[:count]}
    splits |= {clip.id: "test" for clip in others[count : 2 * count]}
    return {clip.id: [replace(clip, split=splits.get(clip.id, "train"))] for clip in clips}, {}


def _cut(folder: Path, clip: Clip) -> tuple[list[Clip], dict[str, Any]]:
    """The clip as a train part and a val part at its end: a tenth, at least 1 s, at most half."""
    num_samples, sample_rate = clip.num_samples, clip.sample_rate
    num_val = min(max(round(SPLIT_SHARE * num_samples), round(MIN_CUT_S * sample_rate)), num_samples // 2)
    cut = num_samples - num_val
    parts: list[Clip] = []
    spans: tuple[tuple[Split, int, int], ...] = (("train", 0, cut), ("val", cut, num_samples))
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
    return parts, {clip.id: {"val_starts_at_s": cut / sample_rate}}


def _blocks(path: Path, first: int, last: int) -> Iterator[Waveform]:
    for begin in range(first, last, BLOCK_VALUES):
        yield read_span(path, begin, min(begin + BLOCK_VALUES, last))


def reconstruction_roles(clip: Clip) -> list[Clip]:
    """The rows of a clip: target, and in val and test the pair that measures reconstruction."""
    if clip.split == "train":
        return [clip]
    name = clip.id.removeprefix("target/")
    return [
        clip,
        replace(clip, id=f"source/{name}", role="source"),
        replace(clip, id=f"reference/{name}", role="reference"),
    ]
