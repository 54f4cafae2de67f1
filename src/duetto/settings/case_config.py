"""Settings of single cases as pure data; `DataConfig` in `duetto.settings.config` holds them."""

from dataclasses import dataclass, field

from duetto.errors import ConfigError
from duetto.settings.kinds import PATH

JOINS = ("zero_padding", "shuffled", "ordered")
PITCHES = ("melodic", "flat")
MIN_FRAGMENT_MS = 10.0  # two frames of 5 ms: shorter ones hold no pitch period of a low voice


@dataclass
class RegisterConfig:
    """The range in which case A's voice was recorded, and the range that it has to sing; MIDI as sung."""

    low_midi: int = 41  # lowest note of the songs for training, validation and test
    high_midi: int = 53  # highest note of the songs for validation and test
    train_high_midi: int = 53  # highest note of the songs for training: the dose of a study
    above_semitones: int = 6  # the test songs called above_* lie 1 to this many semitones above high_midi

    def validate(self) -> None:
        """Check that the ranges are wide enough for a melody.

        Raises:
            ConfigError: If a range is narrower than a fourth, or exceeds the voice's range.
        """
        for name in ("high_midi", "train_high_midi"):
            high = getattr(self, name)
            if not 33 <= self.low_midi <= high - 5 <= 86:
                raise ConfigError(
                    f"data.register.{name}={high} with low_midi={self.low_midi}: expected at least a fourth "
                    "(5 semitones) between them, within MIDI 33 to 91."
                )
        if not 6 <= self.above_semitones <= 24:
            raise ConfigError(f"data.register.above_semitones={self.above_semitones}: expected 6 to 24.")


@dataclass
class RoomConfig:
    """The room of case B's recordings, simulated by image sources."""

    rt60_s: float = 0.9  # reverberation time, s; 0 = dry
    direct_to_reverberant_db: float = 6.0  # dB

    def validate(self) -> None:
        """Check the reverberation time.

        Raises:
            ConfigError: If it is negative.
        """
        if not self.rt60_s >= 0:
            raise ConfigError(f"data.room.rt60_s is {self.rt60_s}; expected 0 (dry) or more seconds.")


@dataclass
class MixConfig:
    """How case C's voice is mixed with its band."""

    vocal_to_backing_db: float | None = 3.0  # voice against band, root mean square; None = the dry stem, no mix
    reverb_rt60_s: float = 1.1  # of the voice, s; 0 = dry
    reverb_direct_db: float = 9.0  # direct to reverberant
    loudness_dbfs: float = -14.0  # root mean square of the mix before its limiter
    mp3_kbps: int | None = None  # MP3 bit rate; None = no MP3

    def validate(self) -> None:
        """Check the levels and times.

        Raises:
            ConfigError: If a value is out of range.
        """
        level_db = self.vocal_to_backing_db
        if level_db is not None and not -30 <= level_db <= 60:
            raise ConfigError(f"data.mix.vocal_to_backing_db={level_db}: expected -30 to 60, or null (the dry stem).")
        if not self.reverb_rt60_s >= 0:
            raise ConfigError(f"data.mix.reverb_rt60_s={self.reverb_rt60_s}: expected 0 (dry) or more seconds.")
        if not -40 <= self.loudness_dbfs <= 0:
            raise ConfigError(f"data.mix.loudness_dbfs={self.loudness_dbfs}: expected -40 to 0.")
        if self.mp3_kbps is not None and not 32 <= self.mp3_kbps <= 320:
            raise ConfigError(f"data.mix.mp3_kbps={self.mp3_kbps}: expected 32 to 320, or null (no MP3).")


