"""Where a number comes from: code version, library versions, and the signature of a run.

The signature covers all that affects the result (data content, preprocessing, features, model,
trainer numbers, seed) and nothing that does not (paths, logger, device, workers, evaluation).
"""

import platform
import subprocess
from dataclasses import asdict
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from duetto import __version__
from duetto.renamed import as_hashed
from duetto.settings.config import FeaturesConfig
from duetto.settings.run_config import TrainConfig
from duetto.storage.files import sha256_file, sha256_json

RECORDED_PACKAGES = (
    "torch",
    "torchaudio",
    "pytorch-lightning",
    "numpy",
    "pyworld",
    "pysinsy",
    "pyopenjtalk-plus",
    "moonshine-voice",
    "swift-f0",
    "resemblyzer",
    "faiss-cpu",
    "faiss-gpu",
)
TRAINER_NUMBERS = ("max_minutes", "max_steps", "batch_size")  # of TrainerConfig: the rest does not move the result
MODEL_PATHS = ("vocoder", "base", "base_discriminator")  # of ModelConfigs: what lies there is covered by its digest
SIGNATURE_DIGITS = 10


def package_versions() -> dict[str, str]:
    """Installed versions of the packages that can move a number."""
    versions = {"python": platform.python_version()}
    for name in RECORDED_PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


@cache
def code_version() -> dict[str, str]:
    """The package version, the git commit (with "-dirty" when files differ) and a hash of our sources."""
    folder = Path(__file__).resolve().parents[1]
    sources = sorted(folder.rglob("*.py"))
    digest = sha256_json([[str(p.relative_to(folder)), sha256_file(p)] for p in sources])
    return {"version": __version__, "commit": _git_commit(folder), "sources": digest[:16]}


def run_signature(config: TrainConfig, data_hash: str, inputs: dict[str, str] | None = None) -> str:
    """Ten hexadecimal digits that name a run.

    Args:
        config: The run's settings.
        data_hash: Of the preprocessed corpus.
        inputs: SHA-256 of each file that the run begins with or sings through, by what it is.
    """
    trainer = asdict(config.trainer)
    covered: dict[str, Any] = {
        "data": data_hash,
        "preprocess": config.preprocess.what_is_done(),
        "features": described_features(config.features),
        "model": {as_hashed(name): value for name, value in asdict(config.model).items() if name not in MODEL_PATHS},
        "trainer": {name: trainer[name] for name in TRAINER_NUMBERS},
        "seed": config.seed,
        **validation_that_selects(config),
        **({"inputs": inputs} if inputs else {}),
    }
    return sha256_json(covered)[:SIGNATURE_DIGITS]


def validation_that_selects(config: TrainConfig) -> dict[str, Any]:
    """What checkpoint selection depends on; nothing when the voice is the last step's."""
    every = config.trainer.evaluate_every_steps
    return {as_hashed("selected_by_validation_every"): every} if config.trainer.select == "best" and every else {}


def described_features(features: FeaturesConfig) -> dict[str, Any]:
    """The group as values, with the content of the encoder's weights file in place of its path."""
    values = asdict(features)
    path = values["content"].pop("path")
    if path is not None and Path(path).expanduser().is_file():
        values["content"]["weights"] = sha256_file(Path(path).expanduser())
    return values


def run_name(config: TrainConfig, signature: str) -> str:
    """Folder name of a run: readable parts, then the signature."""
    return f"{config.model.name}-{config.data.case}-{config.preprocess.name}-{config.model.size}-{signature}"


def _git_commit(folder: Path) -> str:
    def git(*arguments: str) -> str:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()

    try:
        commit = git("rev-parse", "HEAD")
        return commit + ("-dirty" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"
