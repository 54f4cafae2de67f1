"""How often each analysis calls a true zero an effect, and what studies of several sizes can see.

    python -m benchmarks.study_statistics [draws=20000]

Writes docs/results/statistics/false_positives.json and prints the two tables of docs/studies.md. Minutes: 1.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from duetto.evaluation.statistics.bootstrap import crossed_bootstrap
from duetto.evaluation.statistics.crossed import estimate_moments
from duetto.evaluation.statistics.power import Spread, draw_tables, simulate_power, tail
from duetto.storage.files import write_json

RESULT = Path("docs/results/statistics/false_positives.json")
ALPHA = 0.05
FAMILY = 8
SPREADS = {
    "songs only": Spread(0.0, 1.0, 0.5),
    "seeds half of songs": Spread(0.5, 1.0, 0.5),
    "seeds as songs": Spread(1.0, 1.0, 1.0),
    "seeds only": Spread(1.0, 0.0, 0.5),
    "noise only": Spread(0.0, 0.0, 1.0),
}
SIZES = ((2, 4), (3, 4), (3, 6), (5, 12), (5, 16))
BOOTSTRAPS = 400

FloatArray = NDArray[np.float64]


def two_sided(values: FloatArray) -> FloatArray:
    """P of a t test that takes (draws, N) as independent."""
    count = values.shape[1]
    t = values.mean(1) / (values.std(1, ddof=1) / np.sqrt(count))
    return np.asarray(2 * student.sf(np.abs(t), count - 1))


def false_positives(spread: Spread, size: tuple[int, int], draws: int) -> dict[str, float]:
    """Share of true zeros called effects at alpha = 0.05, two-sided, by each analysis."""
    tables = draw_tables(spread, *size, 0.0, draws, seed=11)
    one_sided = tail(estimate_moments(tables), 0.0)
    intervals = [crossed_bootstrap(table, resamples=1000) for table in tables[:BOOTSTRAPS]]
    return {
        "pooled": float(np.mean(two_sided(tables.reshape(draws, -1)) < ALPHA)),
        "songs averaged": float(np.mean(two_sided(tables.mean(1)) < ALPHA)),
        "crossed": float(np.mean(2 * np.minimum(one_sided, 1 - one_sided) < ALPHA)),
        "bootstrap": float(np.mean([low > 0 or high < 0 for low, high in intervals])),
    }


def main(arguments: list[str]) -> None:
    """Simulate, print, write."""
    draws = int(dict(word.split("=") for word in arguments).get("draws", "20000"))
    rows = []
    print("| spread | seeds x songs | pooled | songs averaged | crossed model | bootstrap |\n|---|---|---|---|---|---|")
    for name, spread in SPREADS.items():
        for size in SIZES:
            found = false_positives(spread, size, draws)
            rows.append({"spread": name, "seeds": size[0], "songs": size[1], **found})
            shown = " | ".join(f"{100 * value:.1f} %" for value in found.values())
            print(f"| {name} | {size[0]} x {size[1]} | {shown} |")
    powers = []
    print("\n| seeds x songs | true effect | reproduced | refuted | inconclusive |\n|---|---|---|---|---|")
    for size in SIZES:
        for power in simulate_power(Spread(0.5, 1.0, 0.5), *size, 1.0, (0.0, 1.0, 1.5, 2.0, 3.0), ALPHA / FAMILY):
            powers.append({"seeds": size[0], "songs": size[1], **vars(power)})
            shown = " | ".join(f"{value:.2f}" for value in (power.reproduced, power.refuted, power.inconclusive))
            print(f"| {size[0]} x {size[1]} | {power.true_effect:g} | {shown} |")
    write_json(RESULT, {"draws": draws, "bootstraps": BOOTSTRAPS, "false_positives": rows, "power": powers})


if __name__ == "__main__":
    main(sys.argv[1:])
