"""Train a voice on a case and score it: `python train.py model=rvc data=case_b`; `--help` says more."""

import hydra
from omegaconf import DictConfig

from duetto.entry import prepare, report_errors, run_training


@hydra.main(config_path="conf", config_name="train", version_base="1.3")
def main(config: DictConfig) -> None:
    """One run, from corpus to page."""
    with report_errors():
        run_training(config)


if __name__ == "__main__":
    prepare()
    main()
