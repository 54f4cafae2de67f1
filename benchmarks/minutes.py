"""How good a voice gets in how many minutes: of training, from the base and from random weights, and of target data.

    python benchmarks/minutes.py                    both models, eight minutes a run, on all cores: two to three hours
    python benchmarks/minutes.py --quick            twenty steps a run, one song: does everything work?
    python benchmarks/minutes.py --models rvc --data-minutes 1 5 --songs 10

Each cell is an ordinary run of train.py on case B (finished ones are skipped, stopped ones go on). The curve over
minutes of training is one run's own validations. Over 5.5 minutes of target data, slow songs join the fast ones.
With --songs N above 3, further slow songs are composed to test on. Written to docs/results/bases: minutes.json,
minutes.md, two figures, and audio/ (eight seconds of source, output and reference of the default runs' songs).
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from cells import Cell, CellRow, markdown, run_cells, shown
from matplotlib.figure import Figure
from rich.console import Console

from duetto.storage.audio import read_audio, write_audio
from duetto.storage.files import atomic_path, write_json, write_text
from duetto.storage.run_folder import RunFolder

FAST = tuple(f"fast_{number:02d}" for number in range(1, 12))  # case B's songs to train on
SLOW = tuple(f"slow_{number:02d}" for number in range(2, 14))  # join above `FAST_MINUTES`
TESTS = ("fast_13", "fast_14", "slow_01")
FIRST_TEST = 20  # of the slow songs composed to test on
FAST_MINUTES = 5.5  # of the fast songs, after slicing
EXCERPT_S = 8.0
TARGETS = (  # of issue 6, point 5: title, metric, whether at least or at most, limit, scale, digits
    ("gap closed, clamped MCD", "mcd_gap_closed", ">=", 0.6, 1, 2),
    ("distance closed", "mcd_distance_closed", None, None, 1, 2),
    ("F0 RMSE, cents", "f0_rmse_cents", "<=", 35.0, 1, 1),
    ("voicing error, %", "voicing_error", "<=", 0.08, 100, 1),
    ("target closer, % of songs", "target_closer", ">=", 0.95, 100, 0),
    ("phone error, %", "phone_error", None, None, 100, 1),
    ("above the bound, points", "phone_error_excess", "<=", 0.10, 100, 1),
    ("clipped, %", "clipped_share", "<=", 0.0, 100, 3),
    ("DC, largest", "largest_dc", "<=", 1e-3, 1, 5),
    ("length error, samples", "largest_length_error", "<=", 0.0, 1, 0),
    ("RTF", "rtf", "<=", 1.0, 1, 2),
)
CURVES = (("mcd_output", "MCD*, dB"), ("speaker_similarity", "speaker similarity"), ("voicing_error", "voicing error"))
STYLE = {"base": "-", "scratch": "--"}


def make_cells(arguments: argparse.Namespace) -> list[Cell]:
    """Every run of the table: models x (base, scratch), then the base on less and more data."""
    common = [
        "data=case_b",
        "logger=none",
        f"trainer.num_threads={arguments.threads}",
        f"logs={arguments.logs}",
        *(["trainer=smoke", "eval=quick"] if arguments.quick else [f"trainer.max_minutes={arguments.minutes:g}"]),
        *arguments.overrides,
    ]
    tests = [*TESTS, *(f"slow_{FIRST_TEST + number}" for number in range(arguments.songs - len(TESTS)))]
    if arguments.songs != len(TESTS):
        common.append(f"data.test_songs=[{','.join(tests[: arguments.songs])}]")
    cells = []
    for model in arguments.models:
        for start, base in (("base", arguments.base), ("scratch", "none")):
            settings = (f"model={model}", f"base={base}", *common)
            cells.append(Cell(f"{model} {start}", model, start, arguments.minutes, settings))
        for minutes in arguments.data_minutes:
            songs = [*FAST, *SLOW] if minutes > FAST_MINUTES else FAST
            data = (f"data.minutes={minutes:g}", f"data.train_songs=[{','.join(songs)}]")
            if not arguments.quick:
                data += (f"trainer.max_minutes={arguments.data_run_minutes or arguments.minutes:g}",)
            settings = (f"model={model}", f"base={arguments.base}", *common, *data)
            cells.append(Cell(f"{model}, {minutes:g} min of data", model, "data", minutes, settings))
    return cells


def score(row: CellRow) -> dict[str, float]:
    """The numbers that `TARGETS` asks for; worst songs where a mean would hide them."""
    songs = [song["metrics"] for song in row["songs"]]
    pairs = [(song["speaker_similarity"], song["speaker_similarity_to_source"]) for song in songs]
    defined = [(reference, source) for reference, source in pairs if reference is not None and source is not None]
    return {
        **row["mean"],
        "target_closer": sum(a > b for a, b in defined) / len(defined) if defined else float("nan"),
        "largest_dc": max(abs(song["dc_offset"]) for song in songs),
        "largest_length_error": max(abs(song["length_error_samples"]) for song in songs),
        "clipped_share": max(song["clipped_share"] for song in songs),
    }


def verdict(value: float | None, relation: str | None, limit: float | None) -> str:
    """Whether a target is met; nothing where there is none, "undefined" where nothing was measured."""
    if relation is None or limit is None:
        return ""
    if value is None or value != value:
        return " (undefined)"
    return " ✓" if (value >= limit if relation == ">=" else value <= limit) else " ✗"


def table(rows: Sequence[CellRow]) -> str:
    """Markdown: a line a cell, a column a target."""
    goals = [
        f"{title} ({relation} {shown(limit, digits, scale)})" if relation else title
        for title, _, relation, limit, scale, digits in TARGETS
    ]
    lines = []
    for row in rows:
        if row["error"]:
            lines.append([row["name"], f"failed: {row['error']}", *[""] * (len(goals) + 1)])
            continue
        scores = score(row)
        numbers = [
            shown(scores.get(name), digits, scale) + verdict(scores.get(name), relation, limit)
            for _, name, relation, limit, scale, digits in TARGETS
        ]
        lines.append([row["name"], f"{row['training_minutes']:.1f}", str(row["steps"]), *numbers])
    return markdown(["run", "minutes of training", "steps", *goals], lines)


def draw_training(rows: Sequence[CellRow]) -> Figure:
    """Validations over minutes of training: a row a model, a column a score."""
    runs = [row for row in rows if row["group"] in STYLE and not row["error"]]
    models = list(dict.fromkeys(row["model"] for row in runs))
    figure = Figure(figsize=(11, 3 * max(1, len(models))), layout="constrained")
    axes = figure.subplots(max(1, len(models)), len(CURVES), squeeze=False)
    for row in runs:
        for axis, (name, title) in zip(axes[models.index(row["model"])], CURVES, strict=True):
            minutes = [validation["minutes"] for validation in row["curve"]]
            axis.plot(
                minutes,
                [validation[name] for validation in row["curve"]],
                STYLE[row["group"]],
                marker=".",
                label=row["group"],
            )
            axis.set(title=f"{row['model']}: {title}", xlabel="minutes of training")
            axis.legend()
    return figure


def draw_data(rows: Sequence[CellRow]) -> Figure:
    """Test-song scores over minutes of target data."""
    figure = Figure(figsize=(11, 3), layout="constrained")
    runs = [row for row in rows if row["group"] == "data" and not row["error"]]
    columns = (("mcd_output", "MCD*, dB"), ("speaker_similarity", "speaker similarity"), ("phone_error", "phone error"))
    for axis, (name, title) in zip(figure.subplots(1, len(columns)), columns, strict=True):
        for model in dict.fromkeys(row["model"] for row in runs):
            points = [(row["value"], row["mean"].get(name)) for row in runs if row["model"] == model]
            axis.plot([x for x, _ in points], [float("nan") if y is None else y for _, y in points], "o-", label=model)
        axis.set(title=title, xlabel="minutes of target data", xscale="log")
        if runs:
            axis.legend()
    return figure


def songs_of(run: Path) -> Path:
    """The converted songs of the newest evaluation."""
    evaluation = RunFolder(run).newest_evaluation()
    assert evaluation is not None, run
    return evaluation.songs


def keep_audio(rows: Sequence[CellRow], folder: Path) -> None:
    """Source, output and reference of what the default runs converted."""
    for row in rows:
        if row["group"] != "base" or row["error"]:
            continue
        for place in sorted(songs_of(Path(row["run"])).iterdir()):
            for name in ("source", "output", "reference"):
                waveform, rate = read_audio(place / f"{name}.wav")
                write_audio(
                    folder / row["model"] / place.name / f"{name}.flac",
                    waveform[: int(EXCERPT_S * rate)],
                    rate,
                    "PCM_16",
                )


def write_results(rows: Sequence[CellRow], folder: Path, command: str) -> None:
    """JSON, table and figures of what there is so far."""
    write_json(folder / "minutes.json", {"command": command, "rows": list(rows)})
    hours = sum(row.get("training_minutes", 0.0) for row in rows) / 60
    legend = "✓ and ✗: the targets in brackets; clipping, DC and length are of the worst song."
    text = f"`{command}`: {hours:.1f} hours of training. {legend}\n\n"
    write_text(folder / "minutes.md", text + table(rows))
    for name, figure in (("minutes_training", draw_training(rows)), ("minutes_data", draw_data(rows))):
        for suffix in ("svg", "png"):
            with atomic_path(folder / f"{name}.{suffix}") as temporary:
                figure.savefig(temporary, format=suffix, dpi=120, metadata={"Date": None} if suffix == "svg" else None)


def parse(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["rvc", "diffsvc"], choices=["rvc", "diffsvc"])
    parser.add_argument("--minutes", type=float, default=8.0, help="of training, each run")
    parser.add_argument("--data-minutes", type=float, nargs="*", default=[0.5, 1, 2, 5, 10])
    parser.add_argument("--data-run-minutes", type=float, default=0.0, help="of training on each; 0 = --minutes")
    parser.add_argument("--songs", type=int, default=len(TESTS), help="to test on")
    parser.add_argument("--threads", type=int, default=0, help="0 = all cores")
    parser.add_argument("--base", default="auto", help="auto (what ships) or a path")
    parser.add_argument("--logs", default="logs")
    parser.add_argument("--output", type=Path, default=Path("docs/results/bases"))
    parser.add_argument("--quick", action="store_true", help="twenty steps and one song a run")
    parser.add_argument(
        "--set", dest="overrides", nargs="*", default=[], help="further settings of train.py, such as seed=1"
    )
    return parser.parse_args(words)


def main() -> None:
    """Run what is missing, write, print the table."""
    arguments = parse()
    mpl.rcParams["svg.hashsalt"] = "minutes"
    command = " ".join(["python benchmarks/minutes.py", *sys.argv[1:]])
    rows = run_cells(make_cells(arguments), Console(), lambda done: write_results(done, arguments.output, command))
    keep_audio(rows, arguments.output / "audio")
    print(table(rows))


if __name__ == "__main__":
    main()
