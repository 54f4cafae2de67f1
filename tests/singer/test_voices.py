"""What the issue of a voice promises, measured on what it sings or on the spectra it sings from."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d
from scipy.signal import stft

from duetto.score.score import Note, Score, Tempo
from duetto.singer.carrier_mei import mei_cepstrum
from duetto.singer.expression import Expression
from duetto.singer.f0 import sung_midi
from duetto.singer.sing import HIGHEST_SUNG_MIDI, LOWEST_SUNG_MIDI, sing
from duetto.singer.spectrum import Sound, aperiodicity, head_share, make_shape, power_spectrum
from duetto.singer.timing import lay_out
from duetto.singer.voices import VOICES
from duetto.units import midi_to_hz

ALL = pytest.mark.parametrize("name", list(VOICES))
HELD = Score("held", (Note(0, 1920, 60, "あ"),), (Tempo(0, 120.0),))  # 2 s


def phones_of(rendition, *names):
    annotations = rendition.annotations
    return [
        rendition.waveform[round(48_000 * start) : round(48_000 * end)]
        for phone, start, end in zip(
            annotations.phones, annotations.phone_start_s, annotations.phone_end_s, strict=True
        )
        if phone in names
    ]


def test_there_are_six_voices_or_more_over_two_families_and_of_every_register():
    assert len(VOICES) >= 6
    families = [voice.family for voice in VOICES.values()]
    assert min(families.count(family) for family in ("sinsy", "mei")) >= 2
    assert min(voice.range_midi[0] for voice in VOICES.values()) <= 40
    assert max(voice.range_midi[1] for voice in VOICES.values()) >= 80
    for voice in VOICES.values():
        assert LOWEST_SUNG_MIDI <= voice.range_midi[0] < voice.range_midi[1] <= HIGHEST_SUNG_MIDI
        assert voice.range_midi[0] < voice.register.passaggio_midi < voice.range_midi[1]


def test_no_two_voices_share_their_colour():
    voices = [replace(voice, name="") for voice in VOICES.values()]
    assert all(a != b for a, b in combinations(voices, 2))


@ALL
def test_envelope_and_aperiodicity_change_above_the_passaggio(name):
    """The same vowel three semitones below and above: same carrier, same level."""
    voice = VOICES[name]
    timing = lay_out(HELD)
    cepstrum = mei_cepstrum(timing)[190:210]
    shape = make_shape(voice, 35, 0.55)
    sounds = []
    for offset in (-4.0, 4.0):
        midi = np.full(20, voice.register.passaggio_midi + offset)
        f0_hz = np.full(20, midi_to_hz(voice.register.passaggio_midi))  # held, so that only the register differs
        sounds.append(Sound(cepstrum, midi, f0_hz, np.zeros(20), head_share(midi, voice), Expression()))
    chest, head = (10 * np.log10(power_spectrum(sound, voice, shape).mean(axis=0)) for sound in sounds)
    hz = np.linspace(0, 24_000, chest.size)
    slope = [db[(hz > 4500) & (hz < 5500)].mean() - db[(hz > 800) & (hz < 1500)].mean() for db in (chest, head)]
    assert slope[1] - slope[0] < 0.5 * voice.register.head_tilt_db + 1.5
    quiet = (hz > 500) & (hz < 3000)
    noise = [20 * np.log10(aperiodicity(timing, 190, sound, voice, shape)[:, quiet].mean()) for sound in sounds]
    assert noise[1] - noise[0] == pytest.approx(voice.register.head_breath_db, abs=1.0)


@pytest.mark.slow
@ALL
def test_the_band_above_eight_kilohertz_is_alive(renditions, name):
    """While singing, every band up to 22 kHz lies above the noise floor, and within 75 dB of the whole."""
    rendition = renditions[name]
    singing = np.concatenate(phones_of(rendition, "a", "i", "e", "o", "u", "s", "sh", "t", "k")).astype(np.float64)
    floor = rendition.waveform[-9600:].astype(np.float64)
    for low, high in ((8_000, 12_000), (12_000, 16_000), (16_000, 20_000), (20_000, 22_000)):
        level = [
            10 * np.log10(np.sum(power[(hz >= low) & (hz < high)]))
            for hz, power in (
                (np.fft.rfftfreq(wave.size, 1 / 48_000), np.abs(np.fft.rfft(wave)) ** 2 / wave.size**2)
                for wave in (singing, floor)
            )
        ]
        whole = 10 * np.log10(np.mean(singing**2) / 2)
        assert level[0] > level[1] + 3
        assert -75 < level[0] - whole < -5


@ALL
def test_the_noise_floor_lies_between_minus_65_and_minus_55_dbfs(renditions, name):
    floor = renditions[name].waveform[-9600:]
    assert -65 < 20 * np.log10(np.sqrt(np.mean(floor**2))) < -55


@ALL
def test_a_long_note_swings_at_the_voices_rate_and_depth(name):
    voice = VOICES[name]
    style = replace(voice.style, drift_cents=0.0, jitter_cents=0.0)
    cents = 100 * (sung_midi(HELD, lay_out(HELD), style, np.random.default_rng(0)) - 60)[160:380]
    if style.vibrato_depth_cents == 0:
        assert np.abs(cents).max() < 2
        return
    assert np.percentile(np.abs(cents), 98) == pytest.approx(style.vibrato_depth_cents, rel=0.15)
    spectrum = np.abs(np.fft.rfft((cents - cents.mean()) * np.hanning(cents.size), 16_384))
    rate_hz = np.fft.rfftfreq(16_384, 0.005)[np.argmax(spectrum)]
    assert rate_hz == pytest.approx(style.vibrato_rate_hz, abs=0.4)


@ALL
def test_a_glide_between_notes_lasts_as_long_as_the_style_says(name):
    score = Score("two", (Note(0, 960, 60, "あ"), Note(960, 960, 65, "い")), (Tempo(0, 120.0),))
    style = replace(
        VOICES[name].style, drift_cents=0, jitter_cents=0, vibrato_depth_cents=0, overshoot=0, scoop_cents=0
    )
    pitch = sung_midi(score, lay_out(score), style, np.random.default_rng(0))
    moving_s = 0.005 * np.count_nonzero((pitch > 60.05) & (pitch < 64.95))
    assert moving_s == pytest.approx(style.portamento_s, abs=0.015)


@ALL
def test_hiss_begins_and_ends_where_the_annotations_says(renditions, name):
    """The share above 5 kHz is high within each s and sh, and falls at its end.

    The sung carrier's models end a hiss up to 40 ms before its label does, the spoken one's up to 15 ms.
    """
    rendition = renditions[name]
    hz, times, spectra = stft(rendition.waveform, 48_000, nperseg=480, noverlap=360)
    power = np.abs(spectra) ** 2
    share = gaussian_filter1d(power[hz > 5000].sum(axis=0) / (power[hz > 200].sum(axis=0) + 1e-12), 1.0)
    annotations = rendition.annotations
    found = 0
    for phone, start, end in zip(annotations.phones, annotations.phone_start_s, annotations.phone_end_s, strict=True):
        if phone not in ("s", "sh"):
            continue
        hiss = share[(times > start + 0.02) & (times < end - 0.02)].mean()
        vowel = share[(times > end + 0.03) & (times < end + 0.08)].mean()
        assert hiss > 2 * vowel
        level = 0.5 * (hiss + vowel)
        hissing = times[(times > start) & (times < end + 0.05) & (share > level)]
        early_s = 0.045 if VOICES[name].family == "sinsy" else 0.02
        assert -early_s < hissing[-1] - end < 0.015
        found += 1
    assert found >= 2


@pytest.mark.parametrize("name", ["pop", "low", "miku"])
def test_a_breath_is_heard_before_a_phrase_at_the_voices_level(name):
    score = Score("late", (Note(1920, 960, 60, "あ"),), (Tempo(0, 120.0),))  # 2 s of rest
    rendition = sing(score, VOICES[name], seed=1)
    breath = rendition.waveform[round(1.75 * 48_000) : round(1.9 * 48_000)]
    floor = rendition.waveform[:48_000]
    difference_db = 10 * np.log10(np.mean(breath**2) / np.mean(floor**2))
    if VOICES[name].breath_level_db < -50:
        assert difference_db < 1
    else:
        assert difference_db == pytest.approx(-20 + VOICES[name].breath_level_db + 60, abs=4)
