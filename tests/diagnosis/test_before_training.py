"""The short form: pitch from features, everything else from a sample, kept by content."""

from dataclasses import replace

import numpy as np
import pytest

from duetto.corpus.manifest import Clip, Manifest
from duetto.diagnosis import before_training
from duetto.diagnosis.before_training import examine_before_training, sample
from duetto.features.cache import ClipFeatures, save_features
from duetto.ownership.consent import embedded_consent
from duetto.settings.config import FeaturesConfig
from duetto.storage.audio import write_audio
from duetto.storage.files import sha256_file
from tests.diagnosis.sounds import RATE, phrases

HOP = 240


@pytest.fixture
def corpus(tmp_path):
    """Eight short takes of one pitch each, 220 Hz in the features; test holds a copy of the first."""
    clips, paths = [], {}
    for number in range(9):
        waveform, _ = phrases(2, sung_s=0.8, pause_s=0.4, hz=220.0 + 3 * (number % 8))
        name = f"target/take_{number}"
        path = f"{number}.wav"
        write_audio(tmp_path / path, waveform.astype(np.float32), RATE)
        split = "train" if number < 8 else "test"
        clips.append(
            Clip(name, path, sha256_file(tmp_path / path), "target", split, name, "someone", RATE, len(waveform))
        )
        frames = len(waveform) // 2 // HOP
        f0_hz = np.full(frames, 220.0, dtype=np.float32)
        paths[name] = tmp_path / "features" / f"{number}.npz"
        content = np.zeros((frames, 2), dtype=np.float32)
        save_features(ClipFeatures(content, f0_hz, np.zeros(frames * HOP, dtype=np.float32)), paths[name])
    manifest = Manifest("folder", tuple(clips), {}, embedded_consent().as_dict())
    return tmp_path, manifest, paths, FeaturesConfig(sample_rate=24_000, hop_length=HOP, n_fft=1024, n_mels=80)


@pytest.mark.slow
def test_pitch_comes_from_the_features_of_every_clip_and_a_copy_in_test_is_a_leak(corpus):
    folder, manifest, paths, features = corpus
    diagnosis = examine_before_training(folder, manifest, paths, features, folder / "doctor")
    assert diagnosis.is_short
    assert diagnosis.register_s[57] == pytest.approx(8 * 2.4, abs=0.2)  # as the features say, not the audio
    assert diagnosis.finding("duplicates").severity == "serious"
    assert diagnosis.finding("gate").severity == "fine"


@pytest.mark.slow
def test_a_second_time_it_is_read_and_other_data_are_examined_anew(corpus, monkeypatch):
    folder, manifest, paths, features = corpus
    first = examine_before_training(folder, manifest, paths, features, folder / "doctor")
    monkeypatch.setattr(before_training, "Examination", None)  # whoever examines now fails
    again = examine_before_training(folder, manifest, paths, features, folder / "doctor")
    assert again.verdict == first.verdict
    assert [finding.severity for finding in again.findings] == [finding.severity for finding in first.findings]
    other = replace(manifest, clips=manifest.clips[1:])
    with pytest.raises(TypeError):
        examine_before_training(folder, other, paths, features, folder / "doctor")


@pytest.mark.slow
def test_a_damaged_record_is_worked_out_again(corpus):
    folder, manifest, paths, features = corpus
    examine_before_training(folder, manifest, paths, features, folder / "doctor")
    (record,) = (folder / "doctor").iterdir()
    record.write_text("{")
    assert examine_before_training(folder, manifest, paths, features, folder / "doctor").seconds > 0


def test_a_sample_is_spread_over_the_clips():
    clips = [Clip(str(n), "", "", "target", "train", "", "", 100, 1000) for n in range(60)]
    chosen = [int(clip.id) for clip in sample(clips, 60.0)]
    assert len(chosen) == 6
    assert chosen[0] == 0
    assert chosen[-1] == 59
    assert max(np.diff(chosen)) < 15
    assert sample(clips[:3], 60.0) == clips[:3]
