"""Where a command can be killed: its stages, known by the files that begin and end them."""

import random
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.battery.place import Place, settings

LOGS, EVALUATED = "logs/*", "logs/*/evaluations"
PAGE = "logs/*/index.html"
VOCODER = settings("vocoder")
DIFFSVC = (
    *settings("diffsvc", "model.vocoder=logs/vocoder/voice/generator.safetensors", "model.vocoder_steps=6"),
    "trainer.evaluate_every_steps=0",
)
SWEPT = tuple(settings("rvc", "seed=0,1", "trainer.evaluate_every_steps=0", "trainer.max_steps=4"))


@dataclass(frozen=True)
class Stage:
    """A part of a command's life."""

    name: str
    words: tuple[str, ...]  # the command
    origin: str  # the place that is copied for it
    without: tuple[str, ...] = ()  # patterns of what is taken out of the copy
    begins: str = ""  # pattern of a file; empty = with the command
    ends: str = ""  # empty = with the command
    share: int = 1  # of the kills: every so many rounds


TRAIN = ("train", *settings("rvc"))
FROM_PREPARED = {"words": TRAIN, "origin": "trained", "without": (LOGS,)}
DONE = "latest"
STAGES = (
    Stage("corpus", TRAIN, "trained", (LOGS, "data/*"), "data/corpora/*", "data/corpora/*/manifest.json"),
    Stage("preprocess", TRAIN, "trained", (LOGS, "data/preprocessed"), "", "data/preprocessed/*/manifest.json"),
    Stage(
        "features", TRAIN, "trained", (LOGS, "data/features"), "data/preprocessed/*/manifest.json", "logs/*/run.json"
    ),
    Stage("training", begins="logs/*/run.json", ends="logs/*/heldout", **FROM_PREPARED),
    Stage("validation", begins="logs/*/heldout", ends="logs/*/overtraining.json", **FROM_PREPARED),
    Stage("index, weights", begins="logs/*/overtraining.json", ends="logs/*/voice/card.json", **FROM_PREPARED),
    Stage("test", TRAIN, "trained", (EVALUATED, PAGE, "data/references"), "", "logs/*/evaluations/*/evaluation.json"),
    Stage("page", TRAIN, "trained", (PAGE,), "", PAGE),
    Stage(
        "Diff-SVC's vocoder",
        ("train", *DIFFSVC),
        "diffsvc",
        ("logs/diffsvc-*",),
        "logs/diffsvc-*/vocoder",
        "logs/diffsvc-*/vocoder/voice/card.json",
    ),
    Stage(
        "Diff-SVC's training",
        ("train", *DIFFSVC),
        "diffsvc",
        ("logs/diffsvc-*/voice", "logs/diffsvc-*/checkpoints", "logs/diffsvc-*/evaluations"),
        "",
        "logs/diffsvc-*/voice/card.json",
    ),
    Stage("infer of a folder", ("infer", f"run={DONE}", "source=songs", "output=out"), "trained", ("out",)),
    Stage(
        "import", ("import", "public/model_ckpt_steps_1200.ckpt", "--vocoder=nsf/model"), "public", ("logs/*", "out")
    ),
    Stage("export", ("export", "model_ckpt_steps_1200", "--output=exported"), "public", ("exported",)),
    Stage("doctor", ("doctor", "songs", "--json=d.json", "--html=d.html"), "trained", ("d.*",)),
    Stage("comparison", ("report", "logs", "--output=c.html"), "trained", ("c.html",)),
    Stage("study", ("study", "register_quick", "--output=verdict"), "studied", ("verdict",)),
    Stage("sweep", ("sweep", "workers=1", *SWEPT), "trained", (LOGS,), "logs/sweeps/*/state.json", share=3),
)


@dataclass
class Watch:
    """Seconds at which a stage began and ended, since its command did."""

    stage: Stage
    folder: Path
    begun: float = field(default_factory=time.monotonic)
    start_s: float | None = None
    end_s: float | None = None

    def look(self) -> None:
        """Note what there is now."""
        now = time.monotonic() - self.begun
        if self.start_s is None and (not self.stage.begins or any(self.folder.glob(self.stage.begins))):
            self.start_s = now
        if self.end_s is None and self.stage.ends and any(self.folder.glob(self.stage.ends)):
            self.end_s = now

    @property
    def since_s(self) -> float:
        """Of the stage so far; below zero before it."""
        return -1.0 if self.start_s is None else time.monotonic() - self.begun - self.start_s


def undisturbed(stage: Stage, origin: Place, folder: Path) -> tuple[Place, float]:
    """The place that the command leaves when nobody kills it, and how long the stage took."""
    place = origin.copy(folder, stage.without)
    watch, process = Watch(stage, folder), place.start_warm(*stage.words)
    while process.is_alive():
        watch.look()
        time.sleep(0.003)
    watch.look()
    place.hear()
    assert process.exitcode in (0, 1), place.said  # 1: the doctor found something serious
    assert watch.start_s is not None, f"{stage.begins} never came"
    return place, (time.monotonic() - watch.begun if watch.end_s is None else watch.end_s) - watch.start_s


def kill_in(stage: Stage, place: Place, width_s: float, number: int) -> float | None:
    """Give the command and SIGKILL at a moment that the number decides; seconds into the stage, None = it was done."""
    moment_s = random.Random(f"{stage.name} {number}").random() * width_s
    watch, process = Watch(stage, place.folder), place.start_warm(*stage.words)
    while process.is_alive():
        watch.look()
        if watch.start_s is not None and (watch.since_s >= moment_s or watch.end_s is not None):
            process.kill()
            break
        time.sleep(0.001)
    process.join()
    return watch.since_s if process.exitcode == -9 else None
