"""The comparison as a W&B workspace, and as a report: verdicts, quality against speed, curves, losses, sounds, scores.

Built with W&B's own `wandb_workspaces`, from the run folders. The runs themselves are in the account if they were
logged online, or after `wandb sync`; both select them by their signatures.
"""

import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
import wandb
from wandb.sdk.lib.service.service_connection import WandbApiFailedError

from duetto.errors import ConfigError, StorageError
from duetto.evaluation.metric import HEADLINE
from duetto.evaluation.registry import all_metrics
from duetto.report.collect import RunRecord, SongFolder, section
from duetto.report.comparison.chart import axis_title
from duetto.report.comparison.curves import HELD_OUT, QUALITY, SPEED
from duetto.report.comparison.find import Found
from duetto.report.comparison.page import differences, title_of
from duetto.report.comparison.verdicts import read_verdicts, verdict_parts
from duetto.training.wandb_run import has_api_key

with warnings.catch_warnings():  # it still uses pydantic's older validators
    warnings.simplefilter("ignore", DeprecationWarning)
    import wandb_workspaces.expr as expressions
    import wandb_workspaces.reports.v2 as panels
    import wandb_workspaces.workspaces as workspaces

ROLES = ("source", "output", "reference")
REFUSED = (wandb.Error, requests.RequestException, WandbApiFailedError)  # what the client raises
NO_ACCOUNT = (
    "There is no W&B account on this machine: set WANDB_API_KEY or run `wandb login`, then repeat the command. "
    "`python -m duetto report` writes the same comparison as a page, without an account."
)
FULL = panels.Layout(w=24, h=10)
HALF = panels.Layout(w=12, h=9)


@dataclass(frozen=True)
class Place:
    """Entity and project of the workspace."""

    entity: str
    project: str


def place_of(runs: Sequence[RunRecord], entity: str | None, project: str | None) -> Place:
    """Entity and project as given, else those that the runs were logged to, else the account's defaults.

    Raises:
        ConfigError: If there is no account, or the runs were logged to several projects.
    """
    if not has_api_key():
        raise ConfigError(NO_ACCOUNT)
    loggers = [section(section(run.facts, "config"), "logger") for run in runs]
    projects = {str(logger.get("project") or "duetto") for logger in loggers} or {"duetto"}
    entities = {str(logger["entity"]) for logger in loggers if logger.get("entity")}
    if (project is None and len(projects) > 1) or (entity is None and len(entities) > 1):
        raise ConfigError("The runs were logged to several projects: name one with --project and --entity.")
    return Place(entity or next(iter(entities), None) or own_entity(), project or projects.pop())


def own_entity() -> str:
    """The account's default entity.

    Raises:
        StorageError: If W&B cannot be reached or does not know the key.
    """
    try:
        entity = wandb.Api().default_entity
    except REFUSED as error:
        raise unreachable(error) from error
    if not entity:
        raise ConfigError("The W&B account has no default entity: name one with --entity.")
    return str(entity)


def build_workspace(found: Found, place: Place, title: str | None = None) -> Any:
    """The workspace, not yet saved.

    Args:
        found: Runs and verdicts, as for the page.
        place: Its entity and project.
        title: None = what the runs are.
    """
    runs = found.runs
    return workspaces.Workspace(
        entity=place.entity,
        project=place.project,
        name=f"duetto: {title or title_of(runs)}",
        sections=[
            _section("Verdicts", [panels.MarkdownPanel(markdown=verdict_text(found), layout=FULL)]),
            _section("Quality against speed", [_scatter(name) for name in QUALITY]),
            _section("Scores of the test songs", [_bars(metric.name) for metric in _shown_metrics(runs)]),
            _section("Listen and look", _media(runs)),
            _section("Held-out scores over training", [_curve(name) for name in HELD_OUT]),
            _section("Losses", [_curve(name) for name in loss_names(runs)], is_open=False),
            _section("Settings that differ", [panels.RunComparer(diff_only=True, layout=FULL)], is_open=False),
        ],
        settings=workspaces.WorkspaceSettings(x_axis="step", max_runs=max(10, len(runs))),
        runset_settings=workspaces.RunsetSettings(
            filters=expressions.And(these(runs)) if runs else "",
            groupby=[expressions.Config("case"), expressions.Config("model")],
            pinned_columns=[
                *(f"config:{name}" for name in ("model", "case", "preprocess", "seed")),
                *(f"summary:test/{metric.name}" for metric in _shown_metrics(runs)),
            ],
        ),
    )


def build_report(found: Found, place: Place, title: str | None = None) -> Any:
    """The same as a report, a page to read; not yet saved. W&B is asked for the account's name already here.

    Args:
        found: Runs and verdicts, as for the page.
        place: Its entity and project.
        title: None = what the runs are.

    Raises:
        StorageError: If W&B cannot be reached or refuses.
    """
    runs = found.runs
    parts = {
        "Quality against speed": [_scatter(name) for name in QUALITY],
        "Scores of the test songs": [_bars(metric.name) for metric in _shown_metrics(runs)],
        "Listen and look": _media(runs),
        "Held-out scores over training": [_curve(name) for name in HELD_OUT],
        "Losses": [_curve(name) for name in loss_names(runs)],
    }
    with _refusals():
        runset = panels.Runset(
            entity=place.entity, project=place.project, filters=expressions.And(these(runs)) if runs else ""
        )
        blocks = [panels.H1("Verdicts"), panels.MarkdownBlock(verdict_text(found))]
        for name, content in parts.items():
            if content:
                blocks += [panels.H1(name), panels.PanelGrid(runsets=[runset], panels=_in_two_columns(content))]
        return panels.Report(
            entity=place.entity, project=place.project, title=f"duetto: {title or title_of(runs)}", blocks=blocks
        )


