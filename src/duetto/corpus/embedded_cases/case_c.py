"""Case C: a voice separated from a finished stereo mix, with a known reference.

The target's rendition gets a stereo reverberation and is in the centre of a band that plays the song's chords; both
pass through a soft limiter, and optionally MP3. The dose is the level of the voice relative to the band. The stems are
kept beside the mix. Preprocessing extracts the voice (`preprocess=study_c`: separation, gate, centre extraction).
"""

import io
from dataclasses import asdict, dataclass
from typing import Any, cast

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import correlate, oaconvolve

from duetto.corpus.embedded_cases.backing import render_band, sound_font_path
from duetto.corpus.embedded_cases.embedded import Recipe, Treated, Treatment
from duetto.corpus.embedded_cases.performer import SAMPLE_RATE
from duetto.corpus.embedded_cases.room import room_response
from duetto.corpus.embedded_cases.songs import Song, compose_songs, song_random, song_seed
from duetto.errors import CorpusError
from duetto.score.accompany import accompany
from duetto.score.compose import SongStyle, song_harmony
from duetto.score.score import TICKS_PER_QUARTER
from duetto.score.song_style import EIGHTH
from duetto.settings.case_config import MixConfig, RoomConfig
from duetto.settings.config import DataConfig
from duetto.storage.audio import Waveform
from duetto.storage.files import sha256_file
from duetto.units import db_to_amplitude, seconds_to_samples

RANGE = (60, 76)  # MIDI, as sung
BPM = (92, 94, 96, 98, 100, 102, 104, 106, 108, 110)
SONG_S = 32.0
RHYTHM = ((EIGHTH, 0.5), (TICKS_PER_QUARTER, 0.35), (2 * TICKS_PER_QUARTER, 0.15))
REVERB_OFFSET_S = 0.011  # delay of the right channel's reverberation, which makes it wide
CEILING = 0.98  # asymptote of the limiter
MP3_SEARCH_S = 0.1  # longest delay of a codec


def recipe_case_c(config: DataConfig) -> Recipe:
    """Songs of case C and its mix.

    Raises:
        CorpusError: If the SoundFont is not installed.
    """
    names = [*config.test_songs, *config.val_songs, *config.train_songs]
    styles = {name: song_style(name) for name in names}
    songs = compose_songs(styles.items())
    mix = config.mix
    if mix.vocal_to_backing_db is None:
        return Recipe(songs, settings={"mix": None})
    settings = {"mix": asdict(mix), "sound_font": sha256_file(sound_font_path())}
    return Recipe(
        songs,
        settings=settings,
        make_treatment=lambda: make_mixer(mix, styles, config.seed),
    )


def song_style(name: str) -> SongStyle:
    bpm = BPM[int(song_random(name).random() * len(BPM))]
    return SongStyle(*RANGE, bpm, 2 * round(SONG_S * bpm / 480), RHYTHM)


def make_mixer(mix: MixConfig, styles: dict[str, SongStyle], seed: int) -> Treatment:
    """The treatment, with its reverberation precomputed."""
    return Mixer(mix, stereo_reverb(mix, seed), tuple((name, style.bpm, style.bars) for name, style in styles.items()))


def stereo_reverb(mix: MixConfig, seed: int) -> NDArray[np.float64] | None:
    """Impulse responses of the voice's reverberation, (2, S), direct sound at 0 with gain 1 in both; None = dry."""
    if mix.reverb_rt60_s == 0:
        return None
    room = RoomConfig(mix.reverb_rt60_s, mix.reverb_direct_db)
    left, right = (room_response(room, SAMPLE_RATE, seed + side) for side in range(2))
    offset = seconds_to_samples(REVERB_OFFSET_S, SAMPLE_RATE)
    right[1:] = np.concatenate([np.zeros(offset), right[1 : len(right) - offset]])
    return np.stack([left, right])


