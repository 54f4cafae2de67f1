"""Convert recordings with a trained voice: `python infer.py run=latest source=song.wav transpose=6`."""

from duetto.errors import report_errors


def main() -> None:
    """One conversion a source; everything is imported where an interruption is one sentence already."""
    import hydra
    from omegaconf import DictConfig

    from duetto.cli.entry import run_inference, start

    @hydra.main(config_path="conf", config_name="infer", version_base="1.3")
    def run(config: DictConfig) -> None:
        with report_errors():
            run_inference(config)

    start(run, "infer")


if __name__ == "__main__":
    with report_errors():
        main()
