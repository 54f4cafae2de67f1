"""`python -m duetto export`: a voice becomes the files that other programs load, by its architecture's exporter."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from pkgutil import resolve_name

from duetto.architectures.registry import architecture_of
from duetto.errors import CheckpointError
from duetto.voices.permission import require_allowed
from duetto.voices.voice import load_voice


@dataclass(frozen=True)
class Export:
    """What is asked of an exporter."""

    voice_folder: Path  # that the voice was read from
    folder: Path  # where the files go
    name: str  # of the voice, as users will see it


@dataclass(frozen=True)
class Exported:
    """What was written."""

    model: Path
    index: Path | None  # None: there is none
    hints: tuple[str, ...]  # where each file belongs, for people


def export_voice(voice_folder: Path, folder: Path, name: str, today: date) -> Exported:
    """Write the public files of a trained or imported voice.

    Args:
        voice_folder: The `voice` folder of a run.
        folder: Where the files go.
        name: Of the voice, as users will see it.
        today: The day on which consent has to hold.

    Raises:
        CorpusError: If the voice is a person's who does not allow `publish_weights`.
        CheckpointError: If other programs have no place for such a voice; says why.
        StorageError: If the folder cannot be written.
    """
    voice = load_voice(voice_folder)
    architecture = architecture_of(voice.model)
    if architecture.exporter is None:
        raise CheckpointError(f"{name} is a {architecture.title} voice. {architecture.no_export}")
    require_allowed(voice.card, "publish_weights", voice_folder, today)  # an imported voice has no record of ours
    exported: Exported = resolve_name(architecture.exporter)(voice, Export(voice_folder, folder, name))
    return exported
