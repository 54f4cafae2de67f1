"""Convert recordings with a trained voice: `python infer.py run=latest source=song.wav transpose=6`."""

import hydra
from omegaconf import DictConfig

from duetto.cli.entry import run_inference, start
from duetto.errors import report_errors


@hydra.main(config_path="conf", config_name="infer", version_base="1.3")
def main(config: DictConfig) -> None:
    """One conversion a source."""
    with report_errors():
        run_inference(config)


if __name__ == "__main__":
    start(main, "infer")