def these(runs: Sequence[RunRecord]) -> Any:
    """The filter that selects the runs: by signature, since a run of `wandb agent` has a name of the agent's."""
    return expressions.Config("signature.value").isin(signatures(runs))  # W&B keeps a value under this name


def _in_two_columns(content: Sequence[Any]) -> list[Any]:
    for number, panel in enumerate(content):
        panel.layout = panels.Layout(x=12 * (number % 2), y=9 * (number // 2), w=12, h=9)
    return list(content)


def serialised(workspace: Any) -> dict[str, Any]:
    """The data sent to W&B, as JSON values."""
    view = workspace._to_model()
    spec: dict[str, Any] = json.loads(view.spec.model_dump_json(by_alias=True, exclude_none=True))
    return {"entity": view.entity, "project": view.project, "name": view.display_name, "spec": spec}


def save(made: Any) -> str:
    """Save a workspace or report in W&B, and return its URL.

    Raises:
        StorageError: If W&B cannot be reached or refuses.
    """
    with _refusals():
        return str(made.save().url)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except REFUSED as error:
        raise unreachable(error) from error


def unreachable(error: Exception) -> StorageError:
    """An error that says why W&B did not take the dashboard."""
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return StorageError(f"W&B did not take the dashboard ({reason}). Check the network, key, entity and project.")


def signatures(runs: Sequence[RunRecord]) -> list[str]:
    """Identifiers of the runs in W&B, which are their signatures."""
    return [str(run.facts.get("signature") or run.folder.name.rsplit("-", 1)[-1]) for run in runs]


def verdict_text(found: Found) -> str:
    """Verdicts and warnings in Markdown."""
    verdicts, unread = read_verdicts(found.verdict_files)
    lines = [
        "| study | hypothesis | verdict | effect | interval | p | seeds | songs | study hash |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for study in verdict_parts(verdicts):
        for entry in study["entries"]:
            verdict = f"{entry['verdict']}{' (exploratory)' if entry['is_exploratory'] else ''}"
            cells = [study["study"], entry["title"], f"**{verdict}**", entry["effect"], entry["interval"], entry["p"]]
            cells += [entry["seeds"], entry["songs"], f"`{entry['hash']}`"]
            lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    if not verdicts:
        lines = ["**No study was run.** The rest describes single runs and cannot show what would recur."]
    sentences = [*differences(found.runs), *found.problems, *unread]
    return "\n".join([*lines, "", *(f"- {sentence}" for sentence in sentences)]).rstrip()


def loss_names(runs: Sequence[RunRecord]) -> list[str]:
    """Losses of any of the runs, in the order of their tables."""
    names = [name for run in runs for name in run.losses if name not in ("step", "minutes")]
    return list(dict.fromkeys(names))


def _shown_metrics(runs: Sequence[RunRecord]) -> list[Any]:
    own = [metric for metric in all_metrics() if metric.group == HEADLINE and metric.place == "output"]
    return [metric for metric in own if any(run.count(metric.name) for run in runs)]


def _section(name: str, content: list[Any], is_open: bool = True) -> Any:
    return workspaces.Section(name=name, panels=content, is_open=is_open)


def _title(name: str) -> str:
    metrics = {metric.name: metric for metric in all_metrics()}
    return axis_title(metrics[name]) if name in metrics else name.replace("_", " ")


def _scatter(quality: str) -> Any:
    return panels.ScatterPlot(
        title=f"{_title(quality)} against {_title(SPEED)}",
        x=panels.SummaryMetric(f"test/{SPEED}"),
        y=panels.SummaryMetric(f"test/{quality}"),
        log_x=True,
        layout=HALF,
    )


def _bars(name: str) -> Any:
    return panels.BarPlot(title=_title(name), metrics=[panels.SummaryMetric(f"test/{name}")], orientation="v")


def _curve(name: str) -> Any:
    return panels.LinePlot(title=_title(name), x="step", y=[name])


def _media(runs: Sequence[RunRecord]) -> list[Any]:
    """A panel of sounds and one of spectrograms for every song, with the pitches of a song in sequence."""
    songs: dict[str, list[SongFolder]] = {}
    for song in (song for run in runs for song in run.songs):
        songs.setdefault(f"{song.song}__{song.source_name}", []).append(song)
    found = []
    for place, of_runs in sorted(songs.items()):
        # a run of an earlier version logged its sounds under its file names
        logged = [(role, song.audio[role].stem if role in song.audio else role) for role in ROLES for song in of_runs]
        keys = [f"audio/{place}/{name}" for name in dict.fromkeys(name for _, name in logged)]
        found.append(panels.MediaBrowser(title=f"{place}: sounds", media_keys=keys, num_columns=3, layout=HALF))
        key = f"spectrograms/{place}"
        found.append(panels.MediaBrowser(title=f"{place}: spectrograms", media_keys=[key], num_columns=1, layout=HALF))
    return found
