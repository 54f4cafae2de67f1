"""The schema of conf/study/NAME.yaml: arms, seeds, songs and hypotheses of a study.

Pure data, checked completely before any training. Settings are written as after `python train.py`.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from duetto.errors import ConfigError
from duetto.evaluation.statistics.contrast import NATIVE, Contrast, slope_weights
from duetto.evaluation.statistics.equivalence import DIRECTIONS, EITHER
from duetto.evaluation.statistics.power import Spread
from duetto.evaluation.statistics.verdict import MITIGATION, NULL, POSITIVE, ROLES, Claim
from duetto.settings.config import require

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
ARM_ROLES = ("treated", "oracle", NULL, POSITIVE, MITIGATION)


@dataclass(frozen=True)
class ArmPlan:
    """One condition of training."""

    settings: tuple[str, ...]  # of train.py
    role: str = "treated"  # one of ARM_ROLES
    seed_offset: int = 0  # added to the study's seeds: a null arm has another arm's data with other seeds


@dataclass(frozen=True)
class Hypothesis:
    """The expected effect on the scores, and the smallest effect of interest."""

    claim: str  # one sentence
    metric: str
    direction: str = "greater"  # greater | less | either, of the contrast
    smallest_effect: float = 0.0  # smallest effect of interest, in the metric's unit
    role: str = "primary"
    arms: dict[str, float] = field(default_factory=dict)  # weights
    slope: dict[str, float] = field(
        default_factory=dict
    )  # instead of arms: dose of each arm; the effect is per unit of dose
    conditions: dict[str, float] = field(default_factory=lambda: {NATIVE: 1.0})  # weights
    songs: tuple[str, ...] = ()  # only these; empty = all songs of the study
    spread: Spread | None = None  # assumed spread, for the power

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each arm."""
        return slope_weights(self.slope) if self.slope else self.arms


@dataclass(frozen=True)
class Factor:
    """A factor of a two-level design: the settings of its low and high level."""

    group: str
    low: tuple[str, ...]
    high: tuple[str, ...]


@dataclass(frozen=True)
class Design:
    """A fractional factorial design; each of its runs becomes an arm: `run_01` and so on."""

    num_runs: int
    metric: str
    factors: dict[str, Factor]
    claim: str = ""  # one sentence: the first group explains more of the metric than the second
    compare: tuple[str, ...] = ()  # two groups; empty = no claim
    smallest_difference: float = 0.1  # smallest relevant difference of their shares, 0..1


@dataclass(frozen=True)
class Study:
    """A study as read from its file."""

    name: str
    question: str
    settings: tuple[str, ...]  # of every run
    models: dict[str, tuple[str, ...]]  # architecture -> its further settings
    seeds: tuple[int, ...]
    songs: tuple[str, ...]  # scored test songs, named without transposition
    arms: dict[str, ArmPlan]
    hypotheses: dict[str, Hypothesis]
    family_size: int  # primary tests of all studies together
    design: Design | None = None
    file_hash: str = ""  # SHA-256 of the file and of the one that it extends
    is_registered: bool = False  # whether conf/study/registered.yaml holds that hash

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The hypotheses in the form that the tests need."""
        return tuple(
            Claim(
                name,
                each.role,
                Contrast(each.metric, each.weights, each.conditions, each.songs or self.songs),
                each.direction,
                each.smallest_effect,
            )
            for name, each in self.hypotheses.items()
        )

    def validate(self) -> None:
        """Refuse a study that cannot be run or tested.

        Raises:
            ConfigError: If a rule is broken; names the study, the place and what was expected.
        """
        where = f"study={self.name}"
        require(bool(self.question), f"{where}: `question` is empty; state it in one sentence.")
        require(bool(self.models), f"{where}: `models` is empty; name rvc, diffsvc or both.")
        require(bool(self.arms) or self.design is not None, f"{where}: there are no arms; add `arms` or `design`.")
        for what, values in (("seeds", self.seeds), ("songs", self.songs)):
            distinct = len(set(values)) == len(values)
            require(len(values) >= 2 and distinct, f"{where}: {what} {list(values)}: expected two or more, once each.")
        for name in (*self.arms, *self.hypotheses, *(self.design.factors if self.design else ())):
            require(
                bool(NAME.fullmatch(name)), f"{where}: {name!r} is not a valid name; use small letters, digits and _."
            )
        for name, arm in self.arms.items():
            expected = ", ".join(ARM_ROLES)
            require(arm.role in ARM_ROLES, f"{where}, arm {name}: role {arm.role!r}; expected one of {expected}.")
        for name, hypothesis in self.hypotheses.items():
            self._check(f"{where}, hypothesis {name}", hypothesis)
        primary = sum(each.role == "primary" for each in self.hypotheses.values()) * len(self.models)
        require(
            self.family_size >= primary,
            f"{where}: family_size {self.family_size} is below the {primary} primary tests of this study alone.",
        )
        if self.design is not None:
            self._check_design(where, self.design)

    def _check(self, where: str, hypothesis: Hypothesis) -> None:
        check_metric(where, hypothesis.metric)
        _check_word(where, "role", hypothesis.role, ROLES)
        _check_word(where, "direction", hypothesis.direction, DIRECTIONS)
        require(not (hypothesis.arms and hypothesis.slope), f"{where}: give arms or slope, not both.")
        named = hypothesis.slope or hypothesis.arms
        unknown = sorted(set(named) - set(self.arms))
        require(
            bool(named) and not unknown, f"{where}: arms {unknown or '(none)'}; expected some of {list(self.arms)}."
        )
        require(
            not hypothesis.slope or len(set(hypothesis.slope.values())) > 1, f"{where}: a slope needs different doses."
        )
        balance = sum(hypothesis.weights.values()) * sum(hypothesis.conditions.values())
        require(
            math.isclose(balance, 0.0, abs_tol=1e-9), f"{where}: the weights sum to {balance:g}; a contrast needs 0."
        )
        smallest = hypothesis.smallest_effect
        is_control = hypothesis.role in (NULL, POSITIVE)
        require(
            smallest > 0 or (smallest == 0 and hypothesis.direction != EITHER) or is_control,
            f"{where}: smallest_effect {smallest:g}; expected above 0 (0 only where there is a direction).",
        )
        others = sorted(set(hypothesis.songs) - set(self.songs))
        require(not others, f"{where}: songs {others} are not among the study's.")

    def _check_design(self, where: str, design: Design) -> None:
        check_metric(f"{where}, design", design.metric)
        runs, factors = design.num_runs, len(design.factors)
        require(
            runs >= 2 and not runs & (runs - 1) and factors < runs,
            f"{where}: num_runs {runs}; expected a power of two above the {factors} factors.",
        )
        groups = sorted({factor.group for factor in design.factors.values()})
        is_pair = len(design.compare) == 2 and set(design.compare) <= set(groups) and bool(design.claim)
        require(
            not design.compare or is_pair,
            f"{where}, design: compare {list(design.compare)}; expected two of the groups {groups}, and a claim.",
        )


def check_metric(where: str, name: str) -> None:
    """Refuse a metric that the suite does not compute, naming near ones."""
    from duetto.evaluation.registry import all_metrics  # imports the metrics, which `sweep.py --help` does not need

    names = [metric.name for metric in all_metrics()]
    if name not in names:
        near = [each for each in names if name.split("_")[0] in each] or names
        raise ConfigError(f"{where}: there is no metric {name!r}. Such as: {', '.join(near[:8])}.")


def _check_word(where: str, what: str, word: str, known: Iterable[str]) -> None:
    require(word in known, f"{where}: {what} {word!r}; expected one of {', '.join(known)}.")
