"""A run from settings to scores, and what is left of it: a folder, its scores, a voice."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from duetto.front.voice import Voice, load_voice
from duetto.renamed import current_record
from duetto.runs.complete import complete_run
from duetto.runs.compose import compose_runs
from duetto.settings.conf_files import conf_folder
from duetto.storage.files import read_json
from duetto.storage.run_folder import EvaluationFolder


@dataclass(frozen=True)
class Run:
    """A finished run: trained, tested, with its page.

    Attributes:
        folder: Below `logs`; `index.html` is its page.
        signature: Names everything that affects the voice.
        evaluation: The folder of the scores that the settings asked for, with the test songs in `songs`.
    """

    folder: Path
    signature: str
    evaluation: Path

    @property
    def metrics(self) -> dict[str, float]:
        """Mean over the test songs by name of metric (docs/metrics.md: units, directions); NaN where undefined."""
        mean = current_record(read_json(EvaluationFolder(self.evaluation).metrics))["mean"]
        return {name: math.nan if value is None else float(value) for name, value in mean.items()}

    def voice(self) -> Voice:
        """The trained voice."""
        return load_voice(self.folder)


def train(overrides: Sequence[str] = (), *, is_quiet: bool = False) -> Run:
    """Train, test and report one run; what `python train.py OVERRIDES` does, in the working folder.

    A run that is finished is found again, an interrupted one resumes. torch's number of threads is set for the process.
    Corpora are built in several processes, each of which imports the script that called this: there, call it below
    `if __name__ == "__main__":`.

    Args:
        overrides: Groups and settings in Hydra's grammar, such as `["model=rvc", "data=case_b", "seed=1"]`; paths and
            names are taken letter by letter.
        is_quiet: Whether nothing is printed.

    Raises:
        ConfigError: If a setting is unknown, out of range, or has several values (those are sweep.py's).
        DuettoError: If data, hardware or storage do not allow it; says what to do.
    """
    settings = compose_runs(conf_folder(), [overrides])[0]
    result = complete_run(settings, Console(quiet=is_quiet))
    return Run(Path(result["run"]), result["signature"], Path(result["evaluation"]))
