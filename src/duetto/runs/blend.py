"""Makes the run of a blend: its name, folder, page, and its place in the registry."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from duetto.report.page import write_run_page
from duetto.runs.identity import signature_of
from duetto.runs.registration import register_run
from duetto.runs.train import locked, update_run
from duetto.storage.run_folder import RunFolder
from duetto.voices.blend import BLEND, fingerprint_of, open_ingredients, require_two, unrelated, write_blend
from duetto.voices.names import claim_name


def make_blend(shares: Mapping[Path, float], logs: Path, name: str | None, console: Console) -> dict[str, str | Path]:
    """Blend voices into a run below `logs`; the same voices and shares are blended once.

    Args:
        shares: Share of each run's folder, above 0; they are scaled to add up to 1.
        logs: Folder of the runs.
        name: Of the blend; None = none, or the one that it has.
        console: Is told what it is made of.

    Returns:
        What lies where, for the closing lines.

    Raises:
        DuettoError: If the voices cannot be blended, or somebody in them does not allow it; says why.
    """
    require_two(shares)
    ingredients = open_ingredients(shares)
    made_of = fingerprint_of(ingredients)
    signature = signature_of(made_of)
    model = ingredients[0].voice.model
    run = RunFolder(logs / f"{BLEND}-{model.name}-{model.size}-{signature}")
    for sentence in filter(None, [unrelated(ingredients)]):
        console.print(f"[yellow]warning:[/] {sentence}")
    with locked(run.path):
        given = claim_name(name, run, logs, made_of, console)
        if run.voice.is_trained:
            update_run(run.path, given)
            console.print(f"{run.name} holds this blend already; nothing is repeated.", markup=False)
        else:
            write_blend(ingredients, run, signature, {**given, "made_of": made_of.as_dict()})
        page = write_run_page(run.path)
        register_run(run)
    parts = ", ".join(f"{100 * each.share:.0f} % {each.name}" for each in ingredients)
    wanted = shlex.quote(f"run={name or signature}")
    return {
        f"blend of {parts}": run.path,
        "page": page,
        "sing a song": f"python infer.py {wanted} source=SONG.wav transpose=auto",
    }
