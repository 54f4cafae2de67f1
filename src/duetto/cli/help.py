"""`--help` of train.py and infer.py: the template in their YAML file, with the groups and options of conf/.

Hydra's own help composes the configuration and copies every schema once for each group, which takes seconds.
"""

from collections.abc import Sequence
from pathlib import Path
from string import Template

import yaml

HELP_FLAGS = ("-h", "--help")


def wants_help(arguments: Sequence[str]) -> bool:
    """Whether a command line asks for help."""
    return bool(set(HELP_FLAGS) & set(arguments))


def help_text(conf: Path, name: str) -> str:
    """The text that `python NAME.py --help` prints."""
    settings = yaml.safe_load((conf / f"{name}.yaml").read_text(encoding="utf-8"))
    return Template(settings["hydra"]["help"]["template"]).substitute(APP_CONFIG_GROUPS=list_groups(conf))


def list_groups(conf: Path) -> str:
    """A line for each group, with its options."""
    options: dict[str, list[str]] = {}
    for path in sorted(conf.rglob("*.yaml")):
        if path.parent != conf:
            options.setdefault(path.parent.relative_to(conf).as_posix(), []).append(path.stem)
    return "".join(f"{group}: {', '.join(options[group])}\n" for group in sorted(options))
