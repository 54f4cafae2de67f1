"""25 mistakes of people from RVC or Applio: one sentence that names the remedy, status 2, within 2.5 s of CPU."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import soundfile

from duetto.ownership.consent import example_consent

ROOT = Path(__file__).resolve().parents[1]
MOST_CPU_S = 2.5  # on a quiet core of the reference machine
QUIET_CPU_S = 0.35  # of importing what every command imports, there
RATE = 24_000
OWN = "train.py data=folder logger=none data.path="
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

# What is typed, and words of the answer: what was wrong, and the remedy.
MISTAKES = {
    "wrong path of recordings": (f"{OWN}my_vocie", ["my_vocie", "data.path"]),
    "a folder without recordings": (f"{OWN}empty", ["empty", "MP3"]),
    "no consent record": (f"{OWN}no_consent", ["consent", "python -m duetto consent new"]),
    "a consent record that has expired": (f"{OWN}expired", ["expired", "2020-12-31"]),
    "misspelt setting": ("train.py trainer.max_minuets=2", ["Did you mean trainer.max_minutes=2?"]),
    "misspelt option": ("train.py model=rcv", ["Did you mean rvc?"]),
    "another tool's model": ("train.py model=sovits", ["rvc", "diffsvc"]),
    "epochs": ("train.py total_epoch=200", ["trainer.max_minutes=20"]),
    "options with dashes": ("train.py --batch_size 8", ["trainer.batch_size"]),
    "a tracker without its weights": (
        "train.py features.f0.method=rmvpe",
        ["features.f0.path=FILE", "rmvpe.pt"],
    ),
    "sample rate of RVC": ("train.py sample_rate=40k", ["model/size=v2_40k"]),
    "pretrained weights that are missing": ("train.py base=f0G40k.pth", ["f0G40k.pth", "base"]),
    "a name that is a path": ("train.py name=logs/anna", ["name=logs/anna", "letters, digits"]),
    "no recording to convert": ("infer.py run=latest", ["source=song.wav"]),
    "wrong path of a song": ("infer.py source=sogn.wav", ["sogn.wav", "source"]),
    "a run that does not exist": ("infer.py run=anna source=song.wav", ["Train one first", "python train.py"]),
    "a tracker of RVC": ("infer.py source=song.wav f0_method=pm", ["f0_method", "harvest"]),
    "transposition in words": ("infer.py source=song.wav transpose=octave", ["transpose=octave", "-12", "auto"]),
    "transposition of RVC": ("infer.py source=song.wav f0_up_key=12", ["transpose=12"]),
    "a model that is missing": ("infer.py checkpoint=mei.pth source=song.wav", ["mei.pth", "checkpoint"]),
    "an index without its model": ("infer.py index=mei.index source=song.wav", ["checkpoint=FILE"]),
    "source and song": ("infer.py source=song.wav song=song.wav", ["source=FILE", "song=FILE"]),
    "a result of another format": ("infer.py source=song.wav format=mp3", ["wav or flac"]),
    "a folder that cannot be written": ("train.py logs=file.txt logger=none", ["file.txt"]),
    "misspelt command": ("-m duetto docter my_voice", ["Did you mean doctor?"]),
}


def cpu_s_of(command: list[str], folder: Path, environment: dict[str, str]) -> tuple[int, str, float]:
    """Status, errors and seconds of CPU of a command."""
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    with process.stderr:
        said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)  # it was waited for here, which Popen does not know
    return process.returncode, said, used.ru_utime + used.ru_stime


@pytest.fixture(scope="module")
def slowness(place: Path) -> float:
    """How much more CPU time than on a quiet core this moment costs, at least 1."""
    command = [sys.executable, "-c", "import hydra, numpy, soundfile, rich.console"]
    return max(1.0, cpu_s_of(command, place, {"PATH": os.environ["PATH"]})[2] / QUIET_CPU_S)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder of a newcomer."""
    folder = tmp_path_factory.mktemp("newcomer")
    for name in ("train.py", "infer.py", "conf", "src"):
        (folder / name).symlink_to(ROOT / name)
    tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(2 * RATE) / RATE)
    soundfile.write(folder / "song.wav", tone, RATE)
    records = {"empty": example_consent(date.today()), "no_consent": "", "expired": example_consent(date(2019, 1, 1))}
    for name, record in records.items():
        (folder / name).mkdir()
        if record:
            (folder / name / "consent.yaml").write_text(record)
        if name != "empty":
            soundfile.write(folder / name / "take.wav", tone, RATE)
    (folder / "empty" / "notes.txt").write_text("no sound")
    (folder / "file.txt").write_text("no folder")
    return folder


def test_there_are_25():
    assert len(MISTAKES) == 25


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_sentence_with_its_remedy(mistake: str, place: Path, slowness: float):
    typed, words = MISTAKES[mistake]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src"), "HOME": str(place)}
    command = [sys.executable, *typed.split()]
    status, said, cpu_s = cpu_s_of(command, place, {**environment, "OMP_NUM_THREADS": "1"})
    assert status == 2, said[-2000:]
    assert said.startswith("error: ")
    assert len(said.strip().splitlines()) == 1, said
    for word in words:
        assert word in said
    assert cpu_s <= MOST_CPU_S * slowness, f"{cpu_s:.1f} s, where a moment costs {slowness:.1f} times as much as usual"
