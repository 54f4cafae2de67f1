"""Which shape learns most in a CPU-minute: width, depth, hop, discriminator and segment of the three compact models.

    python benchmarks/shapes.py                         every cell, six minutes each on one core: three hours
    python benchmarks/shapes.py --models rvc --minutes 3
    python benchmarks/shapes.py --steps 5 --models rvc  does everything work?

Each cell is an ordinary run of train.py on case B, from random weights, on one thread (finished ones are skipped,
stopped ones go on), and differs from the compact shape (the cell `compact`) only by the settings in `CELLS`. Judged by
what a CPU-minute buys: the scores of the last validation and of a test song, not by parameters or loss. The bound
itself moves with the shape, so distances are compared, and no share of a gap. Written to docs/results/shapes.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from cells import Cell, CellRow, markdown, run_cells, shown
from matplotlib.figure import Figure
from rich.console import Console

from duetto.storage.files import atomic_path, write_json, write_text

# model -> cell -> settings of train.py beside `model=MODEL`. A new cell is a line here.
CELLS: dict[str, dict[str, list[str]]] = {
    "rvc": {
        "compact": [],
        "narrow": [
            "model.auxiliary.channels=128",
            "model.generator.upsample_initial_channel=96",
        ],
        "wide": [
            "model.auxiliary.channels=256",
            "model.generator.upsample_initial_channel=192",
        ],
        "shallow": ["model.auxiliary.num_layers=3", "model.flow_layers=1"],
        "deep": ["model.auxiliary.num_layers=8", "model.flow_layers=4"],
        "hop 160": [
            "features.hop_length=160",
            "model.generator.upsample_rates=[8,5,4]",
            "model.generator.upsample_kernel_sizes=[16,11,8]",
            "model.segment_frames=60",
            "model.crop_frames=225",
        ],
        "hop 320": [
            "features.hop_length=320",
            "model.generator.upsample_rates=[10,8,4]",
            "model.generator.upsample_kernel_sizes=[20,16,8]",
            "model.segment_frames=30",
            "model.crop_frames=112",
        ],
        "small discriminator": ["model.discriminator.periods=[2,5]", "model.discriminator.width=0.0625"],
        "large discriminator": ["model.discriminator.periods=[2,3,5,7,11]", "model.discriminator.width=0.25"],
        "segment 0.2 s": ["model.segment_frames=20"],
        "segment 0.6 s": ["model.segment_frames=60"],
    },
    "diffsvc": {
        "compact": [],
        "narrow": ["model.denoiser.channels=96"],
        "wide": ["model.denoiser.channels=256"],
        "shallow": ["model.denoiser.num_layers=8"],
        "deep": ["model.denoiser.num_layers=20"],
        "crop 1 s": ["model.crop_frames=100"],
        "crop 3 s": ["model.crop_frames=300"],
    },
    "vocoder": {
        "compact": [],
        "narrow": ["model.generator.upsample_initial_channel=96"],
        "wide": ["model.generator.upsample_initial_channel=192"],
        "shallow": ["model.generator.resblock_kernel_sizes=[3]", "model.generator.resblock_dilation_sizes=[[1,3]]"],
        "deep": [
            "model.generator.resblock_kernel_sizes=[3,7,11]",
            "model.generator.resblock_dilation_sizes=[[1,3],[1,3],[1,3]]",
        ],
        "hop 160": [
            "features.hop_length=160",
            "model.generator.upsample_rates=[8,5,4]",
            "model.generator.upsample_kernel_sizes=[16,11,8]",
            "model.segment_frames=60",
        ],
        "hop 320": [
            "features.hop_length=320",
            "model.generator.upsample_rates=[10,8,4]",
            "model.generator.upsample_kernel_sizes=[20,16,8]",
            "model.segment_frames=30",
        ],
        "small discriminator": ["model.discriminator.periods=[2,5]", "model.discriminator.width=0.0625"],
        "large discriminator": ["model.discriminator.periods=[2,3,5,7,11]", "model.discriminator.width=0.25"],
        "segment 0.2 s": ["model.segment_frames=20"],
        "segment 0.6 s": ["model.segment_frames=60"],
    },
}
SCORES = (  # title, metric, scale, digits
    ("MCD*, dB", "mcd_output", 1, 2),
    ("mel distance, dB", "mel_distance", 1, 2),
    ("F0 error, cents", "f0_rmse_cents", 1, 1),
    ("voicing error, %", "voicing_error", 100, 1),
    ("similarity", "speaker_similarity", 1, 3),
    ("RTF", "rtf", 1, 2),
)


def make_cells(arguments: argparse.Namespace) -> list[Cell]:
    """Every cell of the models asked for."""
    length = (
        [
            "trainer.max_minutes=0",
            f"trainer.max_steps={arguments.steps}",
            f"trainer.evaluate_every_steps={arguments.steps}",
        ]
        if arguments.steps
        else [f"trainer.max_minutes={arguments.minutes:g}", "trainer.evaluate_every_steps=100"]
    )
    common = [
        "data=case_b",
        "base=none",
        "eval=quick",
        "logger=none",
        "trainer.num_threads=1",
        f"logs={arguments.logs}",
        *length,
    ]
    return [
        Cell(f"{model}, {name}", model, model, name, (f"model={model}", *common, *settings, *arguments.overrides))
        for model in arguments.models
        for name, settings in CELLS[model].items()
        if arguments.cells is None or name in arguments.cells
    ]


def table(rows: Sequence[CellRow]) -> str:
    """Markdown: a line a cell, best MCD* first within a model; failures last."""
    done = sorted((row for row in rows if not row["error"]), key=lambda row: (row["model"], order(row)))
    lines = []
    for row in done:
        speed = row["steps"] / (60 * row["training_minutes"]) if row["training_minutes"] else float("nan")
        scores = [shown(row["mean"][name], digits, scale) for _, name, scale, digits in SCORES]
        cells = [f"{row['training_minutes']:.1f}", str(row["steps"]), f"{speed:.2f}", f"{row['weights_mib']:.1f}"]
        lines.append([row["model"], str(row["value"]), *cells, *scores])
    lines += [[row["model"], str(row["value"]), f"failed: {row['error']}"] for row in rows if row["error"]]
    header = ["model", "shape", "CPU-minutes", "steps", "steps/s", "MiB", *(title for title, *_ in SCORES)]
    return markdown(header, [[*line, *[""] * (len(header) - len(line))] for line in lines])


def order(row: CellRow) -> float:
    """MCD* of the test song; what is undefined comes last."""
    value = row["mean"]["mcd_output"]
    return float("inf") if value is None or value != value else float(value)


def draw(rows: Sequence[CellRow]) -> Figure:
    """Held-out MCD* over CPU-minutes, a panel a model."""
    models = list(dict.fromkeys(row["model"] for row in rows))
    figure = Figure(figsize=(6 * max(1, len(models)), 5), layout="constrained")
    for axis, model in zip(figure.subplots(1, max(1, len(models)), squeeze=False)[0], models, strict=False):
        axis.set_prop_cycle(color=mpl.color_sequences["tab20"])  # more cells than the ten usual colours
        for row in rows:
            if row["model"] == model and not row["error"]:
                minutes = [validation["minutes"] for validation in row["curve"]]
                axis.plot(
                    minutes, [validation["mcd_output"] for validation in row["curve"]], ".-", label=str(row["value"])
                )
        axis.set(title=model, xlabel="CPU-minutes of training", ylabel="MCD* of a held-out excerpt, dB")
        axis.legend(fontsize="small")
    return figure


def write_results(rows: Sequence[CellRow], folder: Path, command: str) -> None:
    """JSON, table and figure of what there is so far."""
    write_json(folder / "shapes.json", {"command": command, "rows": list(rows)})
    write_text(folder / "shapes.md", f"`{command}`, one thread, from random weights.\n\n{table(rows)}")
    figure = draw(rows)
    for suffix in ("svg", "png"):
        with atomic_path(folder / f"shapes.{suffix}") as temporary:
            figure.savefig(temporary, format=suffix, dpi=120, metadata={"Date": None} if suffix == "svg" else None)


def parse(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=list(CELLS), choices=list(CELLS))
    parser.add_argument("--cells", nargs="+", help="only those, by name")
    parser.add_argument("--minutes", type=float, default=6.0, help="of training, each cell")
    parser.add_argument("--steps", type=int, default=0, help="of training instead, for a validation")
    parser.add_argument("--logs", default="logs")
    parser.add_argument("--output", type=Path, default=Path("docs/results/shapes"))
    parser.add_argument("--set", dest="overrides", nargs="*", default=[], help="further settings of train.py")
    return parser.parse_args(words)


def main() -> None:
    """Run what is missing, write, print the table."""
    arguments = parse()
    mpl.rcParams["svg.hashsalt"] = "shapes"
    command = " ".join(["python benchmarks/shapes.py", *sys.argv[1:]])
    rows = run_cells(make_cells(arguments), Console(), lambda done: write_results(done, arguments.output, command))
    print(table(rows))


if __name__ == "__main__":
    main()
