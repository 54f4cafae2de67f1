"""The groups of conf/ that train.py composes, and their options."""

from pathlib import Path

import yaml

from duetto.architectures.registry import architectures

ENTRY = "train.yaml"
OVERRIDE = "override "


def group_options(conf: Path) -> dict[str, list[str]]:
    """Sorted options by group, such as `data` or `model/size`, including those in the folders of architectures."""
    folders = [conf, *(Path(each.conf) for each in architectures().values() if each.conf is not None)]
    return {
        group: sorted({path.stem for folder in folders for path in (folder / group).glob("*.yaml")})
        for group in _groups(conf)
    }


def _groups(conf: Path) -> list[str]:
    defaults = yaml.safe_load((conf / ENTRY).read_text(encoding="utf-8"))["defaults"]
    named = [name for each in defaults if isinstance(each, dict) for name in each]
    return sorted(name for name in named if not name.startswith(OVERRIDE))
