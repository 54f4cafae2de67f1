"""A cell of a sweep in place of train.py, which takes minutes: logs its settings and three steps through our class."""

import sys
from pathlib import Path

from rich.console import Console

from duetto.settings.logger_config import LoggerConfig
from duetto.training.wandb_run import About, open_wandb

settings = dict(argument.split("=", 1) for argument in sys.argv[1:])
place = Path.cwd() / "logs" / "-".join(settings.values())
place.mkdir(parents=True)
signature = f"r{settings['seed']}{settings['model']}"
about = About(place.name, signature, {"signature": signature, **settings})
run, _ = open_wandb(LoggerConfig(), place, about, Console())
for step in range(1, 4):
    run.log(step, {"loss": 1.0 / step})
run.summarise({"test/mcd_output": 5.0})
run.close()
