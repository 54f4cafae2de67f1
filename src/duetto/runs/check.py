"""Checks that the files of a run or of a voice are intact: weights by their digests, records by reading them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from duetto.conversion.retrieval import INDEX_NAME
from duetto.errors import CheckpointError, StorageError
from duetto.storage.digests import DIGESTS_NAME, TRAINING, is_noted, recorded_digests
from duetto.storage.files import read_json, read_object, sha256_file
from duetto.storage.leftovers import TEMPORARY
from duetto.storage.run_folder import VOICE_CARD_NAME, RunFolder, VoiceFolder
from duetto.training.checkpoint import NAMES
from duetto.training.selection import kept_validations
from duetto.voices.voice import REMEDY, is_part

State = Literal["whole", "not known", "damaged", "missing", "left over"]
AGAIN = "Delete it and repeat the command that made it."
EARLIER = "An earlier version wrote it without a digest."
LEFT_OVER = "A killed process left it behind; the next training of the run removes it."


@dataclass(frozen=True)
class CheckedFile:
    """A file, its state, and what to do about it."""

    path: Path
    state: State
    advice: str = ""

    @property
    def is_bad(self) -> bool:
        """Whether the user has to act."""
        return self.state in ("damaged", "missing")


def check_files(folder: Path) -> list[CheckedFile]:
    """Check every file of a run, or of a voice on its own, whose state can be determined.

    Raises:
        CheckpointError: If the folder holds neither a run nor a voice.
    """
    run = RunFolder(folder)
    voices = sorted({card.parent for card in (*folder.glob(VOICE_CARD_NAME), *folder.glob(f"*/{VOICE_CARD_NAME}"))})
    if not run.is_run and not voices:
        raise CheckpointError(f"{folder} holds neither a run nor a voice. Give a folder that does, such as logs/NAME.")
    checked = [each for voice in voices for each in _check_voice(VoiceFolder(voice))]
    if run.is_run or run.voice.is_trained:
        checked += [*_check_records(run), *_check_checkpoints(run.checkpoints)]
    checked += [CheckedFile(path, "left over", LEFT_OVER) for path in sorted(folder.rglob(f"{TEMPORARY}*"))]
    return checked


def _check_voice(voice: VoiceFolder) -> Iterator[CheckedFile]:
    try:
        digests = recorded_digests(read_object(voice.card))
    except StorageError:
        yield CheckedFile(voice.card, "damaged", REMEDY)
        return
    yield CheckedFile(voice.card, "whole")
    there = {path.name for path in voice.path.iterdir() if path.is_file() and is_part(path)}
    for name in sorted({*digests, *there, voice.weights.name}):
        path = voice.path / name
        if name not in there:
            yield CheckedFile(path, "missing", REMEDY)
        elif name not in digests:
            yield CheckedFile(path, "not known", EARLIER)
        else:
            is_whole = sha256_file(path) == digests[name]
            advice = f"{REMEDY} Until then, convert with index_rate=0." if name == INDEX_NAME else REMEDY
            yield CheckedFile(path, "whole") if is_whole else CheckedFile(path, "damaged", advice)


def _check_records(run: RunFolder) -> Iterator[CheckedFile]:
    if not run.is_run:
        yield CheckedFile(run.record, "missing", "Repeat the training command, which writes the record again.")
    evaluations = (path for place in run.evaluations() for path in (place.record, place.metrics))
    records = (run.record, run.preprocessing, run.overtraining, run.stress_tests, *evaluations)
    for path in (path for path in records if path.is_file()):
        try:
            read_object(path)
        except StorageError:
            yield CheckedFile(path, "damaged", AGAIN)
        else:
            yield CheckedFile(path, "whole")


def _check_checkpoints(folder: Path) -> Iterator[CheckedFile]:
    listing = folder / DIGESTS_NAME
    if listing.is_file():
        try:
            read_json(listing)
        except StorageError:
            yield CheckedFile(listing, "damaged", "Delete it: checkpoints are then used unchecked.")
    files = {folder / name: TRAINING for name in NAMES} | {
        path: path.name for path in kept_validations(folder).values()
    }
    for path in (path for path in files if path.is_file()):
        is_whole = is_noted(path, files[path])
        if is_whole is None:
            yield CheckedFile(path, "not known", EARLIER)
        elif is_whole:
            yield CheckedFile(path, "whole")
        else:
            yield CheckedFile(path, "damaged", "Delete it: a training resumes from the checkpoint before it.")
