"""Train a voice on a case and score it: `python train.py model=rvc data=case_b`; `--help` says more."""

from typing import Any

import hydra
from omegaconf import DictConfig

from duetto.cli.entry import run_from_hydra, start


@hydra.main(config_path="conf", config_name="train", version_base="1.3")
def main(config: DictConfig) -> dict[str, Any]:
    """One run, from corpus to page."""
    return run_from_hydra(config)


if __name__ == "__main__":
    start(main, "train")
