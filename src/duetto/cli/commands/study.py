"""`python -m duetto study`: shows plan, power and verdict of a study."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from duetto.studies.schema import Study

RESULTS = Path("docs/results")
CONF = Path("conf")


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser("study", help="plan a study, or reach its verdict from finished runs")
    parser.add_argument("name", nargs="?", help="name of conf/study/NAME.yaml; without it, the studies are listed")
    parser.add_argument("--plan", action="store_true", help="show runs, hypotheses and power, without a verdict")
    parser.add_argument("--register", action="store_true", help="record the file's hash, which preregisters the study")
    parser.add_argument(
        "--effects", action="store_true", help="show every arm against the oracle, from the scores of a study that ran"
    )
    parser.add_argument("--against", metavar="ARM", help="with --effects: this arm instead of the oracle")
    parser.add_argument("--logs", type=Path, default=Path("logs"), help="folder of the runs (default: logs)")
    parser.add_argument("--conf", type=Path, default=CONF, help="folder of the settings (default: conf)")
    parser.add_argument("--output", type=Path, help="folder of the results; default: docs/results/NAME")
    parser.set_defaults(action=run_study)


def run_study(options: argparse.Namespace, console: Console) -> None:
    """List, plan, register, or conclude."""
    from duetto.report.study import write_results
    from duetto.studies.collect import collect_study
    from duetto.studies.conclude import conclude
    from duetto.studies.load import load_study, register_study, study_names
    from duetto.studies.plan import plan_study

    if options.name is None:
        print_studies([load_study(options.conf, name) for name in study_names(options.conf)], RESULTS, console)
        return
    study = load_study(options.conf, options.name)
    if options.register:
        register_study(options.conf, study)
        console.print(
            f"{study.name} is registered: {study.file_hash[:16]}. Commit conf/study before you start its runs."
        )
        return
    if options.plan:
        print_plan(plan_study(study), console)
        return
    if options.effects:
        write_effects(study, options.against, options.output or RESULTS / study.name, console)
        return
    collection = collect_study(study, options.logs)
    verdict = conclude(study, collection)
    folder = options.output or RESULTS / study.name
    write_results(study, collection.scores, verdict, folder)
    print_verdict(verdict, console)
    console.print(str(folder), markup=False, soft_wrap=True)


def write_effects(study: "Study", against: str | None, folder: Path, console: Console) -> None:
    """Write and print every arm against another, from the scores in a folder of results."""
    from duetto.report.effects import EFFECTS_FILE, effects_text
    from duetto.report.study import SCORES_FILE
    from duetto.storage.files import write_text
    from duetto.studies.effects import read_scores, simple_effects, the_oracle

    arm = against or the_oracle(study)
    effects = simple_effects(study, read_scores(folder / SCORES_FILE), arm)
    text = effects_text(study.name, arm, study.arms[arm].role == "oracle", effects)
    write_text(folder / EFFECTS_FILE, text)
    console.print(text, markup=False, soft_wrap=True)
    console.print(str(folder / EFFECTS_FILE), markup=False, soft_wrap=True)


def print_studies(studies: Sequence["Study"], results: Path, console: Console) -> None:
    """Print all studies, with the verdicts of their primary hypotheses if there are any."""
    from duetto.report.comparison.names import architecture_title
    from duetto.storage.files import read_json

    table = Table("study", "asks", "verdicts", title="Studies", title_justify="left")
    for study in studies:
        path = results / study.name / "verdict.json"
        lines = ["[dim]not run here[/]"]
        if path.is_file():
            verdict = read_json(path)
            lines = [f"[yellow]{verdict['status']}[/]"] if verdict["exploratory"] else []
            primary = (each for each in verdict["findings"] if each["role"] == "primary")
            lines += [
                f"{escape(each['hypothesis'])}, {architecture_title(each['model'])}: {each['verdict']}"
                for each in primary
            ]
            broken = [architecture_title(model) for model, holds in verdict["controls_hold"].items() if not holds]
            lines += [f"[yellow]a control fails: {', '.join(broken)}[/]"] if broken else []
        table.add_row(study.name, escape(study.question), "\n".join(lines))
    console.print(table)


def print_plan(plan: dict[str, Any], console: Console) -> None:
    """Print runs, hypotheses and power."""
    state = "registered" if plan["is_registered"] else "[yellow]not registered: its results will be exploratory[/]"
    console.print(f"{plan['study']} ({state}): {escape(plan['question'])}")
    console.print(
        f"{len(plan['runs'])} runs, {len(plan['seeds'])} seeds, {len(plan['songs'])} songs. Their time: "
        f"python sweep.py study={plan['study']} plan_only=true"
    )
    table = Table("hypothesis", "role", "claim", "metric", title="Hypotheses", title_justify="left")
    table.add_column("smallest effect", justify="right")
    for each in plan["hypotheses"]:
        texts = (each["name"], each["role"], each["claim"], each["metric"])
        table.add_row(*map(escape, texts), f"{each['smallest_effect']:g}")
    console.print(table)
    table = Table("hypothesis", title="Power, simulated from assumed variances", title_justify="left")
    for heading in ("true effect", "reproduced", "refuted", "inconclusive"):
        table.add_column(heading, justify="right")
    for each in plan["hypotheses"]:
        for power in each["power"]:
            shares = (power["reproduced"], power["refuted"], power["inconclusive"])
            table.add_row(each["name"], f"{power['true_effect']:g}", *(f"{100 * share:.0f} %" for share in shares))
    console.print(table)


def print_verdict(verdict: dict[str, Any], console: Console) -> None:
    """Print findings, shares, and missing runs."""
    table = Table("hypothesis", "model", title=f"{verdict['study']}: {verdict['status']}", title_justify="left")
    for heading in ("effect", "95 % interval", "p (Holm)"):
        table.add_column(heading, justify="right")
    table.add_column("verdict")
    for each in verdict["findings"]:
        low, high = each["interval"]
        numbers = (f"{each['effect']:.3g}", f"{low:.3g} to {high:.3g}", f"{each.get('p_holm', each['p']):.3g}")
        table.add_row(each["hypothesis"], each["model"], *numbers, each["verdict"])
    console.print(table)
    for model, shares in (verdict["shares"] or {}).items():
        for name, share in ({} if shares is None else {**shares["groups"], **shares["differences"]}).items():
            low, high = share["interval"]
            console.print(f"{model}: {name} {100 * share['value']:.1f} % ({100 * low:.1f} to {100 * high:.1f})")
    for reason in verdict["why_exploratory"]:
        console.print(f"[yellow]exploratory:[/] {escape(reason)}.")
    for each in verdict["missing"][:10]:
        console.print(f"missing: {each['arm']} ({each['why']})", markup=False)
