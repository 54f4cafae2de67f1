"""Stress tests: what is converted and cut, what is written down after each case, and that nothing is done twice."""

import io
import math
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from duetto.__main__ import main
from duetto.cli.commands.stress import stress_table
from duetto.errors import ConfigError
from duetto.evaluation.inputs import SongFiles
from duetto.runs.stress import CaseWorker, check_names, cut, load_state, pieces, work_off
from duetto.runs.stress_cases import StressCase
from duetto.settings.config import EvalConfig, RetrievalConfig
from duetto.storage.audio import read_audio, write_audio
from duetto.storage.files import read_json
from tests.conversion.transparent import RATE, transparent_converter
from tests.corpus.fakes import sine

EVALUATION = EvalConfig(retrieval=RetrievalConfig(index_rate=0.0))


@pytest.fixture
def case(tmp_path: Path) -> StressCase:
    for name in ("source", "reference"):
        write_audio(tmp_path / f"{name}.wav", sine(200.0, 3.0, RATE), RATE)
    return StressCase("slow_01", "slow", "mei", tmp_path / "source.wav", tmp_path / "reference.wav", "miku", 0.0)


def worker(folder: Path) -> CaseWorker:
    return CaseWorker(transparent_converter(f0_hz=200.0), EVALUATION, ["miku"], folder)


def nothing(what: str, done: int, total: int) -> None:
    """A progress bar that shows nothing."""


def changed(case: StressCase, **changes: object) -> StressCase:
    return StressCase(**{**vars(case), **changes})


def test_a_case_leaves_four_files_as_long_as_the_source(case: StressCase, tmp_path: Path):
    files = worker(tmp_path / "out")(case)
    places = (files.source, files.output, files.reference, files.copy_synthesis)
    assert [len(read_audio(place)[0]) for place in places if place] == [3 * RATE] * 4
    assert files.conversion_seconds > 0


def test_fragments_are_converted_by_themselves_and_laid_end_to_end(case: StressCase, tmp_path: Path):
    own = worker(tmp_path / "out")
    files = own(changed(case, condition="fragment_500", fragment_ms=500.0))
    assert len(own.converter.renderer.frames) == 6
    assert len(read_audio(files.output)[0]) == 3 * RATE


def test_only_the_spans_are_kept_and_speed_is_not_told_of_them(case: StressCase, tmp_path: Path):
    files = worker(tmp_path / "out")(changed(case, spans_s=((0.5, 1.0), (2.0, 2.25))))
    assert len(read_audio(files.output)[0]) == len(read_audio(files.reference)[0]) == 0.75 * RATE
    assert files.conversion_seconds is None


def test_without_a_reference_there_is_none_to_compare_with(case: StressCase, tmp_path: Path):
    files = worker(tmp_path / "out")(changed(case, reference=None))
    assert (files.reference, files.copy_synthesis) == (None, None)


def test_pieces_lose_nothing_and_none_is_a_stub():
    waveform = np.arange(2_600, dtype=np.float32)
    parts = pieces(waveform, 1000.0, 1000)
    assert [len(part) for part in parts] == [1000, 1000, 600]
    assert [len(part) for part in pieces(waveform[:2_400], 1000.0, 1000)] == [1000, 1400]
    assert np.array_equal(np.concatenate(parts), waveform)
    assert len(pieces(waveform[:100], 1000.0, 1000)) == 1
    assert cut(waveform, (), 1000) is waveform


def test_a_stress_test_that_was_broken_off_continues_where_it_was(case: StressCase, tmp_path: Path):
    cases = [changed(case, song=song) for song in ("slow_01", "slow_02", "slow_03")]
    converted: list[str] = []

    def convert(each: StressCase) -> SongFiles:
        if each.song == "slow_02" and len(converted) == 1:
            raise RuntimeError("the power went out")
        converted.append(each.song)
        return SongFiles(each.song, "mei", case.source, case.source, None, None, 0.0, None)

    def score(files: SongFiles) -> dict[str, float]:
        return {"mcd_output": 5.0, "dip_rate": math.nan}

    with pytest.raises(RuntimeError, match="power"):
        work_off(load_state(tmp_path, "one"), "tempo", cases, convert, score, tmp_path, nothing)
    converted.append("again")
    work_off(load_state(tmp_path, "one"), "tempo", cases, convert, score, tmp_path, nothing)
    assert converted == ["slow_01", "again", "slow_02", "slow_03"]
    rows = read_json(tmp_path / "stress_tests.json")["stress_tests"]["tempo"]["cases"]
    assert [row["song"] for row in rows] == ["slow_01", "slow_02", "slow_03"]
    assert rows[0]["metrics"] == {"mcd_output": 5.0, "dip_rate": None}
    assert (rows[0]["has_reference"], rows[0]["label"]) == (True, "")


def test_scores_without_a_reference_are_labelled_diagnostics(case: StressCase, tmp_path: Path):
    files = SongFiles("slow_01", "mei", case.source, case.source, None, None, 0.0, None)
    state = load_state(tmp_path, "one")
    work_off(state, "tempo", [changed(case, reference=None)], lambda _: files, lambda _: {}, tmp_path, nothing)
    assert state["stress_tests"]["tempo"]["cases"][0]["label"] == "diagnostic"


def test_other_weights_or_settings_are_tested_anew(tmp_path: Path, case: StressCase):
    files = SongFiles("slow_01", "mei", case.source, case.source, None, None, 0.0, None)
    work_off(load_state(tmp_path, "one"), "tempo", [case], lambda _: files, lambda _: {}, tmp_path, nothing)
    assert load_state(tmp_path, "one")["stress_tests"] != {}
    assert load_state(tmp_path, "two")["stress_tests"] == {}


def test_a_stress_test_that_does_not_exist_is_refused_with_those_that_do(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(ConfigError, match="transposition, tempo, held, fragments"):
        check_names(["volume"])
    assert main(["stress", "latest", "--test", "volume"]) == 2
    assert "no stress test 'volume'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("conditions", "shown"),
    [
        (("native", "up12", "up3", "down6"), ["down6", "native", "up3", "up12"]),
        (("fragment_1000", "whole", "fragment_250"), ["whole", "fragment_250", "fragment_1000"]),
        (("slow", "fast"), ["slow", "fast"]),
    ],
)
def test_conditions_are_shown_by_their_number_and_whole(conditions, shown):
    cases = [{"condition": name, "label": "", "metrics": {"mcd_output": 7.0}} for name in conditions]
    table = stress_table("any", cases)
    console = Console(width=60, record=True, file=io.StringIO())
    console.print(table)
    text = console.export_text()
    assert list(table.columns[0].cells) == shown
    assert all(name in text for name in conditions)
