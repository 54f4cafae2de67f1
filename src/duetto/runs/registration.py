"""Enters what a command made into the registry, and makes the registry again from the artefacts."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from duetto.corpus.build import CORPORA
from duetto.corpus.manifest import MANIFEST_NAME
from duetto.errors import DuettoError, StorageError
from duetto.ownership.registry import Artefact, open_registry
from duetto.runs.artefacts import FEATURES_NAME, artefacts_of_corpus, artefacts_of_recordings, artefacts_of_run
from duetto.runs.prepare import PreparedData
from duetto.settings.config import DataConfig, from_dict
from duetto.settings.run_config import TrainConfig
from duetto.storage.files import read_object, write_json
from duetto.storage.locks import in_turn
from duetto.storage.run_folder import RUN_FILE, VOICE_CARD_NAME, VOICE_FOLDER, RunFolder
from duetto.voices.find import recorded_runs

PREPROCESSED = "preprocessed"

logger = logging.getLogger(__name__)


def register_data(config: TrainConfig, prepared: PreparedData) -> None:
    """Enter recordings, corpora and features of a run, and list the features in the preprocessed corpus.

    Raises:
        StorageError: If the list cannot be written.
    """
    list_features(prepared.folder, {path.stem: str(path.absolute()) for path in prepared.features.paths.values()})
    root = Path(config.data.root)
    found = [*artefacts_of_recordings(config.data), *artefacts_of_corpus(prepared.folder), *_corpora(root, prepared)]
    register(found, [root, Path(config.logs)])


def list_features(corpus: Path, paths: Mapping[str, str]) -> None:
    """Add feature files, by their names, to the list in a corpus; runs that do so at once lose no entry of each other.

    Raises:
        StorageError: If the list cannot be written.
    """
    listing = corpus / FEATURES_NAME
    if not paths.items() <= _listed(listing).items():
        with in_turn(listing.with_name(f".{FEATURES_NAME}.lock")):
            write_json(listing, _listed(listing) | dict(paths))


def _listed(listing: Path) -> dict[str, Any]:
    return read_object(listing) if listing.is_file() else {}


def register_run(run: RunFolder) -> None:
    """Enter a run and everything in its folder.

    Raises:
        DuettoError: If a record in it is damaged.
    """
    register(artefacts_of_run(run), [run.path.parent])


def register(artefacts: Iterable[Artefact], places: Iterable[Path] = ()) -> None:
    """Enter artefacts; if the registry cannot be written, say so: it can be made again from what is on the disk."""
    try:
        with open_registry() as registry:
            registry.enter(artefacts, places)
    except StorageError as error:
        logger.warning("%s Not entered in the registry; `python -m duetto lineage --rebuild` enters it later.", error)


def read_again(logs: Path, data: Path, is_cleared: bool = False) -> int:
    """Enter everything in these folders and those that the registry knows; the number of artefacts.

    What cannot be read is told and left out.

    Args:
        logs: A folder of runs; need not exist.
        data: A folder of corpora and caches, likewise.
        is_cleared: Whether the registry first forgets what it knew, also of what was moved or deleted.

    Raises:
        StorageError: If the registry cannot be written.
    """
    with open_registry() as registry:
        places = (logs, data, *registry.places())
        folders = list(dict.fromkeys(path.absolute() for path in places if path.is_dir()))
        configs = [config for folder in folders for config in _data_of_runs(folder)]
        roots = dict.fromkeys((*folders, *(Path(config.root).absolute() for config in configs)))
        found = [each for folder in folders for run in _runs_below(folder) for each in _told(artefacts_of_run, run)]
        found += [
            each for root in roots for place in _corpora_below(root) for each in _told(artefacts_of_corpus, place)
        ]
        distinct = {(config.case, config.path, config.singer): config for config in configs}
        found += [each for config in distinct.values() for each in _told(artefacts_of_recordings, config)]
        if is_cleared:
            registry.clear()
        registry.enter(found, roots)
    return len(found)


def _runs_below(logs: Path) -> list[RunFolder]:
    """Runs, and voices without the record of a run."""
    voices = {card.parent.parent for card in logs.glob(f"*/{VOICE_FOLDER}/{VOICE_CARD_NAME}")}
    return [RunFolder(path) for path in sorted(voices | {record.parent for record in logs.glob(f"*/{RUN_FILE}")})]


def _told(read: Any, what: Any) -> list[Artefact]:
    try:
        artefacts: list[Artefact] = read(what)
    except DuettoError as error:
        logger.warning("Left out of the registry: %s", error)
        return []
    return artefacts


def _data_of_runs(logs: Path) -> Iterator[DataConfig]:
    for run, record in recorded_runs(logs):
        values = record.get("config")
        if isinstance(values, dict):
            try:
                yield from_dict(DataConfig, values["data"])
            except (DuettoError, KeyError, TypeError, AttributeError) as error:
                logger.warning("The data settings of %s cannot be read: %s", run.path, error)


def _corpora(root: Path, prepared: PreparedData) -> list[Artefact]:
    """The corpora of the same case that a preprocessed corpus may come from."""
    places = (place for place in _corpora_below(root) if place.name.startswith(f"{prepared.manifest.case}-"))
    return [each for place in places for each in _told(artefacts_of_corpus, place)]


def _corpora_below(root: Path) -> list[Path]:
    return sorted(path.parent for part in (CORPORA, PREPROCESSED) for path in root.glob(f"{part}/*/{MANIFEST_NAME}"))
