"""The schema of every configuration group: one dataclass per group, units in field comments.

Pure data without hydra or omegaconf, so that any module may take one as an argument. `MISSING` ("???") marks values
that a YAML file must set. `validate()` checks ranges and rules between fields.
"""

from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from duetto.errors import ConfigError
from duetto.renamed import GONE, OLD_FIELDS
from duetto.settings.case_config import (
    ChoirConfig,
    EnsembleConfig,
    FragmentConfig,
    MixConfig,
    NaturalConfig,
    RegisterConfig,
    RoomConfig,
)
from duetto.settings.kinds import NAME, PATH
from duetto.settings.ranges import CASES, MAX_SEED, SAMPLERS, TIMINGS, one_of, require_within

MISSING: Any = "???"


def require(condition: bool, sentence: str) -> None:
    """Raise `ConfigError(sentence)` unless the condition holds."""
    if not condition:
        raise ConfigError(sentence)


def from_dict(schema: type[Any], values: dict[str, Any]) -> Any:
    """Rebuild a (nested) config dataclass from the plain dict of `dataclasses.asdict`.

    Raises:
        ConfigError: If a key is unknown, or a group is not a mapping.
    """
    require(isinstance(values, dict), f"{schema.__name__} is {values!r}; expected a group of settings.")
    known = {item.name: item for item in fields(schema)}
    values = {name if name in known else OLD_FIELDS.get(name, name): value for name, value in values.items()}
    values = {name: value for name, value in values.items() if name in known or GONE.get(name, ...) != value}
    unknown = sorted(set(values) - set(known))
    require(not unknown, f"{schema.__name__} has no field {', '.join(unknown)}.")
    arguments = {}
    for name, value in values.items():
        factory = known[name].default_factory
        nested = factory if isinstance(factory, type) and is_dataclass(factory) else None
        arguments[name] = from_dict(nested, value) if nested else value
    return schema(**arguments)


@dataclass
class DataConfig:
    """A case: the voice, its recordings, and their split."""

    case: str = MISSING  # of CASES
    root: str = field(default="data", metadata=PATH)  # where corpora and caches are kept
    seed: int = 0
    minutes: float = 0.0  # of training clips, the first in order; 0 = all
    without: list[str] = field(default_factory=list)  # singers whose clips are not used
    # embedded cases
    target: str = "miku"  # embedded voice to learn
    sources: list[str] = field(default_factory=lambda: ["mei"])  # embedded voices that sing the test songs
    train_songs: list[str] = field(default_factory=list)
    val_songs: list[str] = field(default_factory=list)
    test_songs: list[str] = field(default_factory=list)
    transpositions: list[int] = field(default_factory=lambda: [0])  # semitones at which test songs are sung, too
    register: RegisterConfig = field(default_factory=RegisterConfig)  # case_a
    room: RoomConfig = field(default_factory=RoomConfig)  # case_b, case_n
    mix: MixConfig = field(default_factory=MixConfig)  # case_c
    fragments: FragmentConfig = field(default_factory=FragmentConfig)  # case_d and ddb
    choir: ChoirConfig = field(default_factory=ChoirConfig)
    ensemble: EnsembleConfig = field(default_factory=EnsembleConfig)
    natural: NaturalConfig = field(default_factory=NaturalConfig)  # case_n
    tracks: str = "sounding"  # folder_vsqx: sounding (those that a score does not mute) or all
    # folder, folder_vsqx, mix, ddb
    path: str | None = field(default=None, metadata=PATH)  # the user's recordings: a folder, or a .ddb file
    # in a folder with subfolders: the one to use (null = all); otherwise the voice's name
    singer: str | None = field(default=None, metadata=NAME)

    def validate(self) -> None:
        """Check names, that no song is in two splits, and that the user's recordings have a path."""
        songs = self.train_songs + self.val_songs + self.test_songs
        require(len(set(songs)) == len(songs), f"A song is in two splits of data={self.case}: {sorted(songs)}.")
        require(self.case in CASES, f"data.case={self.case}: expected one of {', '.join(CASES)}.")
        require_within("data.minutes", self.minutes, 0, meaning="all")
        require_within("data.seed", self.seed, 0, MAX_SEED)
        tracks = f"data.tracks={self.tracks}: expected sounding or all."
        require(self.tracks in ("sounding", "all"), tracks)
        is_own = self.case in ("folder", "folder_vsqx", "mix", "ddb")
        place = "FILE.ddb" if self.case == "ddb" else "FOLDER with recordings"
        require(not is_own or self.path is not None, f"data={self.case} needs data.path={place}.")
        require(
            0 in self.transpositions and len(set(self.transpositions)) == len(self.transpositions),
            f"data.transpositions={self.transpositions}: expected 0 and, once each, further semitones, such as [0, 6].",
        )
        for part in (self.register, self.room, self.mix, self.fragments, self.choir, self.ensemble, self.natural):
            part.validate()


