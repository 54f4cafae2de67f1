"""What a page shows of a private run: without `publish_audio` no sound, no spectrogram, and no name of a recording."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from duetto.ownership.gate import is_allowed
from duetto.ownership.heritage import CONSENT_FIELD
from duetto.ownership.privacy import is_private, shareable
from duetto.report.collect import RunRecord, SongFolder, section
from duetto.storage.run_folder import RunFolder

SCOPE = "publish_audio"
WORST = "worst"  # of preprocessing.json: the clips that lost most, by name


def audience(run: RunRecord) -> list[str]:
    """Who may see a page of a private run, one sentence; none for a voice that belongs to nobody."""
    if not is_private(run.facts):
        return []
    subject = section(run.facts, CONSENT_FIELD).get("subject") or "somebody unknown"
    if run.is_shown_in_full:
        return [f"Voice of {subject}, who allows `{SCOPE}`: this page may be shown, within the purposes agreed."]
    return [
        f"Voice of {subject}, who does not allow `{SCOPE}`: for those who work with this voice only. Recordings are "
        "numbered, and there is no sound and no spectrogram; they lie in the run's folder."
    ]


def as_shown(run: RunRecord) -> RunRecord:
    """The run as its page may show it; one of nobody's voice as it is."""
    if not is_private(run.facts):
        return run
    shown = replace(run, facts=shareable(run.facts))
    if is_allowed(run.facts, SCOPE, RunFolder(run.folder).record):
        return shown
    numbers: dict[str, str] = {}
    return replace(
        shown,
        is_shown_in_full=False,
        songs=tuple(_numbered(song, numbers) for song in run.songs),
        scores=_renamed(run.scores, numbers),
        stress_tests=_renamed(run.stress_tests, numbers),
        preprocessing={name: value for name, value in run.preprocessing.items() if name != WORST},
        intermediates=(),
        own_songs=(),
    )


def _numbered(song: SongFolder, numbers: dict[str, str]) -> SongFolder:
    return replace(song, song=_number(song.song, numbers), source_name="", audio={})


def _renamed(value: Any, numbers: dict[str, str]) -> Any:
    """Scores with numbers in place of the names of songs and sources."""
    if isinstance(value, list):
        return [_renamed(item, numbers) for item in value]
    if not isinstance(value, Mapping):
        return value
    named = {name: _renamed(item, numbers) for name, item in value.items()}
    if isinstance(named.get("song"), str):
        named["song"] = _number(named["song"], numbers)
    return {name: "" if name == "source_name" else item for name, item in named.items()}


def _number(song: str, numbers: dict[str, str]) -> str:
    return numbers.setdefault(song, f"recording {len(numbers) + 1}")
