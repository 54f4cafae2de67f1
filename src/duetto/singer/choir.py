"""The choir: random voices for pretraining, which no case uses; a voice's number is its seed.

A voice `choir_NN` (00 to 15) has one of four registers and one of the two carriers in turn; formants, warp, equaliser,
breath, change of register and pitch style are drawn at random within the ranges of the catalogue's voices. They are
nobody's voices, so weights trained on them hold no person's biometric data.
"""

import re

import numpy as np

from duetto.errors import ConfigError
from duetto.singer.voices import EmbeddedVoice, Family, PitchStyle, Register

CHOIR_SIZE = 16
SEED = 0xC401
FAMILIES: tuple[Family, ...] = ("sinsy", "mei")
# lowest sung note, transposition from the written line, formants relative to the carrier's, passaggio (MIDI)
REGISTERS = (
    (40, -19, (0.76, 0.84), (50.0, 55.0)),  # bass
    (47, -12, (0.82, 0.92), (55.0, 60.0)),  # tenor
    (54, -5, (0.92, 1.04), (64.0, 69.0)),  # alto
    (60, 0, (1.02, 1.22), (70.0, 76.0)),  # soprano
)
SPAN_SEMITONES = 21


def choir_names() -> tuple[str, ...]:
    """Names of the choir's voices, cycling from bass to soprano."""
    return tuple(f"choir_{number:02d}" for number in range(CHOIR_SIZE))


def choir_voice(name: str) -> EmbeddedVoice:
    """A voice of the choir.

    Raises:
        ConfigError: If the name is not one of `choir_names`.
    """
    if name not in choir_names():
        raise ConfigError(f"There is no voice {name!r} in the choir; it has choir_00 to choir_{CHOIR_SIZE - 1:02d}.")
    number = int(re.sub(r"\D", "", name))
    low, transposition, formants, passaggio = REGISTERS[number % len(REGISTERS)]
    random = np.random.default_rng([SEED, number])
    draw = lambda least, most: float(random.uniform(least, most))  # noqa: E731 - seventeen draws below
    return EmbeddedVoice(
        name,
        FAMILIES[(number // len(REGISTERS)) % len(FAMILIES)],
        range_midi=(low, low + SPAN_SEMITONES),
        transposition=transposition,
        formant_ratio=draw(*formants),
        warp_seed=1000 + number,
        warp_depth=draw(0.03, 0.06),
        equaliser_db=draw(1.5, 3.5),
        tilt_db_per_octave=draw(-1.0, 1.2),
        breath_db=draw(-3.0, 5.0),
        breath_level_db=draw(-45.0, -24.0),
        cepstral_motion=draw(0.005, 0.02),
        register=Register(
            passaggio_midi=draw(*passaggio),
            head_tilt_db=draw(-7.0, -1.5),
            head_breath_db=draw(1.5, 7.0),
            head_formant_ratio=draw(1.01, 1.05),
            head_fundamental_db=draw(3.0, 7.0),
        ),
        style=PitchStyle(
            portamento_s=draw(0.04, 0.095),
            overshoot=draw(0.0, 0.09),
            scoop_cents=draw(0.0, 45.0),
            drift_cents=draw(0.0, 6.0),
            jitter_cents=draw(0.0, 3.0),
            vibrato_depth_cents=draw(10.0, 45.0),
            vibrato_rate_hz=draw(4.8, 6.4),
            vibrato_delay_s=draw(0.25, 0.5),
        ),
    )
