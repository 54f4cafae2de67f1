"""What to do with a run, or with scores, that earlier code made: repeat, keep or stop, and say so in any case."""

from rich.console import Console

from duetto.errors import ConfigError
from duetto.runs.identity import EarlierRun
from duetto.storage.fingerprint import changes_sentence

KEEP, STOP = "keep", "stop"  # of `stale`; what is left is "repeat"


def keeps_earlier_run(stale: str, earlier: EarlierRun, new_name: str, console: Console) -> bool:
    """Whether a run of the same settings and data that earlier code made stands for the one that is asked for.

    Args:
        stale: repeat, keep or stop.
        earlier: The run.
        new_name: Folder name of the run that would be trained instead.
        console: Told what has changed and what follows.

    Raises:
        ConfigError: If `stale=stop`.
    """
    state = "was trained" if earlier.is_trained else "was begun"
    what = f"Run {earlier.folder.name} {state} with these settings and data, but since then has changed: "
    what += f"{changes_sentence(list(earlier.changed))}."
    if stale == STOP:
        raise ConfigError(f"{what} stale=stop ends here; stale=repeat trains anew, stale=keep takes it as it is.")
    if stale == KEEP:
        goes_on = "It is kept as it is" if earlier.is_trained else "It is resumed by today's code"
        console.print(f"[yellow]warning:[/] {what} {goes_on} (stale=keep): it is not what today's code would give.")
        return True
    console.print(f"{what} Training anew, as {new_name}. (stale=keep takes the earlier run, stale=stop ends here.)")
    return False


def keeps_earlier_scores(stale: str, changed: list[str], console: Console) -> bool:
    """Whether scores of the same evaluation settings that earlier code made stand for those that are asked for.

    Raises:
        ConfigError: If `stale=stop`.
    """
    what = f"This voice was scored with these settings, but since then has changed: {changes_sentence(changed)}."
    if stale == STOP:
        raise ConfigError(
            f"{what} stale=stop ends here; stale=repeat scores anew, stale=keep shows the earlier scores."
        )
    if stale == KEEP:
        console.print(f"[yellow]warning:[/] {what} The earlier scores are shown (stale=keep).")
        return True
    console.print(f"{what} Scoring anew. (stale=keep shows the earlier scores, stale=stop ends here.)")
    return False
