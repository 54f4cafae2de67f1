"""Convert recordings with a trained voice: `python infer.py run=latest source=song.wav transpose=6`."""

import sys

import hydra
from omegaconf import DictConfig

from duetto.cli.entry import run_inference
from duetto.errors import report_errors
from duetto.renamed import current_overrides
from duetto.runs.compose import prepare


@hydra.main(config_path="conf", config_name="infer", version_base="1.3")
def main(config: DictConfig) -> None:
    """One conversion a source."""
    with report_errors():
        run_inference(config)


if __name__ == "__main__":
    prepare()
    sys.argv[1:] = current_overrides(sys.argv[1:])
    main()
