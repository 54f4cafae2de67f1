import importlib.util
import io
from dataclasses import replace

import mido
import numpy as np
import pytest

from duetto.corpus.embedded_cases.backing import midi_file, render_band
from duetto.corpus.embedded_cases.case_c import (
    CEILING,
    Mixer,
    limit,
    make_mixer,
    recipe_case_c,
    song_style,
    stereo_reverb,
    through_mp3,
)
from duetto.corpus.embedded_cases.songs import Song, compose_songs, song_seed
from duetto.errors import CorpusError
from duetto.score.accompany import BAND, accompany
from duetto.score.compose import song_harmony
from duetto.score.song_style import TICKS_PER_BAR
from duetto.settings.case_config import MixConfig
from duetto.units import amplitude_to_db
from tests.corpus.fakes import sine

from .test_embedded import case

RATE = 48_000
DRY = MixConfig(reverb_rt60_s=0.0)


@pytest.fixture(scope="module")
def song() -> Song:
    style = replace(song_style("song_01"), bars=4)
    return compose_songs([("song_01", style)])["song_01"]


def mixer(mix: MixConfig, bars: int = 4) -> Mixer:
    treatment = make_mixer(mix, {"song_01": replace(song_style("song_01"), bars=bars)}, seed=0)
    assert isinstance(treatment, Mixer)
    return treatment


def level_db(waveform: np.ndarray) -> float:
    return float(amplitude_to_db(np.sqrt(np.mean(np.square(waveform, dtype=np.float64)))))


@pytest.mark.parametrize("dose_db", [-6.0, 3.0, 20.0])
def test_the_voice_lies_as_far_above_the_band_as_the_dose_says(song: Song, dose_db: float):
    treated = mixer(replace(DRY, vocal_to_backing_db=dose_db)).apply(sine(300.0, 4.0, RATE), song)
    assert level_db(treated.stems["vocal"]) - level_db(treated.stems["backing"]) == pytest.approx(dose_db, abs=0.05)
    assert np.max(np.abs(treated.waveform)) <= CEILING


def test_the_mix_is_its_stems_through_the_limiter_with_the_voice_in_the_centre(song: Song):
    treated = mixer(replace(DRY, loudness_dbfs=-26.0)).apply(sine(300.0, 4.0, RATE), song)
    vocal, backing = treated.stems["vocal"], treated.stems["backing"]
    assert np.array_equal(vocal[0], vocal[1])
    assert not np.allclose(backing[0], backing[1], atol=1e-3)
    assert np.allclose(treated.waveform, limit(vocal + backing), atol=1e-5)
    assert treated.waveform.shape == (2, 4 * RATE)


def test_the_voices_reverberation_is_wide_and_its_direct_sound_is_not():
    responses = stereo_reverb(MixConfig(reverb_rt60_s=0.5), seed=0)
    assert responses is not None
    assert responses[:, 0].tolist() == [1.0, 1.0]
    left, right = responses[:, 1:]
    assert abs(np.corrcoef(left, right)[0, 1]) < 0.2
    for side in (left, right):
        assert level_db(np.array([1.0])) - 10 * np.log10(np.sum(side**2)) == pytest.approx(9.0, abs=1.0)


def test_soft_sounds_pass_the_limiter_and_loud_ones_stay_below_its_ceiling():
    soft = np.linspace(-0.1, 0.1, 11)
    assert np.allclose(limit(soft), soft, atol=4e-4)
    assert np.max(limit(np.array([0.5, 2.0, 30.0]))) == pytest.approx(CEILING)


def test_mp3_gives_the_mix_back_on_its_own_time_base_and_without_its_top():
    random = np.random.default_rng(0)
    noise = (0.1 * random.standard_normal((2, RATE))).astype(np.float32)
    decoded = through_mp3(noise, RATE, 64)
    assert decoded.shape == noise.shape
    assert np.argmax(np.correlate(noise[0, 1000:7000], decoded[0, 2000:6000], mode="valid")) == 1000
    power = np.abs(np.fft.rfft(decoded[0])) ** 2
    assert power[19_000:].sum() < 1e-3 * power[:10_000].sum()


def test_each_instrument_plays_the_songs_chords_to_its_end():
    harmony = song_harmony(song_seed("song_01"))
    parts = accompany(harmony, bars=8, seed=1)
    assert sorted(parts) == sorted(instrument.name for instrument in BAND)
    for name in ("keys", "guitar", "strings"):
        for note in parts[name]:
            assert note.midi % 12 in harmony.chord(note.tick // TICKS_PER_BAR)
    for notes in parts.values():
        assert max(note.tick for note in notes) >= 7 * TICKS_PER_BAR
        assert max(note.tick + note.duration for note in notes) <= 8 * TICKS_PER_BAR
    assert parts == accompany(harmony, bars=8, seed=1)
    assert parts != accompany(harmony, bars=8, seed=2)


def test_the_midi_file_holds_every_note_of_every_instrument():
    parts = accompany(song_harmony(1), bars=4, seed=1)
    file = mido.MidiFile(file=io.BytesIO(midi_file(parts, 100.0)))
    assert len(file.tracks) == 1 + len(BAND)
    for instrument, track in zip(BAND, file.tracks[1:], strict=True):
        struck = [message for message in track if message.type == "note_on" and message.velocity]
        assert len(struck) == len(parts[instrument.name])
    assert file.length == pytest.approx(4 * 2.4, abs=0.1)


def test_the_band_stands_where_it_is_put():
    parts = accompany(song_harmony(1), bars=2, seed=1)
    keys = render_band({"keys": parts["keys"]}, 100.0, 2 * RATE, RATE)
    assert level_db(keys[1]) > level_db(keys[0]) + 3  # on the right
    bass = render_band({"bass": parts["bass"]}, 100.0, 2 * RATE, RATE)
    assert level_db(bass[0]) == pytest.approx(level_db(bass[1]), abs=1.0)


def test_without_the_sound_font_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(CorpusError, match="pip install"):
        recipe_case_c(case("case_c"))


def test_the_clean_arm_needs_no_band_and_is_the_dry_stem():
    recipe = recipe_case_c(case("case_c_clean"))
    assert recipe.make_treatment() is None
    assert {name: song.vsqx for name, song in recipe.songs.items()} == {
        name: song.vsqx for name, song in recipe_case_c(case("case_c")).songs.items()
    }
