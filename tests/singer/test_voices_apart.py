"""The claim of docs/singers.md, as its benchmark measures it."""

import importlib.util
from pathlib import Path

import pytest

from duetto.evaluation.models.speaker import SpeakerEncoder
from duetto.singer.voices import VOICES

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "voices.py"


@pytest.mark.slow
def test_a_speaker_embedding_tells_every_pair_of_voices_apart_at_one_pitch(capsys):
    spec = importlib.util.spec_from_file_location("voices_benchmark", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    assert all(voice.range_midi[0] <= benchmark.MATCHED_MIDI <= voice.range_midi[1] for voice in VOICES.values())
    assert benchmark.compare(list(VOICES.values()), benchmark.MATCHED_MIDI, SpeakerEncoder()) >= benchmark.MARGIN
