"""The settings of the entry points, composed of the groups of `duetto.settings.config`.

Pure data, as in that module.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from duetto.settings.config import (
    DataConfig,
    DiffusionConfig,
    EvalConfig,
    FeaturesConfig,
    PreprocessConfig,
    RetrievalConfig,
    TrainerConfig,
    require,
)
from duetto.settings.kinds import NAME, PATH, PATHS
from duetto.settings.logger_config import LoggerConfig
from duetto.settings.model_config import ModelConfig
from duetto.settings.ranges import MAX_SEED, TIMINGS, one_of, require_within

MAX_TRANSPOSE = 36  # semitones: three octaves, from the lowest bass to the highest soprano
AUTO = "auto"  # of transpose: what fits the voice
MAX_OWN_SONGS = 8  # of validate_on: each takes seconds at each validation
RATES_HZ = (8000, 384_000)  # of outputs
SEPARATORS = (AUTO, "mask", "spleeter", "audio_separator", "pymss")
WITH_MODELS = SEPARATORS[3:]  # packages whose model may be named: separator=pymss:MODEL
BACKINGS = ("convert", "keep")  # what happens to voices beside the lead
STALE = ("repeat", "keep", "stop")
RUN_NAME = re.compile(r"[^\W_][\w .+-]{0,63}")  # in any script; a path or an option is none
RESERVED_NAMES = ("latest", "null")


@dataclass
class TrainConfig:
    """`python train.py`."""

    seed: int = 0
    name: str | None = field(default=None, metadata=NAME)  # by which people call the run; no result depends on it
    # weights to start from: auto (ours, if they fit) | none | PATH; sets model.base
    base: str = field(default="auto", metadata=PATH)
    logs: str = field(default="logs", metadata=PATH)  # where run folders are kept
    # recordings of a voice that are converted at each validation, to be heard; no result depends on them
    validate_on: Any = field(default=None, metadata=PATHS)
    stale: str = "repeat"  # repeat | keep | stop: what to do with a run or scores of the same settings by earlier code
    data: DataConfig = field(default_factory=DataConfig)
    preprocess: PreprocessConfig = field(default_factory=PreprocessConfig)
    features: FeaturesConfig = field(default_factory=FeaturesConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    logger: LoggerConfig = field(default_factory=LoggerConfig)
    eval: EvalConfig = field(default_factory=EvalConfig)

    def validate(self) -> None:
        """Check every group, then the rules between groups."""
        self.data.validate()
        self.preprocess.validate()
        self.features.validate()
        self.model.validate(self.features)
        self.trainer.validate()
        self.logger.validate()
        self.eval.validate()
        self.model.validate_diffusion(self.eval.diffusion)
        require_within("seed", self.seed, 0, MAX_SEED)
        check_name(self.name)
        self._validate_own_songs()
        require(self.stale in STALE, f"stale={self.stale}: expected one of {', '.join(STALE)}.")

    def own_songs(self) -> list[str]:
        """The recordings of `validate_on` as a list."""
        if self.validate_on is None:
            return []
        return list(self.validate_on) if isinstance(self.validate_on, list | tuple) else [self.validate_on]

    def _validate_own_songs(self) -> None:
        songs = self.own_songs()
        require(
            all(isinstance(song, str) for song in songs) and len(songs) <= MAX_OWN_SONGS,
            f"validate_on={self.validate_on}: expected up to {MAX_OWN_SONGS} audio files, such as [a.wav,b.wav].",
        )
        require(
            not songs or self.trainer.evaluate_every_steps > 0,
            "validate_on: songs are converted at each validation, which trainer.evaluate_every_steps=0 turns off; "
            "write trainer.evaluate_every_steps=200.",
        )


def check_name(name: str | None) -> None:
    """Refuse a name that a run cannot be given.

    Raises:
        ConfigError: If it is one.
    """
    require(
        name is None or bool(RUN_NAME.fullmatch(name) and name not in RESERVED_NAMES),
        f"name={name}: expected up to 64 letters, digits, blanks and any of _-.+, beginning with a letter or digit, "
        f"other than {one_of(RESERVED_NAMES)}.",
    )


@dataclass
class InferConfig:
    """`python infer.py`."""

    run: str | None = field(default="latest", metadata=PATH)  # latest | a run's name or signature | a path
    # instead of a run: a public model, .pth of RVC WebUI or Applio
    checkpoint: str | None = field(default=None, metadata=PATH)
    index: str | None = field(default=None, metadata=PATH)  # its .index; without one, nothing is retrieved
    # vocoder of a public Diff-SVC checkpoint: NSF-HiFiGAN `model` file with its config.json
    vocoder: str | None = field(default=None, metadata=PATH)
    # weights of the content encoder (or `hub`); default: those in the voice's card
    content_path: str | None = field(default=None, metadata=PATH)
    source: Any = field(default=None, metadata=PATHS)  # an audio file, a folder, a pattern, or a list of them
    song: str | None = field(default=None, metadata=PATH)  # instead of sources: a mix whose voice is converted
    separator: str = field(
        default=AUTO, metadata=NAME
    )  # of a song: auto | mask | spleeter | audio_separator | pymss (the last two with :MODEL) | a command
    backing: str = "convert"  # convert | keep: backing voices of a song, those beside the middle of a stereo mix
    output: str | None = field(default=None, metadata=PATH)  # file or folder; default: beside the run
    rate: int | None = None  # sample rate of the outputs, Hz; default: that of the source
    format: str = "wav"  # wav | flac for outputs in a folder; the suffix of an output file decides otherwise
    transpose: Any = 0.0  # semitones, fractions allowed; auto = those at which the voice covers most of the melody
    cents: float = 0.0  # added to transpose
    formant: float = 0.0  # semitones by which the spectral envelope moves; the pitch stays
    level_match: float = 0.0  # 0 = the voice's own loudness, 1 = the source's (1 - upstream's rms_mix_rate)
    logs: str = field(default="logs", metadata=PATH)
    speaker: Any = field(default=0, metadata=NAME)  # number or name
    f0_method: str | None = None  # a name of features.trackers.registry; default: that of the training
    # weights of a pitch tracker that reads a file, such as rmvpe; default: those in the voice's card
    f0_path: str | None = field(default=None, metadata=PATH)
    # a pitch contour that replaces the tracker's (.csv, .txt, .PitchTier), and where to write that of the source
    f0: str | None = field(default=None, metadata=PATH)
    f0_out: str | None = field(default=None, metadata=PATH)
    timing: str | None = None  # grids of content and pitch, see features.timing; default: that of the training
    mark: bool = True  # add the watermark and the C2PA manifest; false = only for measuring, with a reason
    mark_reason: str | None = field(default=None, metadata=NAME)  # of mark=false; it is recorded beside the output
    chunk_s: float = 20.0
    seed: int = 0
    index_rate: float = 0.5
    protect: float = 0.33
    neighbours: int = 8
    diffusion: DiffusionConfig = field(default_factory=DiffusionConfig)  # Diff-SVC only

    @property
    def interval(self) -> float:
        """Transposition in semitones; the cents alone if the rest is fitted to the melody."""
        return float(0.0 if self.is_fitted else self.transpose) + self.cents / 100.0

    @property
    def is_fitted(self) -> bool:
        """Whether the transposition follows from melody and voice."""
        return bool(self.transpose == AUTO)

    def validate(self) -> None:
        """Check the ranges."""
        for name, low, high in (
            ("level_match", 0, 1),
            ("formant", -12, 12),
            ("chunk_s", 2, 600),
            ("seed", 0, MAX_SEED),
        ):
            require_within(name, getattr(self, name), low, high)
        is_number = isinstance(self.transpose, int | float) and not isinstance(self.transpose, bool)
        require(is_number or self.is_fitted, f"transpose={self.transpose}: expected semitones, such as -12, or {AUTO}.")
        if self.rate is not None:
            require_within("rate", self.rate, *RATES_HZ)
        require_within("transpose (with cents)", self.interval, -MAX_TRANSPOSE, MAX_TRANSPOSE)
        RetrievalConfig(self.index_rate, self.neighbours, self.protect).validate()
        self.diffusion.validate()
        require(self.timing in (None, *TIMINGS), f"timing={self.timing}: expected {one_of(TIMINGS)}.")
        require(self.format in ("wav", "flac"), f"format={self.format}: expected wav or flac.")
        self._validate_song()
        self._validate_mark()
        require(isinstance(self.speaker, int | str), f"speaker={self.speaker}: expected a number or a name.")

    def _validate_song(self) -> None:
        is_command = "{input}" in self.separator and "{output}" in self.separator
        is_known = self.separator in SEPARATORS or self.separator.partition(":")[0] in WITH_MODELS
        require(
            is_known or is_command,
            f"separator={self.separator}: expected {one_of(SEPARATORS)}, or a command with {{input}} and {{output}}.",
        )
        require(self.backing in BACKINGS, f"backing={self.backing}: expected {one_of(BACKINGS)}.")
        require(
            self.song is not None or self.backing == BACKINGS[0],
            f"backing={self.backing} goes with song=FILE; a source is converted as it is.",
        )
        require(
            self.song is not None or self.separator == AUTO,
            f"separator={self.separator} goes with song=FILE; a source is converted as it is.",
        )

    def _validate_mark(self) -> None:
        has_reason = bool((self.mark_reason or "").strip())
        require(
            self.mark or has_reason,
            "mark=false makes a file that nobody can tell from a recording: say what for, such as "
            "mark_reason='listening test', which is recorded beside it.",
        )
        require(
            not (self.mark and self.mark_reason),
            "mark_reason goes with mark=false; the output is marked. Leave it out.",
        )

    def wants_song(self) -> bool:
        """Whether a mix is converted, and not recordings of a voice.

        Raises:
            ConfigError: If both are named, or a contour with a mix.
        """
        require(self.song is None or self.source is None, "Give source=FILE (a voice alone) or song=FILE (a mix).")
        require(
            self.song is None or (self.f0 is None and self.f0_out is None),
            "f0 and f0_out go with source=FILE, a voice alone: the contour of a song is that of its separated voice. "
            "Separate first, then convert the voice with source=FILE.",
        )
        return self.song is not None

    def sources(self) -> list[str]:
        """The names of the recordings as a list.

        Raises:
            ConfigError: If there is none, or one is not a text.
        """
        named = self.source if isinstance(self.source, list) else [self.source]
        require(
            bool(named) and named != [None],
            "Which recording? Add source=song.wav (several: source=[a.wav,b.wav]), or song=mix.mp3.",
        )
        require(all(isinstance(name, str) for name in named), f"source={self.source}: expected names of audio files.")
        return named
