"""Train a voice on a case and score it: `python train.py model=rvc data=case_b`; `--help` says more."""

from typing import Any

from duetto.errors import report_errors


def main() -> None:
    """One run, from corpus to page; everything is imported where an interruption is one sentence already."""
    import hydra
    from omegaconf import DictConfig

    from duetto.cli.entry import run_from_hydra, start

    @hydra.main(config_path="conf", config_name="train", version_base="1.3")
    def run(config: DictConfig) -> dict[str, Any]:
        return run_from_hydra(config)

    start(run, "train")


if __name__ == "__main__":
    with report_errors():
        main()
