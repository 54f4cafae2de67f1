"""The embedded singers: each is one `EmbeddedVoice` entry over one of two carriers.

A voice changes the carrier's identity: its formants, spectral envelope, breathiness, change of register
and pitch style.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from duetto.errors import ConfigError

Family = Literal["sinsy", "mei"]
AIR = ((6000.0, 0.0), (9000.0, 16.0), (20000.0, 22.0))  # (Hz, dB): keeps the high band of dark voices above the noise


@dataclass(frozen=True)
class PitchStyle:
    """How pitch moves between notes and within them."""

    portamento_s: float = 0.06  # length of a glide between notes, 0.035..0.1 s
    overshoot: float = 0.06  # share of an interval by which a glide overshoots
    scoop_cents: float = 25.0  # a phrase starts this far below its first note
    drift_cents: float = 4.0  # standard deviation of slow wander, below 3 Hz
    jitter_cents: float = 2.0  # standard deviation of fast irregularity, 10 to 60 Hz
    vibrato_depth_cents: float = 25.0  # if the score specifies none; 0 = no vibrato
    vibrato_rate_hz: float = 5.5
    vibrato_delay_s: float = 0.35  # straight tone before the vibrato
    vibrato_min_note_s: float = 0.6  # shorter notes have none


@dataclass(frozen=True)
class Register:
    """Changes in head register; each is complete about two semitones above the passaggio."""

    passaggio_midi: float = 68.0  # sung pitch, MIDI
    head_tilt_db: float = -3.0  # at 5 kHz relative to 500 Hz
    head_breath_db: float = 4.0  # more aperiodicity
    head_formant_ratio: float = 1.02  # formants move by this factor
    head_fundamental_db: float = 3.0  # gain of the lowest harmonic
    head_level_db: float = -1.0


@dataclass(frozen=True)
class EmbeddedVoice:
    """One singer."""

    name: str
    family: Family
    range_midi: tuple[int, int]  # comfortable sung pitches
    transposition: int = 0  # semitones from the written score to what the voice sings
    formant_ratio: float = 1.0  # formant frequencies relative to the carrier's
    warp_seed: int = 0
    warp_depth: float = 0.03  # standard deviation of the seeded log-frequency warp
    equaliser_db: float = 2.0  # standard deviation of the seeded smooth equaliser
    equaliser: tuple[tuple[float, float], ...] = ()  # (Hz, dB), straight lines in log frequency
    tilt_db_per_octave: float = 0.0  # about 1 kHz
    breath_db: float = 0.0  # aperiodicity relative to a clear voice
    breath_level_db: float = -30.0  # audible breaths relative to the singing
    cepstral_motion: float = 0.015  # slow random motion of held spectra, so that vowels do not sound frozen
    register: Register = field(default_factory=Register)
    style: PitchStyle = field(default_factory=PitchStyle)


def _catalogue(*voices: EmbeddedVoice) -> Mapping[str, EmbeddedVoice]:
    return MappingProxyType({voice.name: voice for voice in voices})


VOICES: Mapping[str, EmbeddedVoice] = _catalogue(
    EmbeddedVoice(
        "miku",  # bright, with straight pitch, like VOCALOID-type singing synthesisers
        "sinsy",
        range_midi=(57, 81),
        formant_ratio=1.24,
        warp_seed=5,
        warp_depth=0.06,
        equaliser_db=0.0,
        equaliser=((250.0, 0.0), (900.0, 0.0), (1800.0, -5.0), (3500.0, 5.0), (8000.0, 7.0), (16000.0, 4.0)),
        tilt_db_per_octave=1.5,
        breath_db=-3.0,
        breath_level_db=-60.0,
        cepstral_motion=0.005,
        register=Register(passaggio_midi=71.0, head_tilt_db=-1.5, head_breath_db=1.5, head_fundamental_db=7.0),
        style=PitchStyle(
            portamento_s=0.04,
            overshoot=0.0,
            scoop_cents=0.0,
            drift_cents=0.0,
            jitter_cents=0.0,
            vibrato_depth_cents=30.0,
            vibrato_rate_hz=5.9,
            vibrato_delay_s=0.3,
        ),
    ),
    EmbeddedVoice(
        "low",  # a man's voice an octave below the written line
        "sinsy",
        range_midi=(41, 62),
        transposition=-12,
        formant_ratio=0.80,
        warp_seed=4,
        warp_depth=0.05,
        equaliser_db=3.0,
        equaliser=((100.0, 3.0), (300.0, 3.0), (1500.0, -1.0), (2800.0, 4.0), (5000.0, -2.0), (12000.0, -4.0)),
        breath_db=-2.0,
        register=Register(
            passaggio_midi=52.0, head_tilt_db=-7.0, head_breath_db=7.0, head_formant_ratio=1.05, head_fundamental_db=5.0
        ),
        style=PitchStyle(portamento_s=0.09, overshoot=0.08, scoop_cents=40.0, drift_cents=5.0, vibrato_rate_hz=5.2),
    ),
    EmbeddedVoice(
        "pop",  # a woman's airy voice, close to the microphone
        "sinsy",
        range_midi=(55, 76),
        formant_ratio=0.95,
        warp_seed=11,
        warp_depth=0.05,
        equaliser=((150.0, 2.0), (800.0, 1.0), (2500.0, -3.0), (6000.0, 1.0), (12000.0, 4.0)),
        breath_db=5.0,
        breath_level_db=-24.0,
        register=Register(passaggio_midi=69.0),
        style=PitchStyle(portamento_s=0.075, vibrato_depth_cents=20.0, vibrato_delay_s=0.5),
    ),
    EmbeddedVoice(
        "mei",  # the second carrier: another person, recorded speaking
        "mei",
        range_midi=(55, 76),
        warp_seed=1,
        warp_depth=0.0,
        equaliser_db=0.0,
        register=Register(passaggio_midi=70.0),
        style=PitchStyle(portamento_s=0.055, overshoot=0.05, vibrato_rate_hz=6.1, vibrato_depth_cents=32.0),
    ),
    EmbeddedVoice(
        "bass",  # a dark, deep man
        "mei",
        range_midi=(38, 57),
        transposition=-12,
        formant_ratio=0.76,
        warp_seed=53,
        warp_depth=0.08,
        equaliser_db=4.0,
        equaliser=AIR,
        tilt_db_per_octave=-2.5,
        breath_db=-4.0,
        register=Register(
            passaggio_midi=50.0, head_tilt_db=-6.0, head_breath_db=5.0, head_formant_ratio=1.05, head_fundamental_db=5.0
        ),
        style=PitchStyle(portamento_s=0.1, overshoot=0.04, scoop_cents=30.0, drift_cents=5.0, vibrato_rate_hz=4.9),
    ),
    EmbeddedVoice(
        "tenor",  # a bright man
        "mei",
        range_midi=(46, 67),
        transposition=-12,
        formant_ratio=0.76,
        warp_seed=5,
        warp_depth=0.04,
        equaliser_db=1.0,
        tilt_db_per_octave=1.5,
        breath_db=-4.0,
        register=Register(
            passaggio_midi=60.0, head_tilt_db=-5.0, head_breath_db=5.0, head_formant_ratio=1.04, head_fundamental_db=4.0
        ),
        style=PitchStyle(portamento_s=0.07, overshoot=0.07, vibrato_rate_hz=5.6, vibrato_depth_cents=40.0),
    ),
    EmbeddedVoice(
        "alto",  # a dark woman
        "mei",
        range_midi=(50, 70),
        formant_ratio=0.82,
        warp_seed=64,
        warp_depth=0.06,
        equaliser_db=4.0,
        register=Register(passaggio_midi=65.0, head_tilt_db=-4.0),
        style=PitchStyle(portamento_s=0.085, scoop_cents=35.0, vibrato_rate_hz=5.1, vibrato_depth_cents=28.0),
    ),
    EmbeddedVoice(
        "airy",  # a light woman, more breath than tone
        "mei",
        range_midi=(55, 77),
        formant_ratio=1.12,
        warp_seed=93,
        warp_depth=0.07,
        equaliser_db=4.0,
        tilt_db_per_octave=-1.0,
        breath_db=6.0,
        breath_level_db=-24.0,
        register=Register(passaggio_midi=69.0),
        style=PitchStyle(portamento_s=0.065, overshoot=0.03, vibrato_depth_cents=15.0, vibrato_delay_s=0.6),
    ),
    EmbeddedVoice(
        "treble",  # a child
        "sinsy",
        range_midi=(57, 81),
        formant_ratio=1.3,
        warp_seed=49,
        warp_depth=0.06,
        equaliser_db=6.0,
        equaliser=AIR,
        tilt_db_per_octave=0.5,
        breath_db=4.0,
        register=Register(passaggio_midi=73.0),
        style=PitchStyle(
            portamento_s=0.05, scoop_cents=15.0, drift_cents=6.0, jitter_cents=3.0, vibrato_depth_cents=0.0
        ),
    ),
)


def get_voice(name: str) -> EmbeddedVoice:
    """The embedded voice of that name.

    Raises:
        ConfigError: If there is none; the message lists the existing ones.
    """
    if name not in VOICES:
        raise ConfigError(f"There is no embedded voice {name!r}. Choose one of {', '.join(sorted(VOICES))}.")
    return VOICES[name]