@dataclass
class PreprocessConfig:
    """Named steps in order; each is an object with a `_target_`."""

    name: str = MISSING
    steps: dict[str, Any] = field(default_factory=dict)  # name -> {_target_: ..., parameters}
    keep_intermediates: bool = False  # keep every clip between the steps, to listen to

    def what_is_done(self) -> dict[str, Any]:
        """The settings that affect the result, as JSON values."""
        return {"name": self.name, "steps": self.steps}

    def validate(self) -> None:
        """Check that slicing comes last, because the other steps need whole songs."""
        names = list(self.steps)
        require("slice" in names and names[-1] == "slice", "The last preprocess step has to be `slice`.")


@dataclass
class ContentConfig:
    """The content encoder, whose frames keep the words and drop the speaker."""

    encoder: str = "moonshine"
    layer: int = 4  # transformer layer read for the model, counted from 0
    dimension: int = 288
    # weights file of contentvec or hubert_soft, or `hub` (those of moonshine come with a package)
    path: str | None = field(default=None, metadata=PATH)


@dataclass
class F0Config:
    """The pitch tracker."""

    method: str = "swift"  # a name of features.trackers.registry
    min_hz: float = 50.0
    max_hz: float = 1100.0
    path: str | None = field(default=None, metadata=PATH)  # weights file of a tracker that reads one, such as rmvpe

    def validate(self) -> None:
        """Check the order of the limits."""
        require(
            0 < self.min_hz < self.max_hz, f"features.f0: min_hz {self.min_hz} must lie below max_hz {self.max_hz}."
        )


