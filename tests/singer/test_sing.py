import json
from dataclasses import replace

import numpy as np
import pytest
from swift_f0 import SwiftF0

from duetto.errors import ConfigError, CorpusError, ScoreError
from duetto.score.score import Curve
from duetto.singer.annotations import save_annotations_json
from duetto.singer.sing import load_annotations, save_annotations, sing
from duetto.singer.voices import VOICES, get_voice
from duetto.storage.audio import resample


def test_equal_arguments_give_equal_samples_and_another_seed_others(melody, renditions):
    np.testing.assert_array_equal(sing(melody, VOICES["low"], seed=3).waveform, renditions["low"].waveform)
    assert not np.array_equal(sing(melody, VOICES["low"], seed=4).waveform, renditions["low"].waveform)


def test_all_voices_give_a_score_one_length_and_one_timing(renditions):
    first = renditions["miku"]
    assert first.waveform.size == first.annotations.f0_hz.size * 240
    for other in renditions.values():
        assert other.waveform.size == first.waveform.size
        assert other.annotations.phones == first.annotations.phones
        np.testing.assert_array_equal(other.annotations.phone_start_s, first.annotations.phone_start_s)
        np.testing.assert_array_equal(other.annotations.f0_hz > 0, first.annotations.f0_hz > 0)


@pytest.mark.parametrize("name", list(VOICES))
def test_the_level_is_minus_20_dbfs_with_headroom_and_a_noise_floor(renditions, name):
    waveform = renditions[name].waveform
    annotations = renditions[name].annotations
    assert waveform.dtype == np.float32
    assert np.abs(waveform).max() < 0.9
    sounding = np.concatenate(
        [
            waveform[round(48000 * start) : round(48000 * end)]
            for phone, start, end in zip(
                annotations.phones, annotations.phone_start_s, annotations.phone_end_s, strict=True
            )
            if phone != "pau"
        ]
    )
    assert 20 * np.log10(np.sqrt(np.mean(sounding**2))) == pytest.approx(-20.0, abs=1.0)
    floor = waveform[-9600:]  # the last 0.2 s
    assert -66 < 20 * np.log10(np.sqrt(np.mean(floor**2))) < -54


@pytest.mark.parametrize("name", list(VOICES))
def test_an_independent_tracker_finds_the_pitch_of_the_reference(renditions, name):
    rendition = renditions[name]
    found = SwiftF0(threads=1, spin=False).detect(resample(rendition.waveform, 48000, 16000), 16000)
    frames = np.clip(np.round(found.timestamps / 0.005).astype(int), 0, rendition.annotations.f0_hz.size - 1)
    annotations = rendition.annotations.f0_hz[frames]
    voiced = (annotations > 0) & (found.confidence >= 0.5)
    cents = np.abs(1200 * np.log2(found.pitch_hz[voiced] / annotations[voiced]))
    assert voiced.sum() > 300
    assert np.median(cents) < 15
    assert np.mean(cents <= 50) >= 0.90
    assert np.mean((annotations > 0) == (found.confidence >= 0.5)) > 0.9


def test_a_voice_sings_in_its_own_octave_and_where_it_is_asked_to(melody, renditions):
    np.testing.assert_allclose(renditions["low"].note_midi, renditions["pop"].note_midi - 12)
    up = sing(melody, VOICES["low"], transpose_semitones=6.0)
    np.testing.assert_allclose(up.note_midi, renditions["low"].note_midi + 6)
    lower, higher = renditions["low"].annotations.f0_hz, up.annotations.f0_hz
    voiced = lower > 0
    assert np.median(12 * np.log2(higher[voiced] / lower[voiced])) == pytest.approx(6.0, abs=0.1)


def test_dynamics_change_the_level_within_the_song(melody):
    score = replace(melody, dynamics=Curve(((0, 64.0), (3600, 20.0))))
    steady, softer = (sing(s, VOICES["mei"]).waveform for s in (melody, score))
    early, late = slice(48000, 96000), slice(230000, 280000)
    change = [np.sqrt(np.mean(softer[part] ** 2) / np.mean(steady[part] ** 2)) for part in (early, late)]
    assert change[1] / change[0] == pytest.approx(20 / 64, rel=0.2)


def test_above_the_passaggio_the_spectrum_falls_more_steeply(melody):
    voice = replace(VOICES["low"], style=replace(VOICES["low"].style, vibrato_depth_cents=0.0))
    chest = replace(voice, register=replace(voice.register, passaggio_midi=99.0))

    def brightness(singer):
        power = np.abs(np.fft.rfft(sing(melody, singer, transpose_semitones=6.0).waveform)) ** 2
        hz = np.fft.rfftfreq(2 * (power.size - 1), 1 / 48000)
        return 10 * np.log10(power[(hz > 2000) & (hz < 5000)].sum() / power[hz < 2000].sum())

    assert brightness(voice) < brightness(chest) - 3.0


def test_a_pitch_beyond_any_voice_is_refused_with_its_note(melody):
    with pytest.raises(ScoreError, match=r"Note 0 .* MIDI 24"):
        sing(melody, VOICES["low"], transpose_semitones=-24.0)


def test_annotations_survives_its_file(renditions, tmp_path):
    path = tmp_path / "annotations.npz"
    annotations = renditions["mei"].annotations
    save_annotations(annotations, path)
    loaded = load_annotations(path)
    assert loaded.phones == annotations.phones
    assert loaded.f0_hop_s == annotations.f0_hop_s
    for name in ("phone_start_s", "phone_end_s", "f0_hz", "note_start_s", "note_end_s", "note_midi"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(annotations, name))


def test_the_annotations_holds_the_notes_as_sung(renditions, melody):
    for voice in ("low", "mei"):
        annotations = renditions[voice].annotations
        assert annotations.note_midi.tolist() == [note.midi + VOICES[voice].transposition for note in melody.notes]
        np.testing.assert_allclose(annotations.note_start_s, [note.tick / 960 for note in melody.notes], atol=0.0025)
        for start, end, midi in zip(
            annotations.note_start_s, annotations.note_end_s, annotations.note_midi, strict=True
        ):
            f0_hz = annotations.f0_hz[round(200 * start) : round(200 * end)]
            sung = 69 + 12 * np.log2(f0_hz[f0_hz > 0] / 440)
            assert sung.size == 0 or abs(np.median(sung) - midi) < 0.6  # one note is bent by half a semitone


def test_the_annotations_as_json_says_the_same(renditions, tmp_path):
    annotations = renditions["mei"].annotations
    save_annotations_json(annotations, tmp_path / "annotations.json")
    told = json.loads((tmp_path / "annotations.json").read_text())
    assert [phone["phone"] for phone in told["phones"]] == list(annotations.phones)
    assert [note["midi"] for note in told["notes"]] == annotations.note_midi.tolist()
    np.testing.assert_allclose(told["f0"]["hz"], annotations.f0_hz, atol=5e-4)
    assert told["phones"][-1]["end_s"] == pytest.approx(annotations.phone_end_s[-1], abs=1e-6)


def test_damaged_annotations_say_so(tmp_path):
    with pytest.raises(CorpusError, match="no annotations file"):
        load_annotations(tmp_path / "none.npz")
    path = tmp_path / "annotations.npz"
    path.write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(CorpusError, match="holds no annotations"):
        load_annotations(path)
    np.savez(path, phones=np.array([object()], dtype=object))
    with pytest.raises(CorpusError, match="holds no annotations"):
        load_annotations(path)


def test_an_unknown_voice_lists_those_there_are():
    with pytest.raises(ConfigError, match="bass, low, mei, miku, pop, tenor, treble"):
        get_voice("callas")
