"""Fits a melody to a voice before it is converted: `transpose=auto`, or a sentence on what the voice never sang."""

from collections.abc import Iterable
from typing import Any

from duetto.conversion.converter import Converter
from duetto.conversion.register import CARD_FIELD, Register, from_json, register_of, say_register
from duetto.conversion.transposition import advise, best_transposition, outside_at
from duetto.errors import ConfigError
from duetto.settings.run_config import InferConfig
from duetto.storage.audio import Waveform, resample_blocks

PIECE_S = 20.0  # tracked at once


def fit_to_register(
    config: InferConfig, melody: Register, card: dict[str, Any], only_octaves: bool = False
) -> tuple[float, str]:
    """The transposition in semitones, and what the user should know before the conversion (or an empty text).

    Args:
        config: The settings, with a transposition or `auto`.
        melody: Of the source.
        card: The voice's card, which holds its register.
        only_octaves: Whether `auto` leaves out other intervals.

    Raises:
        ConfigError: If `transpose=auto` and the card holds no register.
    """
    voice = from_json(card.get(CARD_FIELD))
    if voice is None:
        if config.is_fitted:
            raise ConfigError(
                "transpose=auto: this voice's card does not say what it was sung at, as that of a public model or an "
                "earlier version. Give semitones, such as transpose=-12, or train the voice again."
            )
        return config.interval, ""
    if not config.is_fitted:
        return config.interval, advise(melody, voice, config.interval, only_octaves)
    chosen = best_transposition(melody, voice, only_octaves)
    inside, before = (100 * (1 - outside_at(melody, voice, semitones)) for semitones in (chosen, 0))
    said = f"transpose={chosen}: the voice ({say_register(voice)}) covers {inside:.0f} % of the melody"
    return chosen + config.interval, f"{said}, untransposed {before:.0f} %." if chosen else f"{said} as it is."


def melody_of(converter: Converter, blocks: Iterable[Waveform], sample_rate: int) -> Register:
    """Seconds that a mono recording sings at each semitone, by the voice's pitch tracker or the user's contour.

    Args:
        converter: The voice.
        blocks: Pieces (S,) of the recording in order.
        sample_rate: Of the recording, Hz.
    """
    at_rate = resample_blocks(blocks, sample_rate, converter.sample_rate)
    _, f0_hz = converter.track(at_rate, PIECE_S)
    return register_of([f0_hz], converter.grid.hop_length / converter.sample_rate)
