"""The folder of a run: the only place that defines the names of its files.

Nothing is read or written here. All code that reads or writes a file of a run takes the path from this class.
"""

from dataclasses import dataclass
from pathlib import Path

RUN_FILE = "run.json"  # marks a folder as a run's
VOICE_FOLDER = "voice"
VOICE_CARD_NAME = "card.json"  # written last: it marks a voice as trained
EXPORT_FOLDER = "export"
WEIGHTS_NAME = "generator.safetensors"


@dataclass(frozen=True)
class VoiceFolder:
    """A voice on disk: in a run, or by itself."""

    path: Path

    @property
    def card(self) -> Path:
        """Description of the weights: settings, signature, consent."""
        return self.path / VOICE_CARD_NAME

    @property
    def weights(self) -> Path:
        """Weights of the network used in conversion."""
        return self.path / WEIGHTS_NAME

    @property
    def is_trained(self) -> bool:
        """Whether the voice is complete."""
        return self.card.is_file()


@dataclass(frozen=True)
class EvaluationFolder:
    """The scores of one evaluation signature, and the songs that were scored."""

    path: Path

    @property
    def metrics(self) -> Path:
        """Scores of each song, their means, and how many were undefined."""
        return self.path / "metrics.json"

    @property
    def record(self) -> Path:
        """Fingerprint of the scores; written last."""
        return self.path / "evaluation.json"

    @property
    def songs(self) -> Path:
        """A folder for each converted song."""
        return self.path / "songs"

    @property
    def is_complete(self) -> bool:
        """Whether the evaluation is complete."""
        return self.record.is_file() and self.metrics.is_file()


@dataclass(frozen=True)
class RunFolder:
    """One run."""

    path: Path

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.path.name

    @property
    def record(self) -> Path:
        """Settings, inputs, versions and state of the run."""
        return self.path / RUN_FILE

    @property
    def local(self) -> Path:
        """Settings of a private run with the paths of this machine, which `record` leaves out."""
        return self.path / "local.json"

    @property
    def is_run(self) -> bool:
        """Whether a run was started here."""
        return self.record.is_file()

    @property
    def lock(self) -> Path:
        """Held by the process that works on the run."""
        return self.path / ".lock"

    @property
    def preprocessing(self) -> Path:
        """What each step removed, and the path of the preprocessed corpus on this machine."""
        return self.path / "preprocessing.json"

    @property
    def losses(self) -> Path:
        """Training losses, a row every few steps."""
        return self.path / "losses.csv"

    @property
    def curve(self) -> Path:
        """Scores of the validations, one row each."""
        return self.path / "curve.csv"

    @property
    def overtraining(self) -> Path:
        """The rule of checkpoint selection, and its result."""
        return self.path / "overtraining.json"

    @property
    def checkpoints(self) -> Path:
        """Checkpoints for resuming, and the weights of the best validation."""
        return self.path / "checkpoints"

    @property
    def validation(self) -> Path:
        """The latest conversion of the validation excerpt."""
        return self.path / "heldout"

    @property
    def voice(self) -> VoiceFolder:
        """The trained voice."""
        return VoiceFolder(self.path / VOICE_FOLDER)

    @property
    def stress_tests(self) -> Path:
        """Scores of the stress tests."""
        return self.path / "stress_tests.json"

    @property
    def stress_songs(self) -> Path:
        """A folder for each case of a stress test."""
        return self.path / "stress_tests"

    @property
    def page(self) -> Path:
        """The page of the run."""
        return self.path / "index.html"

    @property
    def conversions(self) -> Path:
        """Default folder for the outputs of `infer.py`."""
        return self.path / "conversions"

    @property
    def exports(self) -> Path:
        """Default folder for files that other programs load."""
        return self.path / EXPORT_FOLDER

    @property
    def own_songs(self) -> Path:
        """Conversions while training of recordings that the user named: a folder each, with a file for each step."""
        return self.conversions / "while_training"

    def preliminary(self, model: str) -> "RunFolder":
        """The run of a model that is trained first on the same recordings, such as Diff-SVC's vocoder."""
        return RunFolder(self.path / model)

    def evaluation(self, signature: str) -> EvaluationFolder:
        """The evaluation with this signature, whether it exists or not."""
        return EvaluationFolder(self.path / "evaluations" / signature)

    def evaluations(self) -> list[EvaluationFolder]:
        """Every complete evaluation, newest last; the single one of a version before 0.2 comes first."""
        kept = [EvaluationFolder(path.parent) for path in (self.path / "evaluations").glob("*/evaluation.json")]
        whole = sorted((each for each in kept if each.is_complete), key=lambda each: each.record.stat().st_mtime_ns)
        before = EvaluationFolder(self.path)
        return [before, *whole] if before.metrics.is_file() else whole

    def newest_evaluation(self) -> EvaluationFolder | None:
        """The newest complete evaluation; None before the first."""
        return next(reversed(self.evaluations()), None)
