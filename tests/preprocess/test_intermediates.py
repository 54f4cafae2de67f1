from pathlib import Path

import numpy as np

from duetto.corpus.manifest import load_manifest
from duetto.preprocess.pipeline import preprocess_corpus
from duetto.preprocess.steps.gate import Gate
from duetto.preprocess.steps.low_pass import LowPass
from duetto.preprocess.steps.slice import Slice
from duetto.storage.audio import read_channels
from duetto.storage.files import sha256_file

from .conftest import RATE

STEPS = {"low_pass": LowPass(cutoff_hz=500.0), "gate": Gate(threshold_db=-6.0), "slice": Slice()}


def treat(corpus: Path, cache: Path, keep_intermediates: bool) -> Path:
    return preprocess_corpus(corpus, STEPS, cache, {"a": 1}, workers=1, keep_intermediates=keep_intermediates)


def test_every_clip_is_kept_before_the_first_step_and_after_each(corpus: Path, tmp_path: Path):
    folder = treat(corpus, tmp_path / "cache", keep_intermediates=True)
    intermediates = load_manifest(folder).select("intermediate")
    names = [
        f"{intermediate}/target/{song}"
        for intermediate in ("0_recorded", "1_low_pass", "2_gate")
        for song in sorted(("one", "two", "three"))
    ]
    assert [clip.id for clip in intermediates] == [f"intermediate/{name}" for name in names]
    assert all(sha256_file(folder / clip.path) == clip.sha256 for clip in intermediates)
    recorded, _ = read_channels(corpus / "audio/target/one.wav")
    kept, rate = read_channels(folder / intermediates[0].path)
    assert rate == RATE
    assert np.allclose(kept, recorded, atol=2**-15)
    filtered, _ = read_channels(folder / "audio/intermediate/1_low_pass/target/one.flac")
    assert np.abs(filtered).max() < 0.8 * np.abs(kept).max()


def test_intermediates_change_neither_what_is_trained_on_nor_the_ledger(corpus: Path, tmp_path: Path):
    plain = load_manifest(treat(corpus, tmp_path / "cache", keep_intermediates=False))
    folder = treat(corpus, tmp_path / "cache", keep_intermediates=True)
    with_intermediates = load_manifest(folder)
    assert with_intermediates.content_hash() == plain.content_hash()
    assert with_intermediates.ledger == plain.ledger
    assert not plain.select("intermediate")
