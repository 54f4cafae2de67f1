"""What the tracker gets when a run is finished."""

from pathlib import Path

import pytest

from duetto.runs.told_at_end import tell_end
from duetto.runs.tracked import inputs_of, logged_rows
from duetto.storage.files import read_object, write_json
from duetto.storage.run_folder import RunFolder
from duetto.training.tracking import Tracker
from tests.ownership.records import NOBODY, person
from tests.report.run_folder import make_run


class Kept:
    """A destination that keeps what it gets."""

    def __init__(self) -> None:
        self.logged, self.summary, self.items, self.tables = [], {}, [], []

    def log(self, step, values):
        self.logged.append((step, values))

    def summarise(self, values):
        self.summary |= values

    def link(self, item):
        self.items.append(item)

    def show(self, table):
        self.tables.append(table)


def end(place: Path, **changes) -> Kept:
    run = RunFolder(make_run(place, (("tea", "mei"),), 0.3))
    write_json(run.record, {**read_object(run.record), "selected": {"step": 100, "why": "best"}, **changes})
    run.voice.path.mkdir(exist_ok=True)
    for path in (run.voice.weights, run.voice.card, run.voice.path / "index.faiss"):
        path.write_text("{}")
    kept, evaluation = Kept(), run.newest_evaluation()
    tell_end(Tracker([kept], "here"), run, evaluation)
    return kept


def test_songs_scores_best_and_last_and_what_was_made(tmp_path: Path):
    kept = end(tmp_path / "run", consent=NOBODY)
    (table,) = kept.tables
    assert table.columns[:3] == ("song", "singer", "transpose_semitones")
    assert table.columns[3:6] == ("source_audio", "output_audio", "reference_audio")
    (row,) = table.rows
    assert row[0] == "tea"
    assert row[4].name == "output.wav"
    assert len(row) == len(table.columns)
    assert kept.summary["best/step"] <= 100 <= kept.summary["last/step"]
    assert {"best/mcd_output", "last/mcd_output", "test/mcd_output"} <= set(kept.summary)
    assert [(item.kind, item.is_input, bool(item.files)) for item in kept.items] == [
        ("voice", False, True),
        ("index", False, True),
    ]
    assert "audio/tea__mei/output" in kept.logged[0][1]


def test_of_a_person_who_allows_neither_sound_nor_weights_there_are_numbers(tmp_path: Path):
    kept = end(tmp_path / "run", consent=person(scopes=["train", "infer", "cloud_logging"]))
    assert kept.logged == []
    (table,) = kept.tables
    assert not [cell for row in table.rows for cell in row if isinstance(cell, Path)]
    assert table.rows[0][0] == "recording 1"
    assert [item.files for item in kept.items] == [(), ()]


def test_inputs_are_known_by_digests_and_a_persons_base_by_nothing_else():
    base = {"role": "base", "name": "/home/ann/annas_voice.pth", "sha256": "b" * 64}
    record = {"data_hash": "c" * 64, "case": "folder", "consent": NOBODY, "made_from": [base, {"role": "corpus"}]}
    corpus, weights = inputs_of(record)
    assert (corpus.kind, corpus.digest, corpus.is_input) == ("dataset", "c" * 64, True)
    assert weights.facts == {"role": "base", "name": "annas_voice.pth"}
    assert inputs_of({**record, "consent": person()})[1].facts == {"role": "base"}


def test_what_was_logged_before_a_kill_is_one_row_a_step(tmp_path: Path):
    run = RunFolder(tmp_path)
    run.losses.write_text("step,minutes,mel\n1,0.1,3\n200,2,2\n201,")
    run.curve.write_text("step,minutes,mcd_output\n200,2,7.5\n400,4,nan\n")
    assert logged_rows(run) == [
        (1, {"mel": 3.0}),
        (200, {"mel": 2.0, "mcd_output": 7.5}),
        (201, {}),
        (400, {}),
    ]
    assert logged_rows(RunFolder(tmp_path / "absent")) == []


@pytest.mark.parametrize("bad", ["x", ""])
def test_a_step_that_is_no_number_is_no_row(tmp_path: Path, bad: str):
    (tmp_path / "losses.csv").write_text(f"step,minutes,mel\n{bad},0.1,3\n")
    assert logged_rows(RunFolder(tmp_path)) == []
