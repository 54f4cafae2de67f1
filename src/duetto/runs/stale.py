"""Decides what happens to runs and scores of earlier code: repeat, keep or stop, always with a message."""

from rich.console import Console

from duetto.errors import ConfigError
from duetto.runs.identity import EarlierRun
from duetto.storage.fingerprint import changes_sentence

KEEP, STOP = "keep", "stop"  # values of `stale`; the third is "repeat"


def keeps_earlier_run(stale: str, earlier: EarlierRun, new_name: str, console: Console) -> bool:
    """Whether a run of the same settings and data by earlier code replaces the requested one.

    Args:
        stale: repeat, keep or stop.
        earlier: The run.
        new_name: Folder name of the run that would be trained instead.
        console: Receives a message on what has changed and what follows.

    Raises:
        ConfigError: If `stale=stop`.
    """
    state = "was trained" if earlier.is_trained else "was begun"
    what = f"Run {earlier.folder.name} {state} with these settings and data, but the following has changed since: "
    what += f"{changes_sentence(list(earlier.changed))}."
    if stale == STOP:
        raise ConfigError(f"{what} stale=stop ends here; stale=repeat trains again, stale=keep keeps it unchanged.")
    if stale == KEEP:
        goes_on = "It is kept unchanged" if earlier.is_trained else "It is resumed by today's code"
        console.print(f"[yellow]warning:[/] {what} {goes_on} (stale=keep): its result is not that of today's code.")
        return True
    console.print(f"{what} Training again, as {new_name}. (stale=keep keeps the earlier run, stale=stop ends here.)")
    return False


def keeps_earlier_scores(stale: str, changed: list[str], console: Console) -> bool:
    """Whether scores of the same evaluation settings by earlier code replace the requested ones.

    Raises:
        ConfigError: If `stale=stop`.
    """
    what = f"This voice was scored with these settings, but the following changed since: {changes_sentence(changed)}."
    if stale == STOP:
        raise ConfigError(
            f"{what} stale=stop ends here; stale=repeat scores again, stale=keep shows the earlier scores."
        )
    if stale == KEEP:
        console.print(f"[yellow]warning:[/] {what} The earlier scores are shown (stale=keep).")
        return True
    console.print(f"{what} Scoring again. (stale=keep shows the earlier scores, stale=stop ends here.)")
    return False
