"""Expands a study to its runs: every arm with every architecture and every seed. Pure."""

from dataclasses import dataclass

from duetto.evaluation.statistics.shares import two_level_design
from duetto.studies.schema import ArmPlan, Design, Study

HIGH = 1
ANY = "any"  # in place of an architecture, if the arms name theirs


@dataclass(frozen=True)
class Arm:
    """One run of a study: its name and its settings of train.py."""

    name: str  # ARM.MODEL.seedN
    overrides: tuple[str, ...]
    arm: str
    model: str
    seed: int  # of the study; the run's seed may differ by the arm's offset


def expand(study: Study) -> tuple[Arm, ...]:
    """The runs of a study: seeds are the outermost loop, so that a study stopped early is as balanced as possible."""
    arms = {**study.arms, **design_arms(study.design)}

    def make(name: str, plan: ArmPlan, model: str, seed: int) -> Arm:
        chosen = () if model == ANY else (f"model={model}",)
        own = (*chosen, *study.models[model], *plan.settings, f"seed={seed + plan.seed_offset}")
        return Arm(f"{name}.{model}.seed{seed}", (*study.settings, *own), name, model, seed)

    return tuple(
        make(name, plan, model, seed) for seed in study.seeds for model in study.models for name, plan in arms.items()
    )


def design_arms(design: Design | None) -> dict[str, ArmPlan]:
    """An arm for each run of a two-level design; none without a design."""
    if design is None:
        return {}
    levels = two_level_design(len(design.factors), design.num_runs)
    return {
        run_name(number): ArmPlan(
            tuple(
                setting
                for factor, level in zip(design.factors.values(), row, strict=True)
                for setting in (factor.high if level == HIGH else factor.low)
            )
        )
        for number, row in enumerate(levels)
    }


def run_name(number: int) -> str:
    """Name of the arm of a run of a design."""
    return f"run_{number + 1:02d}"
