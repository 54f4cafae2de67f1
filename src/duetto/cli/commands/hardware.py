"""`python -m duetto hardware`: shows this machine's hardware, and how long the default run takes on it."""

import argparse
from typing import Any

from rich.console import Console
from rich.table import Table


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser("hardware", help="show device, precision and how long a run takes here")
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="of the run, as for train.py")
    parser.set_defaults(action=show_hardware)


def show_hardware(options: argparse.Namespace, console: Console) -> None:
    """Print this machine's hardware and the plan of the default run."""
    from duetto.runs.compose import compose_runs
    from duetto.runs.plan import announce
    from duetto.settings.conf_files import conf_folder
    from duetto.training.hardware import REFERENCE_GFLOPS, detect_hardware, measure_gflops
    from duetto.training.place import Place

    (config,) = compose_runs(conf_folder(), [options.settings])
    devices = config.trainer.devices
    hardware = detect_hardware(config.trainer, Place(0, devices * config.trainer.nodes, 0, devices))
    gflops = measure_gflops(hardware.num_threads)
    table = Table("what", "value", title="Hardware", title_justify="left")
    table.add_row("device", hardware.description)
    table.add_row("precision", hardware.precision)
    table.add_row("model size that `auto` selects", config.model.size)
    table.add_row("matrix product", f"{gflops:.0f} GFLOP/s ({gflops / REFERENCE_GFLOPS:.1f} x the reference machine)")
    console.print(table)
    announce(config, hardware, console)