@dataclass(frozen=True)
class Mixer:
    """The treatment: reverberation, band, limiter, MP3."""

    mix: MixConfig
    reverb: NDArray[np.float64] | None  # (2, S)
    songs: tuple[tuple[str, float, int], ...]  # name, BPM, bars

    def apply(self, dry: Waveform, song: Song) -> Treated:
        """The rendition (S,) mixed to (2, S), with the stems `vocal` and `backing` before the limiter."""
        backing = self.play(song, len(dry))
        vocal = add_reverb(dry, self.reverb)
        level_db = self.mix.vocal_to_backing_db
        assert level_db is not None  # otherwise there is no mixer
        backing = backing * (_rms(vocal) / max(_rms(backing), 1e-9) * db_to_amplitude(-level_db))
        gain = db_to_amplitude(self.mix.loudness_dbfs) / max(_rms(vocal + backing), 1e-9)
        mixed = limit(gain * (vocal + backing))
        if self.mix.mp3_kbps is not None:
            mixed = through_mp3(mixed, SAMPLE_RATE, self.mix.mp3_kbps)
        fit = min(1.0, CEILING / max(_peak(gain * vocal), _peak(gain * backing)))
        stems = {"vocal": gain * vocal * fit, "backing": gain * backing * fit}
        return Treated(mixed, {name: cast(Waveform, stem.astype(np.float32)) for name, stem in stems.items()})

    def play(self, song: Song, num_samples: int) -> Waveform:
        """The band's part of a song, (2, S)."""
        bpm, bars = {name: (bpm, bars) for name, bpm, bars in self.songs}[song.name]
        seed = song_seed(song.name)
        return render_band(accompany(song_harmony(seed), bars, seed), bpm, num_samples, SAMPLE_RATE)


def add_reverb(dry: Waveform, responses: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """A voice (S,) in the centre of a stereo reverberation, (2, S), on the same time base."""
    if responses is None:
        return np.stack([dry, dry]).astype(np.float64)
    wet = oaconvolve(dry[None].astype(np.float64), responses, axes=1)
    return cast(NDArray[np.float64], wet[:, : len(dry)])


def limit(waveform: NDArray[Any]) -> Waveform:
    """A soft limiter: y = c tanh(x / c), which leaves soft sounds unchanged and never exceeds the ceiling c."""
    return cast(Waveform, (CEILING * np.tanh(waveform / CEILING)).astype(np.float32))


def through_mp3(stereo: Waveform, sample_rate: int, kbps: int) -> Waveform:
    """Encode and decode a waveform (2, S) as MP3, on its own time base, (2, S).

    Raises:
        CorpusError: If libsndfile does not support MP3.
    """
    if "MP3" not in soundfile.available_formats():
        raise CorpusError("data.mix.mp3_kbps needs a libsndfile with MP3 (1.1 or newer). Set it to null.")
    buffer = io.BytesIO()
    # libsndfile maps compression 0..1 to 320..32 kbit/s.
    compression = (320 - kbps) / (320 - 32)
    soundfile.write(
        buffer,
        stereo.T,
        sample_rate,
        format="MP3",
        subtype="MPEG_LAYER_III",
        bitrate_mode="CONSTANT",
        compression_level=compression,
    )
    buffer.seek(0)
    decoded = soundfile.read(buffer, dtype="float32", always_2d=True)[0].T
    delay = _delay(stereo.mean(axis=0), decoded.mean(axis=0), seconds_to_samples(MP3_SEARCH_S, sample_rate))
    aligned = decoded[:, max(0, delay) :][:, : stereo.shape[1]]
    aligned = np.pad(aligned, ((0, 0), (max(0, -delay), stereo.shape[1])))[:, : stereo.shape[1]]
    return cast(Waveform, np.clip(aligned, -1.0, 1.0).astype(np.float32))


def _delay(reference: Waveform, late: Waveform, longest: int) -> int:
    """Samples by which `late` lags behind `reference`, at most `longest` in either direction."""
    size = min(len(reference), len(late))
    correlation = correlate(late[:size], reference[:size], mode="full", method="fft")
    window = correlation[size - 1 - longest : size + longest]
    return int(np.argmax(window)) - longest


def _rms(waveform: NDArray[Any]) -> float:
    """Root mean square over all channels."""
    return float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64))))


def _peak(waveform: NDArray[Any]) -> float:
    return max(float(np.max(np.abs(waveform), initial=0.0)), 1e-9)
