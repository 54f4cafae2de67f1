"""A cover: the stems add up, the converted voice stands where the original stood, and every stem can be heard."""

import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from rich.console import Console

from duetto.conversion.mixing import below_full_scale, place_as
from duetto.conversion.register import CARD_FIELD, as_json, register_of
from duetto.errors import AudioError, ConfigError
from duetto.runs import infer as infer_module
from duetto.runs import song as song_module
from duetto.runs.song import convert_song, keep_backing_voices, separate
from duetto.runs.song_files import Stems
from duetto.settings.model_config import ModelConfig
from duetto.settings.run_config import InferConfig
from tests.conversion.transparent import transparent_converter
from tests.report.browser import chromium, opened

RATE = 24_000


def tone(frequency_hz, seconds=3.0, level=0.3):
    return level * np.sin(2 * np.pi * frequency_hz * np.arange(round(seconds * RATE)) / RATE)


def write_mix(path, voice=440.0, left=1.0, right=1.0):
    """A steady tone as the voice, and clicks on the left."""
    voice, clicks = tone(voice), np.zeros(3 * RATE)
    clicks[:: RATE // 4] = 0.5
    soundfile.write(path, np.stack([left * voice + clicks, right * voice], axis=1), RATE, subtype="FLOAT")
    return path


@pytest.fixture
def voice(tmp_path, monkeypatch):
    """A run whose voice changes nothing but the level, and was sung from A4 to A5."""
    run = tmp_path / "logs" / "rvc-r0123456789"
    (run / "voice").mkdir(parents=True)
    (run / "voice" / "card.json").write_text("{}")
    (run / "run.json").write_text(json.dumps({"given_name": "anna"}))
    card = {CARD_FIELD: as_json(register_of([np.geomspace(400, 900, 1000)], 0.1))}
    trained = SimpleNamespace(card=card, model=ModelConfig(name="rvc", num_speakers=1))
    monkeypatch.setattr(
        infer_module, "choose_converter", lambda *_: (transparent_converter(gain=0.25, f0_hz=440.0), trained)
    )
    return run


def settings(tmp_path, song, **changes):
    return InferConfig(run="anna", logs=str(tmp_path / "logs"), song=str(song), separator="mask", **changes)


def read(folder, name):
    return soundfile.read(folder / f"{name}.wav", always_2d=True)[0].T


def test_stems_add_up_and_the_voice_is_as_loud_as_it_was(tmp_path, voice):
    song = write_mix(tmp_path / "mix.wav")
    console = Console(record=True, width=200, file=io.StringIO())
    folder = convert_song(settings(tmp_path, song, mark=False, mark_reason="stems are compared"), console)
    assert folder == voice / "conversions" / "mix"
    cover, converted, lead, backing = (read(folder, name) for name in ("cover", "converted", "lead", "backing"))
    np.testing.assert_allclose(cover, converted + backing, atol=1e-6)
    np.testing.assert_allclose(lead + backing, soundfile.read(song)[0].T, atol=1e-6)
    assert np.std(converted) == pytest.approx(np.std(lead), rel=0.05), "the voice itself is a quarter as loud"
    assert "voice separated by mask" in console.export_text()


def test_a_cover_is_marked_and_the_stems_of_the_song_are_not(tmp_path, voice):
    folder = convert_song(settings(tmp_path, write_mix(tmp_path / "mix.wav")), Console(quiet=True))
    for name, title in (("cover", "(AI-generated)"), ("converted", "(AI-generated)"), ("lead", ""), ("backing", "")):
        with soundfile.SoundFile(folder / f"{name}.wav") as file:
            assert file.title.endswith(title)
        assert (folder / f"{name}.wav.json").is_file() == bool(title)
        if title:
            record = json.loads((folder / f"{name}.wav.json").read_text())
            assert record["marking"]["watermark"]["key"] == "public"
    assert json.loads((folder / "cover.wav.json").read_text())["source"]["name"] == "mix.wav"


def test_a_song_is_transposed_by_octaves_alone(tmp_path, voice, monkeypatch):
    fitted = []

    def fit(config, melody, card, only_octaves=False):
        fitted.append(only_octaves)
        return 12.0, "transpose=12: told"

    monkeypatch.setattr(song_module, "fit_to_register", fit)
    console = Console(record=True, width=200, file=io.StringIO())
    song = write_mix(tmp_path / "mix.wav")
    folder = convert_song(settings(tmp_path, song, transpose="auto", format="flac"), console)
    assert fitted == [True]
    assert folder.name == "mix_auto"
    assert (folder / "cover.flac").is_file()
    assert "mix.wav: transpose=12: told" in console.export_text()
    assert "transpose=12" in (folder / "index.html").read_text()


def test_every_stem_plays_on_the_page(tmp_path, voice):
    folder = convert_song(settings(tmp_path, write_mix(tmp_path / "a #1 mix.wav")), Console(quiet=True))
    with chromium() as browser, opened(browser, folder / "index.html") as (page, complaints):
        page.wait_for_function("[...document.querySelectorAll('audio')].every(each => each.readyState >= 1)")
        lengths = page.evaluate("[...document.querySelectorAll('audio')].map(each => each.duration)")
        assert lengths == pytest.approx([3.0] * 5, abs=0.01)
        assert page.evaluate("document.querySelector('audio').getBoundingClientRect().top") < 900
        assert complaints == []


def test_a_lead_on_one_side_stays_there():
    lead = np.stack([tone(440), 0.25 * tone(440)])
    placed = place_as(lead.astype(np.float32), (0.1 * tone(660)).astype(np.float32), RATE)
    assert np.std(placed[0]) / np.std(placed[1]) == pytest.approx(4.0, rel=1e-3)
    assert np.std(placed.mean(axis=0)) == pytest.approx(np.std(lead.mean(axis=0)), rel=0.1)


def test_one_gain_keeps_all_stems_below_full_scale():
    loud, soft = np.full((2, 4), 1.96, np.float32), np.full((2, 4), 0.1, np.float32)
    (first, second), gain_db = below_full_scale([loud, soft])
    assert first.max() == pytest.approx(0.98)
    assert second.max() == pytest.approx(0.05)
    assert gain_db == pytest.approx(-6.02, abs=0.01)
    assert below_full_scale([soft])[1] == 0.0


def test_backing_voices_may_be_left_as_they_are():
    lead, choir = np.stack([tone(440)] * 2), np.stack([tone(1760), 0 * tone(1760)])
    mix = (lead + choir).astype(np.float32)
    stems = keep_backing_voices(Stems(mix, 0 * mix, RATE, "separated"), mix)
    inside = slice(RATE, 2 * RATE)
    assert np.std((stems.lead - lead)[:, inside]) < 0.1 * np.std(lead)
    assert np.std((stems.backing - choir)[:, inside]) < 0.1 * np.std(lead)
    np.testing.assert_allclose(stems.lead + stems.backing, mix, atol=1e-6)
    with pytest.raises(ConfigError, match="a mono song has no middle"):
        keep_backing_voices(Stems(mix[:1], 0 * mix[:1], RATE, "separated"), mix[:1])


def test_a_program_may_separate(tmp_path):
    mix = np.stack([tone(440), tone(440)]).astype(np.float32)
    stems = separate(mix, RATE, "cp {input} {output}")
    np.testing.assert_array_equal(stems.lead, mix)
    assert not stems.backing.any()
    assert stems.said == "voice separated by cp"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"rate": 48_000}, "rate=48000: a cover has the sample rate of its song"),
        ({"output": "cover.wav"}, r"output=cover\.wav: a song makes several files"),
    ],
)
def test_settings_for_recordings_are_refused(tmp_path, voice, changes, sentence):
    with pytest.raises(ConfigError, match=sentence):
        convert_song(settings(tmp_path, write_mix(tmp_path / "mix.wav"), **changes), Console(quiet=True))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"song": "a.mp3", "separator": "magic"}, "separator=magic: expected auto, mask, spleeter, audio_separator or"),
        ({"song": "a.mp3", "separator": "mask:x"}, "separator=mask:x: expected auto"),
        ({"song": "a.mp3", "backing": "mute"}, "backing=mute: expected convert or keep"),
        ({"source": "a.wav", "backing": "keep"}, "backing=keep goes with song=FILE"),
        ({"source": "a.wav", "separator": "mask"}, "separator=mask goes with song=FILE"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes, sentence):
    with pytest.raises(ConfigError, match=sentence):
        InferConfig(**changes).validate()


def test_a_song_and_a_source_are_not_named_together():
    with pytest.raises(ConfigError, match=r"Give source=FILE .* or song=FILE"):
        InferConfig(song="a.mp3", source="a.wav").wants_song()


def test_a_song_too_long_or_silent_is_one_sentence(tmp_path, voice, monkeypatch):
    soundfile.write(tmp_path / "silent.wav", np.zeros(RATE), RATE)
    with pytest.raises(AudioError, match="is silent"):
        convert_song(settings(tmp_path, tmp_path / "silent.wav"), Console(quiet=True))
    monkeypatch.setattr(song_module, "MAX_MINUTES", 0.04)
    with pytest.raises(AudioError, match="cut it first"):
        convert_song(settings(tmp_path, write_mix(tmp_path / "mix.wav")), Console(quiet=True))
