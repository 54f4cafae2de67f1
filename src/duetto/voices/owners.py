"""Whose voices a file of weights holds: weights that ship, weights of ours wherever they were copied, foreign files.

The record of a foreign file stands inside it (`duetto export` writes it there), beside it as `FILE.json`, or in
`FILE.consent.yaml`, which a user writes who knows whose voice it is. Without any, the owner is unknown.
"""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from duetto.bases import BASES
from duetto.errors import CheckpointError
from duetto.hub.cache import row_of
from duetto.ownership.consent import embedded_consent
from duetto.ownership.consent_file import read_record, statement_path
from duetto.ownership.heritage import CONSENT_FIELD, MADE_FROM, Parent, parents_from
from duetto.ownership.registry import CONVERSION, open_registry, registry_path
from duetto.storage.digests import recorded_digests
from duetto.storage.files import read_object, sha256_file
from duetto.storage.run_folder import RUN_FILE, RunFolder, VoiceFolder
from duetto.storage.torch_file import read_torch_file

LEVELS_IN_RUN = 2  # weights lie in a run's folder or one below it
RECORD_KEY = "duetto"  # of a .pth or .ckpt: other programs ignore a key that they do not know
PICKLED = (".pth", ".pt", ".ckpt")
REMEDY = "Copy it again."
Found = tuple[dict[str, Any] | None, str]  # a record, if there is one, and where it stands
NOT_WEIGHTS = "vocoder_settings"  # an entry of a run's `weights` that is the digest of settings


def parent_of(role: str, path: Path) -> Parent:
    """A file of weights as a parent of what is made from it.

    Raises:
        CorpusError: If its record is damaged.
        CheckpointError: If it is a damaged or hostile file of PyTorch.
    """
    digest = sha256_file(path)
    if digest in _shipped():
        return Parent(role, path.name, digest, embedded_consent())
    public = _public(role, digest)
    if public is not None:
        return public
    record, origin = _record_of(path, digest)
    return parent_from(role, path.name, digest, record, origin)


def parent_from(role: str, name: str, digest: str, record: dict[str, Any] | None, origin: str) -> Parent:
    """A parent with the heritage of a record; None = its owner is unknown."""
    return parents_from([{**(record or {}), "role": role, "name": name, "sha256": digest}], origin)[0]


def parent_by_digest(role: str, digest: str) -> Parent:
    """Weights of which only the digest is known, as of runs of earlier versions."""
    if digest in _shipped():
        return Parent(role, "weights that ship", digest, embedded_consent())
    return _public(role, digest) or parent_from(role, "weights", digest, *_registered(Path(), digest))


def parents_of_run(record: dict[str, Any], origin: str) -> tuple[Parent, ...]:
    """What the run of a record was made from; one of an earlier version recorded digests alone."""
    if MADE_FROM in record:
        return parents_from(record[MADE_FROM], origin)
    corpus = parent_from("corpus", str(record.get("case")), str(record.get("data_hash") or ""), record, origin)
    weights = record.get("weights")
    digests = weights.items() if isinstance(weights, dict) else ()
    return (corpus, *(parent_by_digest(role, str(digest)) for role, digest in digests if role != NOT_WEIGHTS))


def conversions_among(digests: Iterable[str]) -> tuple[Parent, ...]:
    """The files among recordings that duetto converted, as parents: who sings in them is whoever the voice is of."""
    if not registry_path().is_file():
        return ()
    with open_registry() as registry:
        found = registry.of_ids(list(digests))
    known = {each.id: each for each in found if each.kind == CONVERSION}
    return tuple(parent_from(CONVERSION, each.name, each.id, dict(each.record), each.id) for each in known.values())


def record_inside(content: Any) -> dict[str, Any] | None:
    """The record in the content of a file that `duetto export` wrote; None without one.

    Raises:
        CheckpointError: If it is damaged.
    """
    text = content.get(RECORD_KEY) if isinstance(content, dict) else None
    if text is None:
        return None
    try:
        record = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise CheckpointError(f"The consent record inside the file is damaged ({error}). {REMEDY}") from error
    if not isinstance(record, dict):
        raise CheckpointError(f"The consent record inside the file is no record. {REMEDY}")
    return record


def _public(role: str, digest: str) -> Parent | None:
    """Weights of the hub's table, which their authors published under a licence: general ones, of no single voice."""
    row = row_of(digest)
    return None if row is None else Parent(role, row.name, digest, embedded_consent(f"{row.repository}, {row.licence}"))


def _record_of(path: Path, digest: str) -> Found:
    """The first record that is about this file, and where it stands."""
    places = (_inside, _in_card, _beside, _in_run, _registered, _stated)
    return next((found for place in places if (found := place(path, digest))[0] is not None), (None, str(path)))


def _inside(path: Path, _: str) -> Found:
    return (record_inside(read_torch_file(path, REMEDY)) if path.suffix in PICKLED else None), str(path)


def _in_card(path: Path, digest: str) -> Found:
    """In the card of one of our voices, or of weights that `duetto base` wrote."""
    for card in (VoiceFolder(path.parent).card, path.with_suffix(".json")):
        if card.is_file() and recorded_digests(found := read_object(card)).get(path.name) == digest:
            return _with_parents(found, RunFolder(card.parent.parent)), str(card)
    return None, str(path)


def _beside(path: Path, digest: str) -> Found:
    beside = path.with_name(f"{path.name}.json")
    record = read_object(beside) if beside.is_file() else {}
    output = record.get("output")
    is_its = isinstance(output, dict) and output.get("sha256") == digest
    return (record if is_its else None), str(beside)


def _in_run(path: Path, _: str) -> Found:
    """In the run that the file lies in: weights of a validation, or of a voice without digests."""
    nearest = list(path.absolute().parents)[:LEVELS_IN_RUN]
    above = next((RunFolder(place) for place in nearest if (place / RUN_FILE).is_file()), None)
    return (None, str(path)) if above is None else (_with_parents({}, above), str(above.record))


def _registered(_: Path, digest: str) -> Found:
    """In the registry, which knows our weights wherever they were copied."""
    if not registry_path().is_file():
        return None, digest
    with open_registry() as registry:
        found = registry.of_ids([digest])
    return next((dict(each.record) for each in found if each.record), None), digest


def _stated(path: Path, _: str) -> Found:
    statement = statement_path(path)
    return ({CONSENT_FIELD: read_record(statement).as_dict()} if statement.is_file() else None), str(statement)


def _with_parents(card: dict[str, Any], run: RunFolder) -> dict[str, Any]:
    """A card of an earlier version, or none, completed from the record of its run."""
    if MADE_FROM in card or not run.is_run:
        return card
    record = read_object(run.record)
    parents = parents_of_run(record, str(run.record))
    consent = card.get(CONSENT_FIELD) or record.get(CONSENT_FIELD)
    return {**card, CONSENT_FIELD: consent, MADE_FROM: [parent.as_dict() for parent in parents]}


@cache
def _shipped() -> frozenset[str]:
    """SHA-256 of all weights in the package."""
    cards = sorted(BASES.glob("*.json"))
    return frozenset(digest for card in cards for digest in recorded_digests(read_object(card)).values())
