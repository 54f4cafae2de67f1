"""`--help`: short, with three examples; the long lists stand behind `--help-all`.

The texts of train.py and infer.py are templates in their YAML files. Hydra's own help composes the configuration and
copies every schema once for each group, which takes seconds.
"""

import argparse
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from types import MappingProxyType
from typing import Any

import yaml

HELP_FLAGS = ("-h", "--help")
HELP_ALL = "--help-all"  # every group and option; every voice of `sing`
WIDTH = 80
COMMAND = "python -m duetto"
MAIN_GROUPS = ("data", "model", "model/size", "preprocess", "trainer", "logger", "eval")  # shown by the short help
MOST_OPTIONS = 11  # of a group, in the short help
SONG = "slow_02"  # one that ships

# Three of each verb; they run on files that the README makes.
EXAMPLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "corpus": ("data=case_b", "data=folder data.path=my_voice", "data=case_a data.target=low"),
        "hardware": ("", "trainer.num_threads=1", "model=diffsvc"),
        "sing": (f"{SONG} voice=low", f"{SONG} voice=mei output=mei.wav", f"{SONG} transpose=-3 seed=1"),
        "score": (SONG, f"{SONG} slow_02.mid", f"{SONG} slow_02.musicxml tracks=1"),
        "report": ("latest", "logs/", "my_voice miku output=two.html"),
        "study": ("", "register_quick", "register_quick --effects"),
        "stress": ("latest", "my_voice", "latest --test held"),
        "dashboard": ("logs/ write=workspace.json", "my_voice write=mine.json", "latest write=latest.json"),
        "consent": ("new my_voice", "show my_voice", "revoke my_voice"),
        "erase": ("ann --dry-run", "ann", "ann logs=logs data=data"),
        "lineage": ("my_voice", "my_voice/slow_01.wav", "--rebuild"),
        "import": ("mei.pth index=mei.index", "G_2333333.pth discriminator=D_2333333.pth", "model_ckpt_steps_90.ckpt"),
        "weights": ("list", "get contentvec rmvpe", "add rmvpe rmvpe.pt"),
        "export": ("my_voice output=export", "latest output=export", "miku format=onnx"),
        "voices": ("", "latest name=anna", "my_voice name=anna_2"),
        "blend": ("anna=0.7 bo=0.3 name=anna_bo", "anna=1 bo=1", "anna=2 bo=1 cy=1 name=three"),
        "inspect": ("my_voice", "mei.pth", "latest --json"),
        "check": ("my_voice", "latest", "logs/my_voice logs=logs"),
        "labels": ("export latest", "export my_voice", "export latest output=labels"),
        "doctor": ("my_voice quick", "my_voice html=doctor.html", "data=case_b"),
        "base": ("latest", "miku", "logs/miku"),
        "verify": ("song.wav", "song.mp3 --json", "song.wav --key mark.key"),
        "app": ("", "port=7900", "recordings=my_voices megabytes=200"),
    }
)


class HelpFormatter(argparse.HelpFormatter):
    """Wraps texts at 80 columns, except for lines that begin with blanks: lists and examples stay as they are."""

    def __init__(self, prog: str, **settings: Any) -> None:
        super().__init__(prog, **{**settings, "width": WIDTH - 1, "max_help_position": 22})

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines = (line if line.startswith(" ") else textwrap.fill(line, width) for line in text.splitlines())
        return "\n".join(f"{indent}{line}" for line in lines)


def wants_help(arguments: Sequence[str]) -> bool:
    """Whether a command line asks for help, short or long."""
    return bool({*HELP_FLAGS, HELP_ALL} & set(arguments))


def help_text(conf: Path, name: str, is_long: bool = False) -> str:
    """The text that `python NAME.py --help` prints, or `--help-all`."""
    settings = yaml.safe_load((conf / f"{name}.yaml").read_text(encoding="utf-8"))
    groups = list_groups(conf) if is_long else short_groups(conf)
    return Template(settings["hydra"]["help"]["template"]).substitute(APP_CONFIG_GROUPS=groups)


def list_groups(conf: Path) -> str:
    """Each group with all of its options."""
    return "".join(_listed(group, names) for group, names in _options(conf).items())


def short_groups(conf: Path) -> str:
    """The groups that most runs choose from, with their first options."""
    options = _options(conf)
    lines = []
    for group in MAIN_GROUPS:
        names = [name for name in options[group] if not any(name.startswith(f"{o}_") for o in options[group])]
        left = len(options[group]) - len(names[:MOST_OPTIONS])
        lines.append(_listed(group, [*names[:MOST_OPTIONS], *([f"and {left} more"] if left else [])]))
    return "".join(lines)


def _options(conf: Path) -> dict[str, list[str]]:
    options: dict[str, list[str]] = {}
    for path in sorted(conf.rglob("*.yaml")):
        if path.parent != conf:
            options.setdefault(path.parent.relative_to(conf).as_posix(), []).append(path.stem)
    return dict(sorted(options.items()))


def _listed(group: str, names: Sequence[str]) -> str:
    return textwrap.fill(f"{group}: {', '.join(names)}", WIDTH, initial_indent="  ", subsequent_indent="    ") + "\n"


def print_help(conf: Path, name: str, arguments: Sequence[str]) -> None:
    """Print the help of train.py or infer.py."""
    sys.stdout.write(help_text(conf, name, HELP_ALL in arguments))


def explain_verb(parser: argparse.ArgumentParser, verb: str) -> None:
    """Give the help of a verb its examples, and the width of a terminal."""
    parser.formatter_class = HelpFormatter
    lines = "\n".join(f"  {COMMAND} {verb} {example}".rstrip() for example in EXAMPLES[verb])
    parser.epilog = "\n\n".join(part for part in (parser.epilog, f"examples:\n{lines}") if part)
