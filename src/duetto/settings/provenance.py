"""Versions of code and libraries, to be recorded with results."""

import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from duetto import __version__
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


def package_versions() -> dict[str, str]:
    """Installed versions of the packages that can affect results."""
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


def _git_commit(folder: Path) -> str:
    def git(*arguments: str) -> str:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()

    try:
        commit = git("rev-parse", "HEAD")
        return commit + ("-dirty" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"
