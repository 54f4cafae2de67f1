"""The page of a run: one HTML file with embedded pictures and sounds, readable without a network.

The template escapes everything that comes from files; a content security policy allows only the page's own script and
style, identified by their hashes.
"""

from pathlib import Path

from duetto.report import sections
from duetto.report.blend import shares_of
from duetto.report.collect import RunRecord, collect_run
from duetto.report.damage import damage_part
from duetto.report.headline import headline, warnings_of
from duetto.report.own_voice import PLAYERS, doctor_part, is_own, next_commands
from duetto.report.privacy import as_shown
from duetto.report.template import content_policy, make_environment, template_source
from duetto.storage.files import write_text
from duetto.storage.run_folder import EvaluationFolder, RunFolder


def write_run_page(run_folder: Path, evaluation: EvaluationFolder | None = None) -> Path:
    """Write the page of a run into its folder.

    Args:
        run_folder: As described in `duetto.report.collect`; missing parts are left out.
        evaluation: The evaluation whose scores are shown; None = the newest.

    Returns:
        The page's path.

    Raises:
        StorageError: If there is no such folder, its JSON or CSV is damaged, or it cannot be written.
        AudioError: If a song's file is damaged.
    """
    page = RunFolder(run_folder).page
    write_text(page, render_page(as_shown(collect_run(run_folder, evaluation=evaluation))))
    return page


def render_page(run: RunRecord) -> str:
    """The page as HTML text."""
    environment = make_environment()
    style, script = (template_source(environment, name) for name in ("run.css", "run.js"))
    rebuilt = is_own(run)
    return environment.get_template("run.html").render(
        run_name=run.name,
        is_own=rebuilt,
        doctor=doctor_part(run) if rebuilt else None,
        commands=next_commands(run) if rebuilt or shares_of(run) else [],
        headline=headline(run),
        warnings=warnings_of(run),
        facts=sections.fact_rows(run),
        gap=sections.gap_marker(run),
        metrics=sections.metric_rows(run),
        pictures=sections.curve_pictures(run),
        songs=[sections.song_part(song, PLAYERS if rebuilt else sections.PLAYERS) for song in run.songs],
        own_songs=sections.own_song_parts(run),
        intermediates=sections.intermediate_players(run),
        ledger=sections.ledger_part(run),
        damage=damage_part(run),
        record=sections.record_part(run),
        policy=content_policy(style, script),
        style=style,
        script=script,
    )
