"""The folder of a run: every file name in it, once.

Nothing is read or written here. Whoever writes a file of a run, or looks for one, asks this class where it lies.
"""

from dataclasses import dataclass
from pathlib import Path

RUN_FILE = "run.json"  # marks a folder as a run's
VOICE_FOLDER = "voice"
VOICE_CARD_NAME = "card.json"  # written last: its presence says that the voice is trained
WEIGHTS_NAME = "generator.safetensors"


@dataclass(frozen=True)
class VoiceFolder:
    """A voice on disk: in a run, or by itself."""

    path: Path

    @property
    def card(self) -> Path:
        """What the weights are: settings, signature, consent."""
        return self.path / VOICE_CARD_NAME

    @property
    def weights(self) -> Path:
        """Of the network that sings."""
        return self.path / WEIGHTS_NAME

    @property
    def is_trained(self) -> bool:
        """Whether the voice is there, whole."""
        return self.card.is_file()


@dataclass(frozen=True)
class EvaluationFolder:
    """The scores that one evaluation signature gave, and the songs that were scored."""

    path: Path

    @property
    def metrics(self) -> Path:
        """Scores of each song, their means, and how many were undefined."""
        return self.path / "metrics.json"

    @property
    def record(self) -> Path:
        """What the scores were made of; written last."""
        return self.path / "evaluation.json"

    @property
    def songs(self) -> Path:
        """A folder for each converted song."""
        return self.path / "songs"

    @property
    def is_complete(self) -> bool:
        """Whether every score is there."""
        return self.record.is_file() and self.metrics.is_file()


@dataclass(frozen=True)
class RunFolder:
    """One run."""

    path: Path

    @property
    def name(self) -> str:
        """What the folder is called."""
        return self.path.name

    @property
    def record(self) -> Path:
        """Settings, inputs, versions and state of the run."""
        return self.path / RUN_FILE

    @property
    def is_run(self) -> bool:
        """Whether a run was begun here."""
        return self.record.is_file()

    @property
    def lock(self) -> Path:
        """Held by the process that works on the run."""
        return self.path / ".lock"

    @property
    def preprocessing(self) -> Path:
        """What each step took, and where the treated corpus lies on this machine."""
        return self.path / "preprocessing.json"

    @property
    def losses(self) -> Path:
        """Training losses, a row every few steps."""
        return self.path / "losses.csv"

    @property
    def curve(self) -> Path:
        """Scores of the validations, a row each."""
        return self.path / "curve.csv"

    @property
    def overtraining(self) -> Path:
        """The rule that selects a moment, and what it says."""
        return self.path / "overtraining.json"

    @property
    def checkpoints(self) -> Path:
        """What training resumes from, and the weights of the best validation."""
        return self.path / "checkpoints"

    @property
    def validation(self) -> Path:
        """The excerpt that is converted while training, as it sounded last."""
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
        """What a person opens."""
        return self.path / "index.html"

    @property
    def conversions(self) -> Path:
        """Where `infer.py` puts what it was not told to put elsewhere."""
        return self.path / "conversions"

    def preliminary(self, model: str) -> "RunFolder":
        """Of a model that was trained beforehand on the same recordings, such as the vocoder of Diff-SVC."""
        return RunFolder(self.path / model)

    def evaluation(self, signature: str) -> EvaluationFolder:
        """The scores that an evaluation signature names; made or not."""
        return EvaluationFolder(self.path / "evaluations" / signature)

    def evaluations(self) -> list[EvaluationFolder]:
        """Every complete evaluation, the newest last; that of a version before 0.2, which kept one, comes first."""
        kept = [EvaluationFolder(path.parent) for path in (self.path / "evaluations").glob("*/evaluation.json")]
        whole = sorted((each for each in kept if each.is_complete), key=lambda each: each.record.stat().st_mtime_ns)
        before = EvaluationFolder(self.path)
        return [before, *whole] if before.metrics.is_file() else whole

    def newest_evaluation(self) -> EvaluationFolder | None:
        """The evaluation that was made last; None before the first."""
        return next(reversed(self.evaluations()), None)
