"""Renders the band of case C with sampled instruments, offline, from packages that pip installs.

A MIDI file is rendered by `midirenderer` (MIT; rustysynth) from the SoundFont that `pretty_midi`
ships, TimGM6mb (GPL-2, Tim Brechbill; docs/third-party-voices.md). It is read from the installed
package and never copied.
"""

import importlib.util
import io
from pathlib import Path
from typing import cast

import mido
import numpy as np
import soundfile

from duetto.errors import CorpusError
from duetto.score.accompany import BAND, BandNote, Instrument
from duetto.score.score import TICKS_PER_QUARTER
from duetto.storage.audio import Waveform

SOUND_FONT = "TimGM6mb.sf2"
DRUM_CHANNEL = 9
VOLUME, PAN, REVERB, CHORUS = 7, 10, 91, 93  # controllers
REVERB_SEND = 24  # 0..127


def render_band(parts: dict[str, tuple[BandNote, ...]], bpm: float, num_samples: int, sample_rate: int) -> Waveform:
    """Render the band, (2, S), peak below 1.

    Args:
        parts: Notes by the names of `BAND`.
        bpm: Quarter notes per minute.
        num_samples: S; the decay after it is cut off.
        sample_rate: Sample rate of the renderer, 48000 Hz.

    Raises:
        CorpusError: If the packages are not installed, or render at another rate.
    """
    import midirenderer  # only case C needs this package

    rendered = midirenderer.render_wave_from(sound_font_path().read_bytes(), midi_file(parts, bpm))
    samples, rate = soundfile.read(io.BytesIO(rendered), dtype="float32", always_2d=True)
    if rate != sample_rate or samples.shape[1] != 2:
        raise CorpusError(
            f"midirenderer gave {samples.shape[1]} channels at {rate} Hz; expected stereo at {sample_rate} Hz. "
            "Install the version that requirements-base.txt names."
        )
    stereo = samples.T[:, :num_samples]
    return cast(Waveform, np.pad(stereo, ((0, 0), (0, num_samples - stereo.shape[1]))).astype(np.float32))


def sound_font_path() -> Path:
    """Path of the SoundFont in the installed package, without importing the package.

    Raises:
        CorpusError: If the package is not installed or does not contain it.
    """
    spec = importlib.util.find_spec("pretty_midi")
    path = Path(spec.origin).parent / SOUND_FONT if spec is not None and spec.origin is not None else None
    if path is None or not path.is_file():
        raise CorpusError(f"Case C needs the SoundFont {SOUND_FONT} of pretty_midi: pip install -r requirements.txt")
    return path


def midi_file(parts: dict[str, tuple[BandNote, ...]], bpm: float) -> bytes:
    """A MIDI file of format 1: a track with the tempo, then one for each playing instrument."""
    file = mido.MidiFile(ticks_per_beat=TICKS_PER_QUARTER)
    file.tracks.append(mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm))]))
    channels = (channel for channel in range(16) if channel != DRUM_CHANNEL)
    for instrument in BAND:
        channel = DRUM_CHANNEL if instrument.is_drums else next(channels)
        file.tracks.append(_track(instrument, parts.get(instrument.name, ()), channel))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def _track(instrument: Instrument, notes: tuple[BandNote, ...], channel: int) -> mido.MidiTrack:
    pan = round(64 + 63 * instrument.pan)
    controls = ((VOLUME, instrument.level), (PAN, pan), (REVERB, REVERB_SEND), (CHORUS, 0))
    messages = [mido.Message("program_change", channel=channel, program=instrument.program)]
    messages += [mido.Message("control_change", channel=channel, control=key, value=value) for key, value in controls]
    # When two notes of one pitch touch, the first has to end before the second starts.
    events = [(note.tick, 1, "note_on", note) for note in notes]
    events += [(note.tick + note.duration, 0, "note_off", note) for note in notes]
    now = 0
    for tick, _, kind, note in sorted(events, key=lambda event: (event[0], event[1], event[3].midi)):
        velocity = note.velocity if kind == "note_on" else 0
        messages.append(mido.Message(kind, channel=channel, note=note.midi, velocity=velocity, time=tick - now))
        now = tick
    return mido.MidiTrack(messages)
