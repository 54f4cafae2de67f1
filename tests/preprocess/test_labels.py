from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duetto.errors import ConfigError, CorpusError
from duetto.preprocess.segment import Segment, what_a_step_reads
from duetto.preprocess.steps.labels import Label, TrimByLabels, difference, intersection, read_labels, write_labels

from .conftest import RATE

TRACK = "0.500000\t1.250000\tkeep\n\\\t200.000000\t900.500000\n2.000000\t2.000000\tbreath\n"


def clip(duration_s: float = 4.0, start: int = 0) -> Segment:
    num_samples = round(duration_s * RATE)
    return Segment(np.arange(start, start + num_samples, dtype=np.float32), RATE, "target/song", start)


def track(folder: Path, text: str, name: str = "song.txt") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_track_of_audacity_is_read_and_written_as_it_was(tmp_path: Path):
    path = track(tmp_path, TRACK)
    labels = read_labels(path)
    assert labels == (Label(0.5, 1.25, "keep", (200.0, 900.5)), Label(2.0, 2.0, "breath"))
    write_labels(path, labels)
    assert path.read_text() == TRACK


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0,5\t1,0\tkeep\n", "line 1: decimals have a comma"),
        ("0.5\t1.0\n0.5 1.0 keep\n", "line 2: expected two numbers"),
        ("2\t1\tkeep\n", "expected 0 <= start <= end, found 2 and 1 s"),
        ("-1\t1\tkeep\n", "expected 0 <= start"),
        ("nan\t1\tkeep\n", "finite"),
        ("\\\t200\t900\n", "frequencies without a label"),
        ("0\t1\tkeep\n\\\t200\n", "line 2: expected two numbers"),
    ],
)
def test_a_line_that_is_no_label_is_named(tmp_path: Path, text: str, sentence: str):
    with pytest.raises(CorpusError, match=sentence):
        read_labels(track(tmp_path, text))


def test_files_that_are_missing_or_no_text_say_what_to_do(tmp_path: Path):
    with pytest.raises(CorpusError, match="export it"):
        read_labels(tmp_path / "none.txt")
    (tmp_path / "latin.txt").write_bytes(b"0\t1\t\xe9\n")
    with pytest.raises(CorpusError, match="UTF-8"):
        read_labels(tmp_path / "latin.txt")


def test_what_is_labelled_drop_goes_and_the_rest_knows_where_it_was(tmp_path: Path):
    track(tmp_path, "1.0\t1.5\tdrop\n")
    pieces, dropped = TrimByLabels(str(tmp_path)).apply((clip(),))
    assert [(piece.start / RATE, piece.duration_s) for piece in pieces] == [(0.0, 1.0), (1.5, 2.5)]
    assert all(piece.waveform[0] == piece.start for piece in pieces)
    assert [(entry.seconds, entry.reason) for entry in dropped] == [(0.5, "labelled drop")]


def test_what_is_not_labelled_keep_goes_and_drop_wins(tmp_path: Path):
    path = track(tmp_path, "0.5\t2.0\tverse\n1.5\t3.0\tverse\n1.0\t1.25\tdrop\n")
    pieces, dropped = TrimByLabels(str(path), keep=["verse"]).apply((clip(),))
    assert [(piece.start / RATE, piece.duration_s) for piece in pieces] == [(0.5, 0.5), (1.25, 1.75)]
    assert [(entry.seconds, entry.reason) for entry in dropped] == [
        (1.5, "not labelled verse"),
        (0.25, "labelled drop"),
    ]


@pytest.mark.parametrize("text", ["drop", "Drop", "DROP", "drop (cough)", "drop: cough", "Drop cough", "drop, cough"])
def test_a_label_that_begins_with_the_word_drops(tmp_path: Path, text: str):
    track(tmp_path, f"1.0\t1.5\t{text}\n")
    pieces, dropped = TrimByLabels(str(tmp_path)).apply((clip(),))
    assert len(pieces) == 2
    assert [(entry.seconds, entry.reason) for entry in dropped] == [(0.5, "labelled drop")]


@pytest.mark.parametrize("text", ["drop", "Drop (cough)"])
def test_a_label_without_a_length_that_should_drop_is_refused(tmp_path: Path, text: str):
    track(tmp_path, f"3.0\t3.0\t{text}\n")
    with pytest.raises(CorpusError, match=r"at 3 s has no length.*drag its ends apart"):
        TrimByLabels(str(tmp_path)).apply((clip(),))


def test_labels_that_do_nothing_are_remarked_on_once(tmp_path: Path):
    track(tmp_path, "1.0\t1.5\tdrop-in\n2.0\t2.0\tbreath\n2.5\t3.0\tdrpo\n3.0\t3.5\t\n3.1\t3.2\tbreath\n")
    pieces, dropped = TrimByLabels(str(tmp_path)).apply((clip(2.0), clip(2.0, start=2 * RATE)))
    assert len(pieces) == 2
    reason = "labels that neither keep nor drop: drop-in, breath, drpo, no text"
    assert [(entry.seconds, entry.reason) for entry in dropped] == [(0.0, reason)]


def test_of_several_texts_the_longest_counts(tmp_path: Path):
    track(tmp_path, "1.0\t1.5\tdrop in\n")
    step = TrimByLabels(str(tmp_path), keep=("drop in",))
    assert [piece.duration_s for piece in step.apply((clip(),))[0]] == [0.5]


def test_labels_count_from_the_beginning_of_the_clip(tmp_path: Path):
    track(tmp_path, "0.5\t2.5\tdrop\n")
    pieces, dropped = TrimByLabels(str(tmp_path)).apply((clip(2.0), clip(2.0, start=2 * RATE)))
    assert [(piece.start / RATE, piece.duration_s) for piece in pieces] == [(0.0, 0.5), (2.5, 1.5)]
    assert [entry.seconds for entry in dropped] == [1.5, 0.5]


def test_a_label_beyond_the_end_is_of_another_recording(tmp_path: Path):
    step = TrimByLabels(str(tmp_path))
    track(tmp_path, "0.5\t4.005\tdrop\n")
    assert len(step.apply((clip(),))[0]) == 1
    track(tmp_path, "5.0\t6.0\tdrop\n")
    with pytest.raises(CorpusError, match="another recording"):
        step.apply((clip(),))


def test_another_track_is_another_fingerprint(tmp_path: Path):
    step = TrimByLabels(str(tmp_path))
    track(tmp_path, "0.5\t1.0\tdrop\n")
    first = what_a_step_reads(step)
    track(tmp_path, "0.5\t1.1\tdrop\n")
    assert what_a_step_reads(step) != first


def test_a_text_cannot_be_kept_and_dropped():
    with pytest.raises(ConfigError, match="both kept and dropped"):
        TrimByLabels("labels", keep=("drop",))


spans = st.lists(st.integers(0, 60), max_size=12, unique=True).map(
    lambda edges: [(a, b) for a, b in zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False)]
)


@given(spans, spans)
def test_spans_are_sets_of_samples(a: list[tuple[int, int]], b: list[tuple[int, int]]):
    def samples(of: list[tuple[int, int]]) -> list[int]:
        return [sample for first, last in of for sample in range(first, last)]

    assert samples(intersection(a, b)) == sorted(set(samples(a)) & set(samples(b)))
    assert samples(difference(a, b)) == sorted(set(samples(a)) - set(samples(b)))
