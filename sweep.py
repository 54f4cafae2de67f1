"""Many runs: `python sweep.py preprocess=none,full seed=0,1`. Finished runs are skipped, failures recorded."""

import sys

import hydra
from omegaconf import DictConfig

from duetto.entry import SweepLog, prepare

log = SweepLog()


@hydra.main(config_path="conf", config_name="sweep", version_base="1.3")
def main(config: DictConfig) -> None:
    """One combination of the sweep."""
    log.run(config)


if __name__ == "__main__":
    prepare()
    main()
    sys.exit(log.close())
