"""The artefacts of a run, of a corpus and of a folder of recordings, as the registry keeps them.

Everything is read from the artefacts' own records, so that the registry can be made again from them.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from duetto.corpus.jobs import FINGERPRINT_NAME
from duetto.corpus.manifest import load_manifest
from duetto.corpus.recordings.folder import consent_path, open_folder
from duetto.corpus.recordings.listing import digests_of
from duetto.corpus.scores.user_scores import open_scores
from duetto.ownership.consent import CONSENT_NAME, consent_from_dict
from duetto.ownership.consent_file import read_record
from duetto.ownership.heritage import CONSENT_FIELD, MADE_FROM, Parent, persons_of, walk
from duetto.ownership.registry import CONVERSION, Artefact
from duetto.settings.config import DataConfig
from duetto.storage.digests import DIGESTS_NAME, TRAINING, recorded_digests
from duetto.storage.files import read_object, sha256_file
from duetto.storage.run_folder import VOICE_CARD_NAME, RunFolder
from duetto.voices.find import recorded_runs
from duetto.voices.owners import parents_of_run
from duetto.voices.permission import NO_RECORD
from duetto.workers import thread_pool

FEATURES_NAME = "features.json"  # in a preprocessed corpus: the cached features of its clips
WANDB_FOLDER, TENSORBOARD_FOLDER = "wandb", "tensorboard"
FROM_RECORDINGS = ("folder", "mix", "folder_vsqx")  # cases that read a folder of recordings


def artefacts_of_run(run: RunFolder) -> list[Artefact]:
    """A run or a voice without one, everything known in its folder, and its ancestors.

    Raises:
        DuettoError: If a record in it is damaged.
    """
    record = read_object(run.record if run.is_run else run.voice.card)
    parents = parents_of_run(record, str(run.record))
    id = str(record.get("signature") or run.name)
    subjects = {person.subject for each in walk(parents) for person in persons_of(each.consent)}
    edges = tuple((parent.role, parent.sha256) for parent in parents)
    own = Artefact(id, "run", run.name, _place(run.path), edges, tuple(sorted(subjects)))
    parts = {
        "checkpoints": run.checkpoints,
        "evaluations": run.path / "evaluations",
        "page": run.page,
        "W&B files": run.path / WANDB_FOLDER,
        "TensorBoard files": run.path / TENSORBOARD_FOLDER,
    }
    return [
        own,
        *(each for parent in walk(parents) for each in _ancestor(parent)),
        *(
            Artefact(f"{id}/{path.name}", kind, path.name, _place(path), (("run", id),))
            for kind, path in parts.items()
            if path.exists()
        ),
        *(each for card in sorted(run.path.glob(f"*/{VOICE_CARD_NAME}")) for each in _of_card(card, id)),
        *_of_validations(run, id, record),
        *(artefact_of_file(path) for path in _records_beside(run)),
    ]


def artefact_of_file(record_path: Path) -> Artefact:
    """A converted or exported file, by the record beside it.

    Raises:
        StorageError: If the record is damaged.
    """
    record = read_object(record_path)
    output, weights = record["output"], record.get("weights")
    parent = ("voice", str(weights)) if weights else ("run", str(record.get("signature")))
    is_conversion = "generated" in record
    consent = record.get(CONSENT_FIELD)
    kept = {CONSENT_FIELD: None if consent == NO_RECORD else consent, MADE_FROM: record.get(MADE_FROM)}
    path = record_path.with_name(str(output["name"]))
    kind = CONVERSION if is_conversion else "export"
    return Artefact(str(output["sha256"]), kind, path.name, _place(path), (parent,), record=kept)


def artefact_of_page(page: Path, runs: Iterable[Path]) -> Artefact:
    """A page that compares runs, which may hold their sound; runs that cannot be read are not in it."""
    wanted = set(runs)
    readable = (each for logs in sorted({run.parent for run in wanted}) for each in recorded_runs(logs))
    edges = tuple(("run", str(record.get("signature") or "")) for run, record in readable if run.path in wanted)
    return Artefact(sha256_file(page), "page", page.name, _place(page), edges)


def artefacts_of_corpus(folder: Path) -> list[Artefact]:
    """A corpus, or a preprocessed one with its cached features.

    Raises:
        DuettoError: If its manifest or a list in it is damaged.
    """
    manifest = load_manifest(folder)
    id = manifest.content_hash()
    persons = persons_of(consent_from_dict(manifest.consent, str(folder)))
    made_of = read_object(folder / FINGERPRINT_NAME) if (folder / FINGERPRINT_NAME).is_file() else {}
    before = made_of.get("inputs", {}).get("corpus")
    recordings = [] if before else [("recording", each) for each in manifest.settings.get("recordings", {}).values()]
    edges = (*recordings, *((("corpus", str(before)),) if before else ()))
    kind = "preprocessed corpus" if before else "corpus"
    own = Artefact(id, kind, folder.name, _place(folder), edges, tuple(person.subject for person in persons))
    listing = folder / FEATURES_NAME
    names = read_object(listing) if listing.is_file() else {}
    features = [Path(str(path)) for path in names.values()]
    return [own, *(Artefact(path.stem, "features", path.name, _place(path), (("audio", id),)) for path in features)]


def artefacts_of_recordings(config: DataConfig) -> list[Artefact]:
    """The user's recordings, each with its singer; none if the case has none or they have been moved.

    Raises:
        CorpusError: If a consent record is damaged.
    """
    path = Path(config.path or "")
    if config.case == "ddb" and path.is_file() and path.with_name(CONSENT_NAME).is_file():
        return [_recording(path, sha256_file(path), path.with_name(CONSENT_NAME))]
    if config.case not in FROM_RECORDINGS or config.path is None or not path.is_dir():
        return []
    if config.case == "folder_vsqx" and not open_scores(config).has_recordings:
        return []
    listing = open_folder(config)
    records = {path: consent_path(listing, path) for path in listing.files}
    files = [path for path in listing.files if records[path].is_file()]
    with thread_pool(None) as executor:
        digests = digests_of(files, executor)
    readable = [(path, digest) for path, digest in zip(files, digests, strict=True) if digest]
    return [_recording(path, digest, records[path]) for path, digest in readable]


def _recording(path: Path, digest: str, record: Path) -> Artefact:
    subjects = tuple(person.subject for person in persons_of(read_record(record)))
    return Artefact(digest, "recording", path.name, _place(path), subjects=subjects)


def _ancestor(parent: Parent) -> Iterator[Artefact]:
    values = parent.as_dict()
    kept = {name: values[name] for name in (CONSENT_FIELD, MADE_FROM)}
    known = parent.consent is not None or parent.parents
    yield Artefact(
        parent.sha256,
        "corpus" if parent.role == "corpus" else "weights",
        parent.name,
        parents=tuple((each.role, each.sha256) for each in parent.parents),
        subjects=tuple(person.subject for person in persons_of(parent.consent)),
        record=kept if known else {},
    )


def _of_card(card: Path, run: str) -> Iterator[Artefact]:
    values = read_object(card)
    for name, digest in recorded_digests(values).items():
        path = card.with_name(name)
        is_weights = path.suffix == ".safetensors"
        kept = {field: values.get(field) for field in (CONSENT_FIELD, MADE_FROM)} if is_weights else {}
        yield Artefact(digest, "weights" if is_weights else "index", name, _place(path), (("run", run),), record=kept)


def _of_validations(run: RunFolder, id: str, record: Mapping[str, Any]) -> Iterator[Artefact]:
    listing = run.checkpoints / DIGESTS_NAME
    kept = {field: record.get(field) for field in (CONSENT_FIELD, MADE_FROM)}
    for name, digests in (read_object(listing) if listing.is_file() else {}).items():
        if name != TRAINING:
            path = run.checkpoints / name
            yield from (Artefact(each, "weights", name, _place(path), (("run", id),), record=kept) for each in digests)


def _records_beside(run: RunFolder) -> Iterator[Path]:
    """The records beside converted and exported files in a run's folder."""
    for folder in (run.conversions, run.exports):
        yield from (path for path in sorted(folder.rglob("*.*.json")) if "output" in read_object(path))


def _place(path: Path) -> str:
    return str(path.absolute())
