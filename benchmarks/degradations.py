"""What each metric does under each degradation, as a picture: docs/images/degradations.png.

Rows are metrics, columns are degradations in growing doses of one embedded sung clip. A number is the change against
the clean clip; its colour is the change over the row's largest, blue down and red up. `--json` keeps the numbers.

Run: `python -m benchmarks.degradations`
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from duetto.evaluation.metric import Metric
from duetto.evaluation.models.predictor import QualityPredictor
from duetto.evaluation.models.speaker import SpeakerEncoder
from duetto.evaluation.registry import all_metrics
from duetto.evaluation.sensitivity.sensitivity import DegradationScores, Scores, make_clip, sensitivity, sung_excerpt
from duetto.storage.files import write_json

PICTURE = Path("docs/images/degradations.png")


def main() -> None:
    """Measure, draw, print how long it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=PICTURE, help="the picture (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="also write the numbers here")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    clip = make_clip(*sung_excerpt(), SpeakerEncoder(), QualityPredictor())
    begin = time.process_time()
    clean, rows = sensitivity(clip, lambda name, number, total: print(f"{number + 1}/{total} {name}", flush=True))
    seconds = clip.audio.waveform.size / 24_000
    cells, cpu_s = sum(len(row.scores) for row in rows), time.process_time() - begin
    print(f"{seconds:.1f} s of singing in {cells} cells: {cpu_s:.0f} CPU-s")
    draw(clean, rows, arguments.output)
    if arguments.json:
        write_json(arguments.json, as_json(clean, rows))


def as_json(clean: Scores, rows: tuple[DegradationScores, ...]) -> dict[str, object]:
    """The numbers by degradation and family, a row for each dose in its order."""
    return {
        "clean": clean,
        "degraded": {
            row.degradation.name: [
                {"dose": dose, **scores} for dose, scores in zip(row.degradation.doses, row.scores, strict=True)
            ]
            for row in rows
        },
    }


def draw(clean: Scores, rows: tuple[DegradationScores, ...], path: Path) -> None:
    """Write the picture."""
    metrics = [metric for metric in all_metrics() if metric.place == "output" and metric.family in clean]
    changes = np.array([[scores[m.family] - clean[m.family] for row in rows for scores in row.scores] for m in metrics])
    scale = np.nanmax(np.abs(changes), axis=1, keepdims=True)
    colours = np.divide(changes, scale, out=np.zeros_like(changes), where=scale > 0)
    figure = Figure(figsize=(0.52 * changes.shape[1] + 4, 0.36 * len(metrics) + 1.8), dpi=90, layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    axis.imshow(np.ma.masked_invalid(colours), cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
    axis.set_facecolor("#dddddd")
    for place, value in np.ndenumerate(changes):
        strong = abs(np.nan_to_num(colours[place])) > 0.6
        axis.text(
            place[1],
            place[0],
            shown(metrics[place[0]], value),
            ha="center",
            va="center",
            fontsize=6.5,
            color="white" if strong else "black",
        )
    axis.set_yticks(range(len(metrics)), [f"{m.title} ({m.unit})" if m.unit else m.title for m in metrics], fontsize=8)
    doses = [f"{dose:g}" for row in rows for dose in row.degradation.doses]
    axis.set_xticks(range(len(doses)), doses, fontsize=7)
    first = 0
    for row in rows:
        unit = f" ({row.degradation.unit})" if row.degradation.unit else ""
        axis.text(
            first + (len(row.scores) - 1) / 2,
            -0.75,
            row.degradation.name + unit,
            ha="center",
            va="bottom",
            fontsize=7.5,
            rotation=20,
        )
        first += len(row.scores)
        axis.axvline(first - 0.5, color="black", linewidth=1)
    axis.set_xlabel("dose")
    axis.tick_params(length=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def shown(metric: Metric, value: float) -> str:
    """A change in two digits."""
    if not math.isfinite(value):
        return "–"
    value = 100 * value if metric.unit == "%" else value
    if abs(value) < 0.005:
        return "0"
    return f"{value:+.0f}" if abs(value) >= 10 else f"{value:+.1f}" if abs(value) >= 1 else f"{value:+.2f}"


if __name__ == "__main__":
    main()
