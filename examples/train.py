"""Train a tiny voice on an embedded singer and print its scores.

    python examples/train.py [GROUP=OPTION] [KEY=VALUE] ...

It needs no recordings. Eight steps teach nothing; leave `trainer=smoke` and `max_steps` out for a voice worth hearing.
"""

import sys

import duetto
from duetto.errors import report_errors

TINY = [
    "model=rvc",
    "data=case_b",
    "data.train_songs=[fast_01]",
    "data.val_songs=[fast_12]",
    "data.test_songs=[slow_01]",
    "trainer=smoke",
    "trainer.max_steps=8",
    "eval=quick",
    "logger=none",
]


def main() -> None:
    """Train, and load the voice that came of it."""
    run = duetto.train([*TINY, *sys.argv[1:]])
    print(f"\n{run.folder}, signature {run.signature}: {run.voice()}")
    for name in ("mcd_output", "mcd_source", "f0_rmse_cents", "speaker_similarity"):
        print(f"{name:20} {run.metrics[name]:.3f}")


if __name__ == "__main__":  # needed: corpora are built in processes, which import this file again
    with report_errors():  # an error that you can mend, or Ctrl-C, is one sentence
        main()
