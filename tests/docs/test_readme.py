"""The commands of the README: each one is understood, and names files that exist or that an earlier one makes.

bash expands them as it would a reader's; `python` is a function that writes its arguments down, or, in the slow test,
runs them with a training of a few steps.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from duetto.__main__ import parse
from duetto.cli.help import wants_help
from duetto.renamed import current_arguments
from duetto.runs.compose import compose_inference, compose_runs, expand_choices
from duetto.storage.run_folder import RunFolder
from duetto.sweeps import command as sweep_command
from duetto.voices.find import find_run

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHELL = re.compile(r"```sh\n(.*?)```", re.S)
FILE = re.compile(r"(?:.*/)?[\w ]+\.(wav|vsqx|mid|mp3|pth|ckpt|svp|yaml)")
MADE_BY = ("output", "html", "write")
RECORD = 'python() { printf "%s\\037" "$@" >> commands; echo >> commands; }; make() { :; }; source() { :; };'
SMALL = """make() { :; };
python() { if [ "$1" = train.py ]; then set -- "$@" trainer=smoke logger=none; fi; "$PYTHON" "$@"; };"""
QUIET = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT / "src"), "PYTHON": sys.executable, "HOME": "/tmp"}


def blocks(section: str = "") -> str:
    """The shell commands of the README, or of one of its sections."""
    text = README[README.index(f"\n## {section}\n") :] if section else README
    end = text.find("\n## ", 1) if section else len(text)
    return "\n".join(SHELL.findall(text[:end]))


def in_shell(script: str, folder: Path) -> None:
    """Run commands where the entry points and the package's files are found as in a checkout."""
    for name in ("train.py", "infer.py", "sweep.py", "conf", "src", "docs"):
        (folder / name).symlink_to(ROOT / name)
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **QUIET},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    folder = tmp_path_factory.mktemp("readme")
    in_shell(f"{RECORD}\n{blocks()}", folder)
    return [line.split("\037")[:-1] for line in (folder / "commands").read_text().splitlines()]


def values_of(arguments: list[str]) -> list[tuple[str, str]]:
    """Key and value of each argument; a positional one has no key."""
    split = [argument.partition("=") for argument in arguments]
    return [(key, value) if equals else ("", key) for key, equals, value in split]


def test_every_command_is_understood(commands: list[list[str]]):
    assert len(commands) > 30
    conf = ROOT / "conf"
    for entry, *arguments in commands:
        if wants_help(arguments):
            continue
        if entry == "-m":
            assert arguments[0] == "duetto"
            parse(current_arguments(arguments[1:]))
        elif entry == "infer.py":
            compose_inference(conf, arguments)
        elif entry == "train.py":
            settings = [each for each in arguments if each != "-m"]
            compose_runs(conf, expand_choices(settings) if "-m" in arguments else [settings])
        else:
            assert entry == "sweep.py"
            assert sweep_command.arms_of(sweep_command.parse(arguments), conf)


def test_every_file_and_every_run_exists_or_is_made_by_an_earlier_command(commands: list[list[str]]):
    made, runs = set(), {"latest"}
    for entry, *arguments in commands:
        pairs = values_of(arguments)
        for key, value in pairs:
            for name in re.split(r"[\[\],]", value):
                is_result = key in MADE_BY or (arguments[1:2] == ["score"] and name == arguments[3])
                if FILE.fullmatch(name) and not is_result:
                    assert name in made or (ROOT / name).is_file(), f"{name} of {' '.join(arguments)}"
            made |= {value} if key in MADE_BY else set()
            if key == "run" or (arguments[1:2] in (["report"], ["inspect"]) and value not in ("duetto", arguments[1])):
                assert value in runs or value.startswith(("logs", "docs")), f"{value} of {' '.join(arguments)}"
        runs |= {value for key, value in pairs if entry == "train.py" and key == "name"}


def test_a_newcomers_words_are_in_the_table_and_answered():
    table = README[README.index("## Coming from RVC or Applio") :].split("\n## ")[0]
    for word in ("epochs", "index", "protect", "rmvpe", "pretrained", "TensorBoard", "f0 curve", "batch size"):
        assert word in table, word
    for settings in re.findall(r"`((?:trainer|model/size|name|features)[\w./]*=[^`]*)`", table):
        words = [each for each in settings.split() if "FILE" not in each]
        compose_runs(ROOT / "conf", [words])
    for settings in re.findall(
        r"`((?:index_rate|protect|transpose|f0_method|rate|formant|chunk_s|song)=[^`]*)`", table
    ):
        compose_inference(ROOT / "conf", settings.split())


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ones_own_voice_is_made_and_sings_by_the_commands_as_they_stand(tmp_path: Path):
    findings = "python -m duetto doctor my_voice"
    script = blocks("Your own voice").replace("source .venv/bin/activate\n", "").replace(findings, f"! {findings}")
    in_shell(f"{SMALL}\n{script}", tmp_path)
    run = RunFolder(find_run(tmp_path / "logs", "my_voice"))
    assert run.page.is_file()
    assert (run.conversions / "song_auto.wav").is_file()
    assert (run.conversions / "song_auto" / "cover.wav").is_file()
    assert (tmp_path / "doctor.html").is_file()
