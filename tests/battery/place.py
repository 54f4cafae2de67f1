"""A temporary folder with recordings or scores in it, and commands that run there in processes of their own."""

import contextlib
import os
import runpy
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.test_signals import listen_to_ctrl_c

ROOT = Path(__file__).resolve().parents[2]
OLD_RUNS = ROOT / "tests" / "old_runs"
TOKEN = "DUETTO_BATTERY"  # variable by which the processes of a place are known, children included
PATIENCE_S = 600.0
IMPORTED = ["duetto.runs.complete", "duetto.runs.infer", "duetto.cli.entry", "duetto.__main__", "duetto.sweeps.command"]


@dataclass
class Place:
    """Where commands run."""

    folder: Path
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    said: str = ""  # by the last command

    def command(self, *words: str) -> list[str]:
        """`train`, `infer` and `sweep` are the entry points, everything else verbs of `python -m duetto`."""
        entry = ROOT / f"{words[0]}.py"
        return [str(entry), *words[1:]] if entry.is_file() else ["-m", "duetto", *words]

    @property
    def environment(self) -> dict[str, str]:
        """One thread, no network, our sources."""
        ours = {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1", "WANDB_MODE": "offline", TOKEN: self.token}
        return {**os.environ, **ours, "COLUMNS": "200"}

    def start(self, *words: str, before: Sequence[str] = ()) -> "subprocess.Popen[str]":
        """A command in a fresh interpreter, behind another program such as `prlimit`."""
        pipe, command = subprocess.PIPE, [*before, sys.executable, *self.command(*words)]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=pipe,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=listen_to_ctrl_c,
        )

    def run(self, *words: str, before: Sequence[str] = ()) -> int:
        """Its status, once it has ended."""
        process = self.start(*words, before=before)
        self.said = process.communicate(timeout=PATIENCE_S)[0]
        return process.returncode

    def start_warm(self, *words: str) -> BaseProcess:
        """The same in a process that is forked from one which has imported the libraries: five CPU seconds less."""
        context = get_context("forkserver")
        context.set_forkserver_preload([*IMPORTED, "tests.battery.place"])
        with self._environment_set():  # the server, which takes ours, starts with the first process
            arguments = (self.command(*words), str(self.folder), self.environment)
            process = context.Process(target=_obey, args=arguments)
            process.start()
        return process

    def run_warm(self, *words: str) -> int:
        """Its status, once it has ended."""
        process = self.start_warm(*words)
        process.join(PATIENCE_S)
        self.hear()
        assert process.exitcode is not None, "it does not end"
        return process.exitcode

    def hear(self) -> None:
        """What the last warm command said."""
        self.said = (self.folder / "said.txt").read_text(encoding="utf-8", errors="replace")

    def left_running(self, seconds: float = 10.0) -> list[int]:
        """Processes of this place that are still there after so long."""
        deadline = time.monotonic() + seconds
        while (found := self._running()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return found

    def _running(self) -> list[int]:
        mark, found = f"{TOKEN}={self.token}".encode(), []
        for path in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                if mark in path.read_bytes().split(b"\0"):
                    found.append(int(path.parent.name))
        return found

    @contextlib.contextmanager
    def _environment_set(self):
        before = dict(os.environ)
        os.environ.update({name: value for name, value in self.environment.items() if name != TOKEN})
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def copy(self, folder: Path, without: Sequence[str] = ()) -> "Place":
        """The same elsewhere, without what some patterns name."""
        shutil.copytree(self.folder, folder, symlinks=True)
        for pattern in without:
            for path in sorted(folder.glob(pattern)):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        return Place(folder)


def _obey(command: list[str], folder: str, environment: dict[str, str]) -> None:
    """In the forked process: what `python COMMAND` does."""
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    said = os.open("said.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    import torch

    torch.set_num_threads(1)
    if command[0] == "-m":
        sys.argv = command[1:]
        runpy.run_module(command[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = command
        sys.path.insert(0, str(Path(command[0]).parent))
        runpy.run_path(command[0], run_name="__main__")


SMALL = "model.auxiliary.channels=8"  # the latent has the channels of the mel


def settings(name: str, *more: str) -> list[str]:
    """Those of the smallest run of a model: three short scores, networks of a few channels, eight steps."""
    typed = (OLD_RUNS / "commands" / f"{name}.txt").read_text().replace("model.inter_channels=8", SMALL).split()
    changed = {each.split("=", 1)[0] for each in more}
    return [*(each for each in typed if each.split("=", 1)[0] not in changed), *more]
