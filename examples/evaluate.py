"""Score a conversion against the target singing the same.

    python examples/evaluate.py OUTPUT REFERENCE SOURCE [SEMITONES]

SEMITONES is the interval that was asked for. Every number is explained in docs/metrics.md; NaN means undefined.
"""

import math
import sys

import duetto
from duetto.errors import report_errors


def main() -> None:
    """Print the scores."""
    output, reference, source = sys.argv[1:4]
    semitones = float(sys.argv[4]) if len(sys.argv) > 4 else 0.0

    scores = duetto.evaluate(output, reference, source, transpose=semitones, is_quick=True)
    for name, value in sorted(scores.items()):
        if not math.isnan(value):
            print(f"{name:40} {value:10.4f}")


if __name__ == "__main__":
    with report_errors():  # an error that you can mend, or Ctrl-C, is one sentence
        main()
