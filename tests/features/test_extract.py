"""Extraction and its cache: exact lengths, one code for training and conversion, nothing done twice."""

import logging

import numpy as np
import pytest

from duetto.corpus.manifest import Clip, Manifest
from duetto.errors import AudioError, CorpusError, StorageError
from duetto.features import extract as extract_module
from duetto.features.cache import feature_path, load_features, save_features
from duetto.features.content import build_encoder
from duetto.features.extract import analyse, extract_corpus
from duetto.features.f0 import build_f0_extractor
from duetto.settings.config import FeaturesConfig
from duetto.storage.audio import write_audio
from duetto.storage.files import sha256_file

RATE = 24_000
CONFIG = FeaturesConfig(sample_rate=RATE, hop_length=240, n_fft=1024, n_mels=80)


@pytest.fixture(scope="module")
def tools():
    return build_encoder(CONFIG.content), build_f0_extractor(CONFIG.f0)


def tone(seconds, seed=0):
    times = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(seed).normal(size=len(times)) * 0.01
    return (0.2 * np.sin(2 * np.pi * 220 * times) + 0.1 * np.sin(2 * np.pi * 440 * times) + noise).astype(np.float32)


def make_corpus(folder, lengths_s):
    clips = []
    for index, seconds in enumerate(lengths_s):
        path = folder / "audio" / f"{index}.wav"
        write_audio(path, tone(seconds, index), RATE)
        clips.append(
            Clip(
                f"clip{index}",
                f"audio/{index}.wav",
                sha256_file(path),
                "target",
                "train",
                "s",
                "v",
                RATE,
                round(seconds * RATE),
            )
        )
    return Manifest("b", tuple(clips), {}, {})


@pytest.mark.parametrize("num_samples", [1, 240, 241, 2400, 7_777, 24_000, 50_001, 72_000])
def test_every_feature_has_exactly_the_frames_of_the_padded_waveform(tools, num_samples):
    features = analyse(tone(num_samples / RATE), CONFIG, *tools)
    frames = -(-num_samples // 240)
    assert features.content.shape == (frames, 288)
    assert features.f0_hz.shape == (frames,)
    assert features.waveform.shape == (frames * 240,)
    assert {array.dtype for array in (features.content, features.f0_hz, features.waveform)} == {np.dtype(np.float32)}


def test_features_of_a_delayed_signal_are_delayed(tools):
    plain = analyse(tone(1.0), CONFIG, *tools)
    delayed = analyse(np.concatenate([np.zeros(24 * 240, dtype=np.float32), tone(1.0)]), CONFIG, *tools)
    assert np.flatnonzero(delayed.f0_hz)[0] - np.flatnonzero(plain.f0_hz)[0] == pytest.approx(24, abs=2)
    np.testing.assert_array_equal(delayed.waveform[24 * 240 :], plain.waveform)


def test_nan_is_refused(tools):
    with pytest.raises(AudioError, match="NaN"):
        analyse(np.array([0.0, np.nan], dtype=np.float32), CONFIG, *tools)


def test_a_corpus_is_extracted_once_and_equal_audio_is_shared(tmp_path, monkeypatch):
    manifest = make_corpus(tmp_path, [0.5, 0.3])
    twin = Clip(**{**vars(manifest.clips[0]), "id": "twin"})
    manifest = Manifest("b", (*manifest.clips, twin), {}, {})
    seen = []
    first = extract_corpus(
        tmp_path, manifest, CONFIG, tmp_path / "cache", lambda done, total: seen.append((done, total))
    )
    assert seen == [(1, 2), (2, 2)]
    assert first.num_frames == {"clip0": 50, "clip1": 30, "twin": 50}
    assert first.paths["twin"] == first.paths["clip0"]
    assert first.seconds == pytest.approx(1.3)
    assert first.seconds_extracted == pytest.approx(0.8)
    assert first.seconds_from_cache == pytest.approx(0.5)

    monkeypatch.setattr(extract_module, "build_encoder", None)
    monkeypatch.setattr(extract_module, "process_pool", None)
    second = extract_corpus(tmp_path, manifest, CONFIG, tmp_path / "cache")
    assert (second.seconds_extracted, second.seconds_from_cache) == (0.0, pytest.approx(1.3))
    assert second.num_frames == first.num_frames


def test_a_corpus_gives_what_the_converter_would_compute(tmp_path, tools):
    manifest = make_corpus(tmp_path, [0.5])
    features = load_features(extract_corpus(tmp_path, manifest, CONFIG, tmp_path / "cache").paths["clip0"])
    waveform = features.waveform[: RATE // 2]
    np.testing.assert_array_equal(features.content, analyse(waveform, CONFIG, *tools).content)


@pytest.mark.parametrize("damage", ["flip", "truncate", "empty"])
def test_a_damaged_file_is_reported_and_made_again(tmp_path, caplog, damage):
    manifest = make_corpus(tmp_path, [0.3])
    path = extract_corpus(tmp_path, manifest, CONFIG, tmp_path / "cache").paths["clip0"]
    whole = path.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    path.write_bytes({"flip": flipped, "truncate": whole[:middle], "empty": b""}[damage])
    with pytest.raises(StorageError, match="damaged"):
        load_features(path)
    with caplog.at_level(logging.WARNING):
        again = extract_corpus(tmp_path, manifest, CONFIG, tmp_path / "cache")
    assert again.damaged == (path,)
    assert "extracted again" in caplog.text
    assert path.read_bytes() == whole


def test_no_flipped_bit_passes_unnoticed(tmp_path, tools):
    path = tmp_path / "a.npz"
    features = analyse(tone(0.05), CONFIG, *tools)
    save_features(features, path)
    whole = path.read_bytes()
    for position in [*range(0, len(whole), 97), *range(60, 192), *range(len(whole) - 300, len(whole))]:
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 8]) + whole[position + 1 :])
        try:
            loaded = load_features(path)
        except StorageError:
            continue
        assert all(np.array_equal(vars(loaded)[name], value) for name, value in vars(features).items()), position


