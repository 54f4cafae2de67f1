"""Settings that belong to one case each, as pure data; `duetto.config` puts them into `DataConfig`."""

from dataclasses import dataclass, field

from duetto.errors import ConfigError

JOINS = ("zero_padding", "shuffled", "ordered")
PITCHES = ("melodic", "flat")
MIN_FRAGMENT_MS = 10.0  # two frames of 5 ms: less holds no pitch period of a low voice


@dataclass
class FragmentConfig:
    """How case D cuts what was sung, and how the fragments become training clips."""

    fragment_ms: float | None = None  # length of a fragment, ms; None = uncut
    join: str = "shuffled"  # zero_padding (a clip each) | shuffled | ordered (clips of about 10 s, no cross-fade)
    pitches: str = "melodic"  # melodic (as written) | flat (each song on one pitch of the bank)
    bank_pitches: list[int] = field(default_factory=lambda: [64, 70, 76])  # MIDI, sung; for flat
    as_ddb: bool = False  # write a synthetic .ddb with .ddi and read the fragments back (16 bit)
    padding_ms: float = 1000.0  # for zero_padding: shorter fragments are filled with silence to this length

    def validate(self) -> None:
        """Lengths that can be cut, names that exist, pitches that can be sung.

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
    """How large the choir is that base weights are trained on."""

    voices: int = 16  # of 16
    songs: int = 9  # of each voice, about half a minute each

    def validate(self) -> None:
        """A choir has sources for its held-out songs.

        Raises:
            ConfigError: If there are too few voices or songs, or more than there are.
        """
        if not 2 <= self.voices <= 16:
            raise ConfigError(f"data.choir.voices={self.voices}: expected 2 to 16.")
        if not 2 <= self.songs <= 50:
            raise ConfigError(f"data.choir.songs={self.songs}: expected 2 to 50.")
