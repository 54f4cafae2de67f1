"""A metric is one file and one line of the registry: no other place knows its name."""

import dataclasses
import io
import json
import math

import numpy as np
import pytest
from rich.console import Console

from duetto.evaluation import registry
from duetto.evaluation.inputs import Instruments, SongFiles
from duetto.evaluation.models.speaker import SpeakerEncoder
from duetto.evaluation.reference import ReferenceStore
from duetto.evaluation.suite import score_run
from duetto.evaluation.table import metrics_table
from duetto.report.page import write_run_page
from duetto.storage.audio import write_audio
from duetto.storage.files import read_json, write_json
from tests.evaluation.crest import MEASURE, crest_db
from tests.evaluation.voices import BRIGHT, SAMPLE_RATE, melody, sing
from tests.report.run_folder import facts

PLACES = ("", "_source", "_copy_synthesis")


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setattr(registry, "MEASURES", (*registry.MEASURES, MEASURE))


@pytest.fixture(scope="module")
def waveforms():
    sung = melody(1.5, base_hz=220.0)
    waveforms = {"source": sing(sung, BRIGHT), "reference": sing(sung), "copy_synthesis": sing(sung, seed=4)}
    return {**waveforms, "output": 0.5 * waveforms["source"] + 0.5 * waveforms["reference"]}


@pytest.fixture
def files(tmp_path, waveforms):
    place = tmp_path / "songs" / "tea__mei"
    for role, waveform in waveforms.items():
        write_audio(place / f"{role}.wav", waveform, SAMPLE_RATE)
    paths = {role: place / f"{role}.wav" for role in waveforms}
    return SongFiles("tea", "mei", **paths, transpose_semitones=0.0, conversion_seconds=1.0)


@pytest.fixture
def scored(registered, files, tmp_path):
    """metrics.json of a run of one song."""
    write_json(tmp_path / "metrics.json", score_run([files], instruments=Instruments(SpeakerEncoder())))
    (tmp_path / "run.json").write_text(json.dumps(facts()))
    return tmp_path / "metrics.json"


def test_it_is_scored_at_every_place_and_in_metrics_json(scored, waveforms):
    metrics = read_json(scored)
    (song,) = metrics["songs"]
    crests = {role: crest_db(waveform) for role, waveform in waveforms.items()}
    for place, role in zip((*PLACES, "_reference"), ("output", "source", "copy_synthesis", "reference"), strict=True):
        assert song["metrics"][f"crest{place}"] == pytest.approx(crests[role], abs=0.01)
    distances = [metrics["mean"][f"crest_distance{place}"] for place in PLACES]
    expected = [abs(crests[role] - crests["reference"]) for role in ("output", "source", "copy_synthesis")]
    np.testing.assert_allclose(distances, expected, atol=0.01)
    gap = (distances[1] - distances[0]) / (distances[1] - distances[2])
    assert metrics["mean"]["crest_distance_gap_closed"] == pytest.approx(gap)
    assert metrics["n"]["crest"] == 1


@pytest.mark.slow
def test_it_is_in_the_table_and_on_the_page(scored):
    console = Console(file=io.StringIO(), width=160)
    console.print(metrics_table(read_json(scored)))
    assert "Crest distance" in console.file.getvalue()
    page = write_run_page(scored.parent).read_text(encoding="utf-8")
    for text in ("Crest distance", "Gap closed, crest distance", "Crest factor", "Peak over root mean square."):
        assert text in page


@pytest.mark.usefixtures("registered")
def test_without_the_reference_only_what_it_says_of_the_output_is_defined(files):
    private = dataclasses.replace(files, reference=None, copy_synthesis=None)
    run = score_run([private], instruments=Instruments(SpeakerEncoder()))
    assert math.isfinite(run["mean"]["crest"])
    assert run["label"]["crest"] == "diagnostic"
    assert math.isnan(run["mean"]["crest_distance"])


@pytest.mark.slow
def test_what_was_kept_of_a_reference_before_is_made_again(files, tmp_path, monkeypatch):
    store, instruments = ReferenceStore(tmp_path / "references"), Instruments(SpeakerEncoder())
    score_run([files], instruments=instruments, references=store)
    monkeypatch.setattr(registry, "MEASURES", (*registry.MEASURES, MEASURE))
    assert math.isfinite(score_run([files], instruments=instruments, references=store)["mean"]["crest_reference"])


def test_without_the_line_nothing_knows_it(files):
    assert "crest" not in score_run([files], instruments=Instruments(SpeakerEncoder()))["mean"]