def test_pickled_objects_are_not_loaded(tmp_path):
    path = tmp_path / "evil.npz"
    np.savez(path, content=np.array([{}], dtype=object), f0_hz=np.zeros(1), waveform=np.zeros(1))
    with pytest.raises(StorageError, match="damaged"):
        load_features(path)


def test_features_that_do_not_fit_together_are_damaged(tmp_path, tools):
    features = analyse(tone(0.2), CONFIG, *tools)
    save_features(type(features)(features.content[:-1], features.f0_hz, features.waveform), tmp_path / "a.npz")
    with pytest.raises(StorageError, match="expected float32 content"):
        load_features(tmp_path / "a.npz")


def test_audio_that_changed_after_the_manifest_is_refused(tmp_path):
    manifest = make_corpus(tmp_path, [0.3])
    write_audio(tmp_path / "audio" / "0.wav", tone(0.4), RATE)
    with pytest.raises(CorpusError, match="was changed"):
        extract_corpus(tmp_path, manifest, CONFIG, tmp_path / "cache")


def test_the_name_of_a_file_follows_pitch_and_content_but_not_the_spectrogram(tmp_path):
    def name(**changes):
        return feature_path(tmp_path, "abc", FeaturesConfig(**{**vars(CONFIG), **changes}))

    assert name(n_fft=2048, n_mels=128) == name()
    assert len({name(), name(hop_length=300), name(sample_rate=32_000), feature_path(tmp_path, "abd", CONFIG)}) == 4


@pytest.mark.slow
def test_two_processes_give_what_one_gives(tmp_path):
    manifest = make_corpus(tmp_path, [31.0, 31.0])
    both = extract_corpus(tmp_path, manifest, CONFIG, tmp_path / "both", max_workers=2)
    one = extract_corpus(tmp_path, manifest, CONFIG, tmp_path / "one", max_workers=1)
    for clip_id in one.paths:
        assert both.paths[clip_id].read_bytes() == one.paths[clip_id].read_bytes()
