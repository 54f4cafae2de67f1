"""Settings of the composer."""

from dataclasses import dataclass

from duetto.errors import ScoreError
from duetto.score.score import TICKS_PER_QUARTER

TICKS_PER_BAR = 4 * TICKS_PER_QUARTER
EIGHTH = TICKS_PER_QUARTER // 2
SIXTEENTH = TICKS_PER_QUARTER // 4
MIN_RANGE_SEMITONES = 5  # a fourth: below it there is no melody


@dataclass(frozen=True)
class SongStyle:
    """Register, tempo, rhythm and expression of a song in 4/4.

    Raises:
        ScoreError: If the range is under a fourth, or a number is not usable.
    """

    low_midi: int  # lowest note, MIDI
    high_midi: int  # highest note, MIDI
    bpm: float
    bars: int
    rhythm: tuple[tuple[int, float], ...] = ((EIGHTH, 0.6), (TICKS_PER_QUARTER, 0.4))  # (ticks, weight); 16ths pair up
    phrase_bars: int = 4  # 2..4; a breath ends each phrase
    breath_ticks: int = EIGHTH  # at least; an eighth or more
    rest_chance: float = 0.03  # of a short note inside a phrase
    prolong_chance: float = 0.04  # of a note that goes on with the vowel before it
    vibrato_from_ticks: int | None = 2 * TICKS_PER_QUARTER  # shortest note with vibrato; None for no vibrato
    bend_semitones: float = 0.6  # deepest scoop and fall; 0 for no bends
    dynamics_depth: int = 24  # rise of the dynamics at the height of a phrase, 0..63

    def __post_init__(self) -> None:
        if not 0 <= self.low_midi <= self.high_midi - MIN_RANGE_SEMITONES <= 127 - MIN_RANGE_SEMITONES:
            raise ScoreError(
                f"The range {self.low_midi} to {self.high_midi} is too narrow; expected at least "
                f"{MIN_RANGE_SEMITONES} semitones within MIDI 0 to 127."
            )
        if not 20 <= self.bpm <= 300 or self.bars < 2 or not 2 <= self.phrase_bars <= 4:
            raise ScoreError(
                f"Cannot compose {self.bars} bars at {self.bpm:g} BPM in phrases of {self.phrase_bars}; expected 2 "
                "or more bars, 20 to 300 BPM, phrases of 2 to 4 bars."
            )
        if not self.rhythm or any(
            ticks < SIXTEENTH or ticks % SIXTEENTH or weight <= 0 for ticks, weight in self.rhythm
        ):
            raise ScoreError(
                "The rhythm needs note lengths in whole sixteenths (120 ticks), each with a weight above 0."
            )
        if not EIGHTH <= self.breath_ticks <= TICKS_PER_BAR - min(ticks for ticks, _ in self.rhythm):
            raise ScoreError(
                f"Cannot breathe for {self.breath_ticks} ticks; expected {EIGHTH} or more and room for a note."
            )
