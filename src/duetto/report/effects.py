"""The simple effects of a study as a page in Markdown."""

from collections.abc import Sequence

from duetto.evaluation.registry import metric_named
from duetto.report.comparison.chart import scaled
from duetto.report.comparison.names import architecture_title
from duetto.studies.effects import SimpleEffect

EFFECTS_FILE = "effects.md"


def effects_text(study: str, against: str, is_oracle: bool, effects: Sequence[SimpleEffect]) -> str:
    """A table of every arm against another, with the command that makes it again from the scores.

    Args:
        study: Name of the study.
        against: The arm that the others are compared with.
        is_oracle: Whether that is the study's oracle.
        effects: What is shown.
    """
    lines = [
        f"# {study.replace('_', ' ')}: every arm against *{against.replace('_', ' ')}*",
        "What the contrasts of the [verdict](README.md) are made of: mean of each arm, and its difference from "
        f"*{against.replace('_', ' ')}*, over seeds and songs. Intervals of 95 %, not adjusted for their number; they "
        "decide nothing.",
        "",
        f"    python -m duetto study {study} --effects{'' if is_oracle else f' --against {against}'}",
        "",
        "| metric | condition | arm | model | mean | against | difference | 95 % interval |",
        "|---|---|---|---|---|---|---|---|",
        *(_row(effect) for effect in effects),
    ]
    return "\n".join(lines) + "\n"


def _row(effect: SimpleEffect) -> str:
    metric = metric_named(effect.metric)
    title = f"{metric.title}, {metric.unit}" if metric.unit else metric.title
    means = (effect.arm_mean, effect.against_mean, effect.fit.effect)
    *numbers, low, high = scaled(metric, [*means, *effect.fit.interval()])
    cells = (
        title.replace("|", r"\|"),
        effect.condition,
        effect.arm.replace("_", " "),
        architecture_title(effect.model),
        *(f"{number:.3g}" for number in numbers),
        f"{low:.3g} to {high:.3g}",
    )
    return f"| {' | '.join(cells)} |"
