"""What the stress tests ask of a voice: pitches, tempos, held vowels and fragments, and where there is a reference."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from duetto.corpus.build import Surroundings, build_corpus
from duetto.corpus.manifest import Clip, Manifest, save_manifest
from duetto.errors import CorpusError
from duetto.runs.stress_cases import (
    STRESS_TESTS,
    StressCase,
    StressedRun,
    case_without_treatment,
    held_spans,
    median_pitch_hz,
    shift_name,
    split_song,
)
from duetto.settings.config import DataConfig
from duetto.singer.annotations import Annotations, save_annotations
from duetto.storage.audio import write_audio
from tests.corpus.fakes import FakeSinger, sine

TEMPO_SONGS = {"slow_01", "slow_02", "slow_03", "fast_13"}


@pytest.fixture
def embedded(tmp_path: Path) -> StressedRun:
    data = DataConfig(
        case="case_b", root=str(tmp_path), train_songs=["fast_01", "fast_02"], test_songs=["fast_13", "slow_01"]
    )
    surroundings = Surroundings(FakeSinger(), workers=1)
    return StressedRun(
        data, build_corpus(data, None, surroundings), lambda asked: build_corpus(asked, None, surroundings)
    )


@pytest.fixture
def private(tmp_path: Path) -> StressedRun:
    """Somebody's two recordings at 220 Hz."""
    clips = []
    for song, split in (("mine", "train"), ("yours", "test")):
        path = tmp_path / "own" / "audio" / f"{song}.wav"
        write_audio(path, sine(220.0, 1.0, 24_000), 24_000)
        clip = Clip(song, f"audio/{song}.wav", "", "target", split, song, "ann", 24_000, 24_000)
        clips += [clip, replace(clip, id=f"s/{song}", role="source"), replace(clip, id=f"t/{song}", role="reference")]
    save_manifest(Manifest("folder", tuple(clips), {}, {"subject": "ann"}), tmp_path / "own")
    surroundings = Surroundings(FakeSinger(), workers=1)
    data = DataConfig(case="folder", root=str(tmp_path), path="own")
    return StressedRun(data, tmp_path / "own", lambda asked: build_corpus(asked, None, surroundings))


def test_an_embedded_voice_is_transposed_from_six_down_to_twelve_up_against_its_reference(embedded: StressedRun):
    cases = STRESS_TESTS["transposition"](embedded)
    assert {case.condition for case in cases} == {"down6", "native", "up3", "up6", "up9", "up12"}
    assert len(cases) == 2 * 6
    assert all(case.reference is not None and case.reference.is_file() for case in cases)
    by_name = {(case.song, case.condition): case for case in cases}
    shifts = [by_name["fast_13", each].transpose_semitones for each in ("down6", "native", "up12")]
    assert np.diff(shifts) == pytest.approx([6.0, 12.0])
    assert by_name["fast_13", "up6"].reference.stem == "fast_13_up6"


def test_slow_songs_stand_beside_a_fast_one(embedded: StressedRun):
    cases = STRESS_TESTS["tempo"](embedded)
    assert {case.song for case in cases} == TEMPO_SONGS
    assert {case.condition for case in cases} == {"slow", "fast"}
    assert all(case.reference is not None for case in cases)


def test_songs_are_converted_whole_and_in_fragments(embedded: StressedRun):
    cases = STRESS_TESTS["fragments"](embedded)
    assert [case.condition for case in cases if case.song == "slow_01"] == [
        "whole",
        "fragment_250",
        "fragment_500",
        "fragment_1000",
    ]
    assert {case.fragment_ms for case in cases} == {0.0, 250.0, 500.0, 1000.0}


@pytest.mark.parametrize("test", ["transposition", "tempo", "fragments"])
def test_a_private_voice_has_no_reference(private: StressedRun, test: str):
    cases = STRESS_TESTS[test](private)
    assert cases
    assert all(case.reference is None for case in cases)


def test_a_private_voice_is_transposed_from_its_own_recordings(private: StressedRun):
    cases = STRESS_TESTS["transposition"](private)
    assert [case.condition for case in cases] == ["down6", "native", "up3", "up6", "up9", "up12"]
    assert [case.transpose_semitones for case in cases] == [-6.0, 0.0, 3.0, 6.0, 9.0, 12.0]
    assert {case.source.stem for case in cases} == {"yours"}


def test_an_embedded_source_is_brought_to_the_private_voice_s_pitch(private: StressedRun):
    for case in STRESS_TESTS["tempo"](private):
        expected = 12 * np.log2(
            median_pitch_hz([private.corpus / "audio" / "yours.wav"]) / median_pitch_hz([case.source])
        )
        assert case.transpose_semitones == pytest.approx(expected)


def test_the_reference_of_a_treated_case_is_sung_without_its_treatment():
    data = DataConfig(case="case_d", train_songs=["fast_01", "fast_02"], test_songs=["slow_01"])
    plain = case_without_treatment(data)
    assert (plain.case, plain.train_songs, plain.room.rt60_s) == ("case_b", ["fast_01"], 0.0)
    assert plain.mix.vocal_to_backing_db is None


def test_vowels_of_eight_tenths_of_a_second_are_held(tmp_path: Path):
    annotations = Annotations(
        ("pau", "k", "a", "i", "sh", "o"),
        np.array([0.0, 0.9, 1.0, 2.0, 2.5, 2.6]),
        np.array([0.9, 1.0, 2.0, 2.5, 2.6, 3.5]),
        np.zeros(10),
        0.005,
    )
    save_annotations(annotations, tmp_path / "annotations.npz")
    clip = Clip("t", "t.wav", "", "reference", "test", "slow_01", "miku", 24_000, 0, annotations="annotations.npz")
    case = StressCase("slow_01", "slow", "mei", tmp_path, None, "miku", 0.0, labels=(tmp_path, clip))
    assert np.array(held_spans(case)) == pytest.approx(np.array([[1.05, 1.95], [2.65, 3.45]]))
    with pytest.raises(CorpusError, match="no phone labels"):
        held_spans(replace(case, labels=None))


def test_conditions_by_name():
    assert [shift_name(each) for each in (-6, 0, 12)] == ["down6", "native", "up12"]
    assert split_song("air_13_down6") == ("air_13", "down6")
    assert split_song("air_13") == ("air_13", "native")
    assert split_song("stand_up") == ("stand_up", "native")


def test_recordings_without_a_pitch_are_refused(tmp_path: Path):
    write_audio(tmp_path / "silence.wav", np.zeros(24_000, np.float32), 24_000)
    with pytest.raises(CorpusError, match="no voiced frame"):
        median_pitch_hz([tmp_path / "silence.wav"])
