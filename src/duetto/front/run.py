"""Trains a run, and gives access to its folder, scores and voice."""

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
    """A finished run: trained, tested, with a page.

    Attributes:
        folder: The run's folder below `logs`; `index.html` is its page.
        signature: Digest of everything that affects the voice.
        evaluation: Folder of the scores of these settings, with the test songs in `songs`.
    """

    folder: Path
    signature: str
    evaluation: Path

    @property
    def metrics(self) -> dict[str, float]:
        """Means over the test songs by name of metric (docs/metrics.md: units, directions); NaN if undefined."""
        mean = current_record(read_json(EvaluationFolder(self.evaluation).metrics))["mean"]
        return {name: math.nan if value is None else float(value) for name, value in mean.items()}

    def voice(self) -> Voice:
        """The trained voice."""
        return load_voice(self.folder)


def train(overrides: Sequence[str] = (), *, is_quiet: bool = False) -> Run:
    """Train, test and report one run in the working folder, as `python train.py OVERRIDES` does.

    A finished run is found again, an interrupted one resumes. torch's number of threads is set for the process. Corpora
    are built in several processes, each of which imports the calling script: in a script, call this below
    `if __name__ == "__main__":`.

    Args:
        overrides: Groups and settings in Hydra's grammar, such as `["model=rvc", "data=case_b", "seed=1"]`; paths and
            names are taken literally.
        is_quiet: Whether all output is suppressed.

    Raises:
        ConfigError: If a setting is unknown, out of range, or has several values (use sweep.py for those).
        DuettoError: If data, hardware or storage do not allow it; says what to do.
    """
    settings = compose_runs(conf_folder(), [overrides])[0]
    result = complete_run(settings, Console(quiet=is_quiet))
    return Run(Path(result["run"]), result["signature"], Path(result["evaluation"]))
