"""`python -m duetto export`: writes a voice as files that other programs load.

Either the architecture's own exporter does, for the programs of its ecosystem, or that of ONNX.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from pkgutil import resolve_name
from types import MappingProxyType
from typing import Any

from duetto.architectures.registry import architecture_of
from duetto.errors import CheckpointError
from duetto.hub.table import public_weights
from duetto.ownership.gate import require_allowed
from duetto.ownership.heritage import heritage_of, walk
from duetto.storage.run_folder import VOICE_CARD_NAME
from duetto.voices.permission import lineage_record, write_beside
from duetto.voices.voice import load_voice

PLAIN_LICENCES = ("MIT", "Apache-2.0")  # whose text is all that they ask for
ECOSYSTEM, ONNX = "ecosystem", "onnx"
FORMS = (ECOSYSTEM, ONNX)
# the same for every architecture
EXPORTERS = MappingProxyType({ONNX: "duetto.voices.interchange.onnx_file:export_onnx"})


@dataclass(frozen=True)
class Export:
    """What to export, and where to."""

    voice_folder: Path  # from which the voice was read
    folder: Path  # for the exported files
    name: str  # of the voice, as users of the other program see it


@dataclass(frozen=True)
class Exported:
    """The written files."""

    model: Path
    index: Path | None  # None = the voice has no index
    hints: tuple[str, ...]  # say where each file belongs
    vocoder: Path | None = None  # None = the voice has none of its own

    @property
    def files(self) -> list[Path]:
        """Every file that holds something learned."""
        return [path for path in (self.model, self.index, self.vocoder) if path is not None]


def export_voice(voice_folder: Path, folder: Path, name: str, today: date, form: str = ECOSYSTEM) -> Exported:
    """Write the public files of a trained or imported voice, each with its record beside it as `FILE.json`.

    Args:
        voice_folder: The `voice` folder of a run.
        folder: Folder for the files.
        name: Name of the voice, as users of the other program see it.
        today: The day for which consent is checked.
        form: One of `FORMS`.

    Raises:
        CorpusError: If somebody in its heritage does not allow `publish_weights`, or nobody knows who is in it.
        CheckpointError: If other programs do not support such a voice; says why.
        StorageError: If the folder cannot be written.
    """
    voice = load_voice(voice_folder)
    architecture = architecture_of(voice.model)
    exporter = EXPORTERS.get(form, architecture.exporter)
    if exporter is None:
        raise CheckpointError(f"{name} is a {architecture.title} voice. {architecture.no_export}")
    require_allowed(voice.card, "publish_weights", voice_folder / VOICE_CARD_NAME, today)
    exported: Exported = resolve_name(exporter)(voice, Export(voice_folder, folder, name))
    for path in exported.files:
        write_beside(path, {"name": name, **lineage_record(voice.card)})
    return replace(exported, hints=(*exported.hints, *terms_of(voice.card)))


def terms_of(card: Mapping[str, Any]) -> tuple[str, ...]:
    """A sentence for each of the weights of others in a voice whose licence asks for more than its text."""
    names = {parent.name for parent in walk(heritage_of(card, "the card").parents)}
    return tuple(
        f"It holds {row.name} of {row.repository}, under {row.licence}: {row.what}."
        for row in public_weights()
        if row.name in names and row.licence not in PLAIN_LICENCES
    )