@dataclass
class FeaturesConfig:
    """Owns the sample rate, hop and mel settings; everything else interpolates them."""

    sample_rate: int = MISSING  # Hz
    hop_length: int = MISSING  # samples a frame
    n_fft: int = MISSING  # also the window length
    n_mels: int = MISSING
    mel_min_hz: float = 0.0
    mel_max_hz: float | None = None  # None = Nyquist
    content: ContentConfig = field(default_factory=ContentConfig)
    f0: F0Config = field(default_factory=F0Config)
    timing: str = "centred"  # centred | upstream: public RVC weights were trained with a skew (features/timing.py)

    def validate(self) -> None:
        """Check rates, windows and timing."""
        require(
            8000 <= self.sample_rate <= 96000,
            f"features.sample_rate={self.sample_rate}: expected 8000 to 96000 Hz.",
        )
        require(
            0 < self.hop_length <= self.n_fft,
            f"features.hop_length={self.hop_length} must be positive and at most n_fft={self.n_fft}.",
        )
        require(
            (self.n_fft - self.hop_length) % 2 == 0,
            f"features.n_fft={self.n_fft} minus hop_length={self.hop_length} must be even (symmetric padding).",
        )
        require(
            self.timing in TIMINGS,
            f"features.timing={self.timing}: expected {one_of(TIMINGS)}.",
        )
        require(
            self.timing != "upstream" or self.hop_length * 100 == self.sample_rate,
            f"features.timing=upstream needs 10 ms frames; {self.hop_length} samples at {self.sample_rate} Hz are not.",
        )
        require_within("features.n_mels", self.n_mels, 1, self.n_fft // 2 + 1)
        nyquist_hz = self.sample_rate / 2
        require_within("features.mel_max_hz", nyquist_hz if self.mel_max_hz is None else self.mel_max_hz, 1, nyquist_hz)
        require_within("features.mel_min_hz", self.mel_min_hz, 0, (self.mel_max_hz or nyquist_hz) - 1)
        require_within("features.content.layer", self.content.layer, 0)
        self.f0.validate()


@dataclass
class TrainerConfig:
    """Limits, hardware, and intervals of checkpoints and validations."""

    max_minutes: float = 8.0  # of training, counted over all resumes; 0 = no limit
    max_steps: int = 200_000
    max_epochs: float = 0.0  # passes over the training audio, each cut into crops; 0 = no limit
    decay_per_epoch: float = (
        1.0  # factor on the learning rate; below 1 it replaces model.optimizer.decay_per_1000_steps
    )
    batch_size: int = 4  # examples of a step, over all processes
    devices: int = 1  # processes on each machine, each on a device of its own, that train together
    nodes: int = 1  # machines
    accelerator: str = "auto"  # auto | cpu | cuda
    precision: str = "auto"  # auto | 32 | bf16 | 16
    num_threads: int = 0  # 0 = all cores
    num_workers: int = 0
    checkpoint_every_steps: int = 100
    evaluate_every_steps: int = 200  # validation: a held-out conversion is scored; 0 = never
    log_every_steps: int = 10
    select: str = "best"  # best | last: which step becomes the voice (docs/decisions/best-checkpoint.md)

    def validate(self) -> None:
        """Check that a limit ends the training, and the ranges."""
        require_within("trainer.max_minutes", self.max_minutes, 0, meaning="no limit")
        require_within("trainer.max_epochs", self.max_epochs, 0, meaning="no limit")
        require_within("trainer.decay_per_epoch", self.decay_per_epoch, 1e-6, 1)
        require_within("trainer.num_threads", self.num_threads, 0, meaning="all cores")
        require_within("trainer.evaluate_every_steps", self.evaluate_every_steps, 0, meaning="never")
        require_within("trainer.num_workers", self.num_workers, 0)
        for name in ("max_steps", "batch_size", "devices", "nodes", "checkpoint_every_steps", "log_every_steps"):
            require_within(f"trainer.{name}", getattr(self, name), 1)
        world = self.devices * self.nodes
        require(
            self.batch_size % world == 0,
            f"trainer.batch_size={self.batch_size} is a step's examples over all processes, of which there are "
            f"{world}: use a multiple of {world}.",
        )
        require(
            self.accelerator in ("auto", "cpu", "cuda"),
            f"trainer.accelerator={self.accelerator}: expected auto, cpu or cuda.",
        )
        require(self.select in ("best", "last"), f"trainer.select={self.select}: expected best or last.")
        require(
            self.precision in ("auto", "32", "bf16", "16"),
            f"trainer.precision={self.precision}: expected auto, 32, bf16 or 16.",
        )


@dataclass
class RetrievalConfig:
    """The faiss index over the target's content frames."""

    index_rate: float = 0.5  # share of retrieved content, 0..1
    neighbours: int = 8
    protect: float = 0.33  # index_rate in unvoiced frames is scaled by this; >= 0.5 = as in voiced ones

    def validate(self, prefix: str = "") -> None:
        """Check the ranges; `prefix` is the dotted path of the settings."""
        require_within(f"{prefix}index_rate", self.index_rate, 0, 1)
        require_within(f"{prefix}protect", self.protect, 0, 1)
        require_within(f"{prefix}neighbours", self.neighbours, 1, 1024)


@dataclass
class DiffusionConfig:
    """Sampling of Diff-SVC's mel; other architectures ignore it."""

    sampler: str = "unipc"  # docs/decisions/sampler.md
    steps: int = 20  # network calls of a conversion
    shallow_start: int = 0  # noise levels added to the source's mel; 0 = start from pure noise

    def validate(self, prefix: str = "") -> None:
        """Check the ranges that hold for any model; `prefix` is the dotted path of the settings."""
        require(
            self.sampler in SAMPLERS,
            f"{prefix}diffusion.sampler={self.sampler}: expected one of {', '.join(SAMPLERS)}.",
        )
        require_within(f"{prefix}diffusion.steps", self.steps, 1)
        start = self.shallow_start
        require(
            start == 0 or start >= 2,
            f"{prefix}diffusion.shallow_start={start}: expected 0 (pure noise), or 2 or more noise levels.",
        )


@dataclass
class EvalConfig:
    """Conversion and scoring after training."""

    retrieval: RetrievalConfig = field(default_factory=RetrievalConfig)
    diffusion: DiffusionConfig = field(default_factory=DiffusionConfig)
    chunk_s: float = 20.0  # longest piece converted at once, s
    seed: int = 0
    max_songs: int = 0  # test songs scored; 0 = all

    def validate(self) -> None:
        """Check the ranges."""
        self.retrieval.validate("eval.retrieval.")
        self.diffusion.validate("eval.")
        require_within("eval.chunk_s", self.chunk_s, 2, 600)
        require_within("eval.max_songs", self.max_songs, 0, meaning="all")
        require_within("eval.seed", self.seed, 0, MAX_SEED)
