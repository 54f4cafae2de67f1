"""`python -m duetto VERB`: what is not training, conversion or a sweep."""

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from duetto.errors import DuettoError


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; a user's mistake ends with one sentence and status 2."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    try:
        options.action(options, Console())
    except DuettoError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def build_parser() -> argparse.ArgumentParser:
    """The verbs and their options."""
    parser = argparse.ArgumentParser(prog="python -m duetto", description=__doc__)
    verbs = parser.add_subparsers(metavar="VERB", required=True)

    hardware = verbs.add_parser("hardware", help="device, precision and how long the default run takes here")
    hardware.set_defaults(action=show_hardware)

    sing = verbs.add_parser("sing", help="sing a VSQX file with an embedded voice")
    sing.add_argument("score", type=Path, help="a .vsqx file (VOCALOID 3 or 4)")
    sing.add_argument("--voice", default="miku", help="an embedded voice (default: miku)")
    sing.add_argument("--track", type=int, default=1, help="which vocal track, counted from 1")
    sing.add_argument("--transpose", type=float, default=0.0, help="semitones")
    sing.add_argument("--seed", type=int, default=0)
    sing.add_argument("--output", type=Path, help="default: SCORE_VOICE.wav in the working folder")
    sing.set_defaults(action=sing_score)

    report = verbs.add_parser("report", help="write the page of a run again")
    report.add_argument("run", type=Path, help="a run's folder")
    report.set_defaults(action=write_report)
    return parser


def show_hardware(options: argparse.Namespace, console: Console) -> None:
    """Print what this machine is and the plan of the default run."""
    from hydra import compose, initialize_config_dir

    from duetto.entry import prepare, typed
    from duetto.errors import ConfigError
    from duetto.run_config import TrainConfig
    from duetto.training.hardware import REFERENCE_GFLOPS, detect_hardware, measure_gflops
    from duetto.training.plan import announce

    conf = Path(__file__).resolve().parents[2] / "conf"
    if not conf.is_dir():
        raise ConfigError(f"There is no {conf}: run this from a checkout of the repository.")
    prepare()
    with initialize_config_dir(str(conf), version_base="1.3"):
        config = typed(compose("train"), TrainConfig)
    hardware = detect_hardware(config.trainer)
    gflops = measure_gflops(hardware.num_threads)
    table = Table("what", "value", title="Hardware", title_justify="left")
    table.add_row("device", hardware.device_name)
    table.add_row("precision", hardware.precision)
    table.add_row("model size that `auto` picks", config.model.size)
    table.add_row("matrix product", f"{gflops:.0f} GFLOP/s ({gflops / REFERENCE_GFLOPS:.1f} x the reference machine)")
    console.print(table)
    announce(config, hardware, console)


def sing_score(options: argparse.Namespace, console: Console) -> None:
    """Render one track of a VSQX file."""
    from duetto.audio import write_audio
    from duetto.errors import ScoreError
    from duetto.score.vsqx import read_vsqx
    from duetto.singer.sing import sing
    from duetto.singer.voices import get_voice

    voice = get_voice(options.voice)
    scores = read_vsqx(options.score)
    if not 1 <= options.track <= len(scores):
        raise ScoreError(
            f"{options.score} has {len(scores)} vocal tracks with notes; there is no track {options.track}."
        )
    score = scores[options.track - 1]
    for line in score.ignored:
        console.print(f"ignored: {line}", markup=False)
    with console.status(f"{voice.name} sings {len(score.notes)} notes"):
        rendition = sing(score, voice, seed=options.seed, transpose_semitones=options.transpose)
    output = options.output or Path(f"{options.score.stem}_{voice.name}.wav")
    write_audio(output, rendition.waveform, rendition.sample_rate)
    seconds = len(rendition.waveform) / rendition.sample_rate
    console.print(f"{output}: {seconds:.1f} s, {len(score.notes)} notes, voice {voice.name}", markup=False)


def write_report(options: argparse.Namespace, console: Console) -> None:
    """Render index.html of a run anew."""
    from duetto.report.page import write_run_page

    console.print(str(write_run_page(options.run)), markup=False)


if __name__ == "__main__":
    sys.exit(main())