@dataclass
class FragmentConfig:
    """How case D cuts the songs, and how the fragments become training clips."""

    fragment_ms: float | None = None  # length of a fragment, ms; None = uncut
    join: str = "shuffled"  # zero_padding (a clip each) | shuffled | ordered (clips of about 10 s, no cross-fade)
    pitches: str = "melodic"  # melodic (as written) | flat (each song on one pitch of the bank)
    bank_pitches: list[int] = field(default_factory=lambda: [64, 70, 76])  # MIDI, sung; for flat
    as_ddb: bool = False  # write a synthetic .ddb with .ddi and read the fragments back (16 bit)
    padding_ms: float = 1000.0  # for zero_padding: shorter fragments are filled with silence to this length

    def validate(self) -> None:
        """Check lengths, names and pitches.

        Raises:
            ConfigError: If a setting is out of range or contradicts another.
        """
        if self.fragment_ms is not None and not self.fragment_ms >= MIN_FRAGMENT_MS:
            raise ConfigError(
                f"data.fragments.fragment_ms={self.fragment_ms}: expected {MIN_FRAGMENT_MS:g} or more, or null (uncut)."
            )
        if self.join not in JOINS:
            raise ConfigError(f"data.fragments.join={self.join}: expected one of {', '.join(JOINS)}.")
        if self.pitches not in PITCHES:
            raise ConfigError(f"data.fragments.pitches={self.pitches}: expected one of {', '.join(PITCHES)}.")
        if not self.bank_pitches or not all(0 <= midi <= 127 for midi in self.bank_pitches):
            raise ConfigError(f"data.fragments.bank_pitches={self.bank_pitches}: expected MIDI numbers of 0 to 127.")
        if not self.padding_ms >= 0:
            raise ConfigError(f"data.fragments.padding_ms={self.padding_ms}: expected 0 or more.")
        if self.as_ddb and self.fragment_ms is None:
            raise ConfigError("data.fragments.as_ddb needs fragments: set data.fragments.fragment_ms, such as 120.")


@dataclass
class ChoirConfig:
    """Size of the choir that the pretrained weights are trained on."""

    voices: int = 16  # of 16
    songs: int = 9  # per voice, about half a minute each
    readers: int = 4  # of 4; they intone English, each as many texts as a voice has songs

    def validate(self) -> None:
        """Check the numbers; held-out songs need sources, hence two voices.

        Raises:
            ConfigError: If there are too few voices, songs or readers, or more than available.
        """
        if not 2 <= self.voices <= 16:
            raise ConfigError(f"data.choir.voices={self.voices}: expected 2 to 16.")
        if not 2 <= self.songs <= 50:
            raise ConfigError(f"data.choir.songs={self.songs}: expected 2 to 50.")
        if not 0 <= self.readers <= 4:
            raise ConfigError(f"data.choir.readers={self.readers}: expected 0 to 4.")


@dataclass
class EnsembleConfig:
    """Size of the ensemble of natural synthetic voices, and how it was recorded."""

    voices: int = 41  # of 41
    texts: int = 14  # per voice, two sentences each, about 8 s
    timbres: int = 3  # that say each text in time with each other: the reader's own and others
    drawn_share: float = 0.0  # of the training texts, whose words are drawn at random
    room_share: float = 0.15  # of the training clips, that have a room
    microphone_share: float = 0.3  # of the training clips, that have a microphone's response and noise
    has_choir: bool = False  # whether the choir, as `data.choir` says, sings beside it
    voices_file: str = field(default="kokoro-js-1.2.1.tgz", metadata=PATH)  # from `npm pack kokoro-js@1.2.1`

    def validate(self) -> None:
        """Check the numbers; a held-out text needs a source, hence two voices.

        Raises:
            ConfigError: If there are too few voices, texts or timbres, more than available, or a share is none.
        """
        for name, low, high in (("voices", 2, 41), ("texts", 2, 99), ("timbres", 1, self.voices)):
            if not low <= getattr(self, name) <= high:
                raise ConfigError(f"data.ensemble.{name}={getattr(self, name)}: expected {low} to {high}.")
        for name in ("drawn_share", "room_share", "microphone_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"data.ensemble.{name}={getattr(self, name)}: expected 0 to 1.")


@dataclass
class NaturalConfig:
    """Case N: what its voices say."""

    texts: int = 28  # for training, of 28: two sentences each, about 8 s
    has_speech: bool = True  # whether the training texts are spoken
    has_song: bool = True  # whether they are intoned on held notes

    def validate(self) -> None:
        """Check that there is something to train on.

        Raises:
            ConfigError: If there are fewer texts than one or more than available, or neither speech nor song.
        """
        if not 1 <= self.texts <= 28:
            raise ConfigError(f"data.natural.texts={self.texts}: expected 1 to 28.")
        if not (self.has_speech or self.has_song):
            raise ConfigError("data.natural: has_speech and has_song are both false; nothing is left to train on.")
