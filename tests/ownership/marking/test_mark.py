from pathlib import Path

import numpy as np
import pytest

from duetto.errors import ConfigError
from duetto.ownership.marking.detect import Detection, detect
from duetto.ownership.marking.embed import BANDS_HZ
from duetto.ownership.marking.keys import key_name, own_key_path, pattern_of, read_key
from duetto.ownership.marking.layout import BLOCK, HOP, SAMPLE_RATE, Pattern
from duetto.ownership.marking.stream import PIECE, marked, marked_channels
from duetto.storage.audio import resample
from tests.ownership.marking.sounds import RATE, sung, through_vorbis

OURS, PATTERN = b"\1" * 32, pattern_of(b"\1" * 32)


def mark(waveform: np.ndarray, rate: int = RATE, pattern: Pattern = PATTERN) -> np.ndarray:
    return np.concatenate(list(marked([waveform], rate, pattern)))


def look(waveform: np.ndarray, rate: int = RATE, pattern: Pattern = PATTERN) -> Detection:
    return detect(resample(np.asarray(waveform, np.float32), rate, SAMPLE_RATE), pattern)


@pytest.fixture(scope="module")
def host() -> np.ndarray:
    return sung()


@pytest.fixture(scope="module")
def made(host: np.ndarray) -> np.ndarray:
    return mark(host)


def test_a_marked_file_is_found_and_its_host_is_not(host: np.ndarray, made: np.ndarray):
    assert len(made) == len(host)
    assert look(made).p_value < 1e-9
    assert not look(host).is_marked


def test_the_mark_lies_36_db_below_the_signal_in_every_third_octave_band_with_signal(host, made):
    signal, added = (np.abs(np.fft.rfft(each)) ** 2 for each in (host, made - host))
    edges = np.round(BANDS_HZ / RATE * len(host)).astype(int)
    of_signal, of_mark = np.add.reduceat(signal, edges)[:-1], np.add.reduceat(added, edges)[:-1]
    is_heard = of_signal > of_signal.max() * 1e-4
    assert is_heard.sum() >= 10
    assert 10 * np.log10(of_mark / of_signal)[is_heard].max() <= -36
    assert added.sum() > signal.sum() * 10**-4.6  # and there is one


@pytest.mark.parametrize(
    "edit",
    [
        lambda made: made[7001 : 7001 + 3 * RATE],
        lambda made: 0.1 * made,
        lambda made: -made,
        lambda made: through_vorbis(made, RATE),
        lambda made: made + 10**-1.5 * made.std() * np.random.default_rng(0).standard_normal(len(made)),
        lambda made: resample(resample(made, RATE, 16_000), 16_000, RATE),
        lambda made: np.round(made * 127) / 127,
        lambda made: np.concatenate([np.zeros(12_345, np.float32), made, np.zeros(30_000, np.float32)]),
    ],
    ids=["3 s of it", "gain", "polarity", "Vorbis", "noise 30 dB below", "16 kHz", "8 bits", "silence around"],
)
def test_the_mark_survives(made: np.ndarray, edit):
    assert look(edit(made)).is_marked


@pytest.mark.slow
def test_the_installation_is_told_by_its_key_alone():
    host = sung(30.0)
    made = mark(host)
    assert look(made).identity_p_value < 1e-3
    assert look(made, pattern=pattern_of(b"\2" * 32)).identity_p_value > 1e-3
    assert look(made, pattern=pattern_of(None)).identity_p_value == 1.0
    unsigned = look(mark(host, pattern=pattern_of(None)))
    assert unsigned.is_marked
    assert unsigned.identity_p_value > 1e-3


def test_another_public_key_finds_nothing(made: np.ndarray):
    assert not look(made, pattern=Pattern(b"another")).is_marked


@pytest.mark.parametrize(
    "waveform",
    [
        np.zeros(5 * RATE),
        np.full(5 * RATE, 0.5),
        0.5 * np.sin(2 * np.pi * 440 * np.arange(5 * RATE) / RATE),
        np.sign(np.sin(2 * np.pi * 110 * np.arange(5 * RATE) / RATE)),
        0.1 * np.random.default_rng(3).standard_normal(5 * RATE),
        np.eye(1, 5 * RATE, 60_000)[0],
        np.zeros(10),
        np.zeros(0),
    ],
    ids=["silence", "constant", "tone", "square", "noise", "click", "ten samples", "nothing"],
)
def test_what_holds_no_mark_is_never_found(waveform: np.ndarray):
    assert not look(waveform).is_marked


@pytest.mark.slow
def test_no_key_of_forty_finds_a_mark_in_a_tone():
    tone = np.asarray(0.3 * np.sin(2 * np.pi * 300 * np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE), np.float32)
    values = [detect(tone, Pattern(bytes([number]))).p_value for number in range(40)]
    assert min(values) > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("rate", [8000, 16_000, 44_100, 192_000])
def test_files_of_any_rate_keep_their_length_and_are_found(rate: int):
    waveform = sung(4.0, rate)
    made = mark(waveform, rate)
    assert made.shape == waveform.shape
    assert look(made, rate).is_marked


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.1, 0.3])
def test_a_file_too_short_for_a_mark_comes_back_as_it_is_long(seconds: float):
    waveform = sung(1.0)[: round(seconds * RATE)]
    made = np.concatenate([waveform[:0], *marked([waveform] if len(waveform) else [], RATE, PATTERN)])
    assert made.shape == waveform.shape
    assert not look(made).is_marked


@pytest.mark.slow
def test_blocks_of_any_size_give_the_same_file_and_pieces_join_without_a_seam():
    waveform = sung(PIECE / SAMPLE_RATE + 5, 16_000)
    whole = mark(waveform, 16_000)
    parts = np.concatenate(list(marked(np.array_split(waveform, 37), 16_000, PATTERN)))
    assert np.abs(whole - parts).max() < 1e-6
    around = slice(PIECE - 2 * SAMPLE_RATE, PIECE + 2 * SAMPLE_RATE)
    added = whole - waveform
    assert look(whole[around], 16_000).is_marked
    assert np.abs(added[PIECE - HOP : PIECE + HOP]).max() < 3 * np.abs(added[around]).max()
    assert np.abs(added[PIECE : PIECE + BLOCK * HOP]).max() > 0


def test_each_channel_gets_the_mark_in_proportion():
    left = sung(5.0)
    stereo = np.stack([left, 0.5 * left])
    made = marked_channels(stereo, RATE, PATTERN)
    assert np.allclose((made - stereo)[1], 0.5 * (made - stereo)[0], atol=1e-7)
    assert look(made.mean(axis=0)).is_marked
    assert look(made[1]).is_marked


def test_marking_a_marked_file_again_changes_it_little(made: np.ndarray):
    again = mark(made)
    assert np.std(again - made) < 0.7 * np.std(made - sung())
    assert look(again).is_marked


def test_a_key_is_made_once_and_kept_to_its_owner(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path / "home"))
    assert read_key() is None
    key = read_key(make=True)
    assert key == read_key() == read_key(make=True)
    assert own_key_path().stat().st_mode & 0o077 == 0
    assert key.hex() not in key_name(key)


@pytest.mark.parametrize("text", ["", "abc", "g" * 64, "é" * 64])
def test_a_damaged_key_is_an_error(text: str, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path))
    own_key_path().write_text(text)
    with pytest.raises(ConfigError, match=r"key"):
        read_key()


def test_a_named_key_that_is_missing_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_key(tmp_path / "none.key")
