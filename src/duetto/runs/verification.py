"""What a file says of where it comes from: watermark, manifest, metadata, the record beside it, and consent today."""

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from duetto.errors import CorpusError, StorageError
from duetto.ownership.gate import require_allowed
from duetto.ownership.heritage import CONSENT_FIELD, MADE_FROM, heritage_of
from duetto.ownership.marking.find import Marks, find_marks
from duetto.ownership.marking.keys import key_name, pattern_of, read_key
from duetto.ownership.marking.manifest import Manifest, State, read
from duetto.ownership.registry import open_registry, registry_path
from duetto.storage.audio import read_blocks, read_info
from duetto.storage.audio_libsndfile import file_name
from duetto.storage.files import read_object, sha256_file
from duetto.voices.marks import SHORTEST_S
from duetto.voices.permission import NO_RECORD

SURE_BELOW = 1e-3  # p-value at which the installation's signs count as found
TAGS = ("title", "artist", "copyright", "comment", "software")
GENERATED = "AI-generated"  # in the tags that duetto writes


@dataclass(frozen=True)
class Verification:
    """Everything found of a file."""

    marks: Marks
    key: str | None  # name of the installation's key that was looked for
    manifest: Manifest
    tags: dict[str, str]
    beside: str  # what is known of the record beside the file
    consent: str  # a sentence on today

    @property
    def is_ours(self) -> bool:
        """Whether watermark, manifest or metadata say that duetto made the file."""
        by_manifest = self.manifest.claims is not None and self.manifest.state in (State.VALID, State.ALTERED)
        return self.marks.is_marked or by_manifest or any(GENERATED in text for text in self.tags.values())

    def as_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "is_marked": self.marks.is_marked,
            "p_value": self.marks.p_value,
            "marked_spans_s": self.marks.spans(),
            "installation": {"key": self.key, "p_value": self.marks.identity_p_value},
            "manifest": {
                "state": self.manifest.state.value,
                "said": self.manifest.said,
                "signer": self.manifest.signer,
            },
            "metadata": self.tags,
            "record": self.beside,
            "consent": self.consent,
        }

    def rows(self) -> list[tuple[str, str]]:
        """Names and sentences, for a table."""
        shown = self.tags if any(GENERATED in text for text in self.tags.values()) else {}
        return [
            ("watermark", self._of_mark()),
            ("installation", self._of_installation()),
            ("C2PA manifest", f"{self.manifest.state.value}: {self.manifest.said}"),
            ("metadata", shown.get("comment") or shown.get("title") or "says nothing of an AI"),
            ("record beside it", self.beside),
            ("consent today", self.consent),
        ]

    def _of_mark(self) -> str:
        if self.marks.is_marked:
            spans = ", ".join(f"{start:g} to {end:g} s" for start, end in self.marks.spans())
            return f"found, p = {self.marks.p_value:.0e}: {spans} of {self.marks.duration_s:.1f} s"
        if self.marks.duration_s < SHORTEST_S:
            return f"not found: a file shorter than {SHORTEST_S:g} s holds none"
        return f"not found (p = {self.marks.p_value:.1g}): never there, or lost in what was done to the file"

    def _of_installation(self) -> str:
        if not self.marks.is_marked or self.key is None:
            return "not looked for" if self.key is None else "nothing to look in"
        p_value = self.marks.identity_p_value
        if p_value <= SURE_BELOW:
            return f"marked with key {self.key}, p = {p_value:.0e}"
        return f"not marked with key {self.key}, or too short or too far from its original to tell (p = {p_value:.1g})"


def verify(path: Path, key_file: Path | None = None) -> Verification:
    """Examine a file.

    Args:
        path: Any audio file.
        key_file: Key of the installation that is asked for; None = this one's, if it has made one.

    Raises:
        AudioError: If it is no audio that can be read.
        ConfigError: If the key cannot be read.
    """
    key = read_key(key_file)
    info = read_info(path)
    mono = (block.mean(axis=0, dtype=np.float32) for block in read_blocks(path))
    marks, manifest = find_marks(mono, info.sample_rate, pattern_of(key)), read(path)
    record, beside = _record_of(path, manifest)
    return Verification(
        marks, None if key is None else key_name(key), manifest, _tags(path), beside, _consent(record, path)
    )


def _tags(path: Path) -> dict[str, str]:
    with contextlib.suppress(soundfile.LibsndfileError), soundfile.SoundFile(file_name(path)) as file:
        return {name: text for name in TAGS if (text := getattr(file, name))}
    return {}


def _record_of(path: Path, manifest: Manifest) -> tuple[dict[str, Any] | None, str]:
    """The record of a file, and what to say of it: beside it, else in the registry by its digest or its weights'."""
    digest, beside = sha256_file(path), path.with_name(f"{path.name}.json")
    if beside.is_file():
        try:
            record = read_object(beside)
            fits = record["output"]["sha256"] == digest
        except (StorageError, KeyError, TypeError) as error:
            return None, f"{beside.name} cannot be read ({error})"
        if not fits:
            return record, f"{beside.name} is of another file, or this one was changed since"
        reason = (record.get("marking") or {}).get("reason")
        return record, f"{beside.name} fits{f'; not marked, because: {reason}' if reason else ''}"
    weights = str((manifest.claims or {}).get("weights") or "")
    if registry_path().is_file():
        with open_registry() as registry:
            found = registry.of_ids([digest]) or (registry.of_ids([weights]) if weights else [])
        for artefact in found:
            if artefact.record:
                return dict(artefact.record), f"none, but the registry knows the file's {artefact.kind} {artefact.name}"
    return None, "none"


def _consent(record: dict[str, Any] | None, path: Path) -> str:
    if record is None or (record.get(CONSENT_FIELD) in (None, NO_RECORD) and not record.get(MADE_FROM)):
        return "not known: no record leads to whose voice it is"
    known = {name: record.get(name) for name in (CONSENT_FIELD, MADE_FROM) if record.get(name) != NO_RECORD}
    try:
        heritage = heritage_of(known, path.name)
        require_allowed(known, "infer", path)
    except CorpusError as error:
        return str(error)
    names = ", ".join(person.subject for person in heritage.persons)
    strangers = f"; nobody knows whose voices are in {', '.join(heritage.unknown)}" if heritage.unknown else ""
    return f"{f'conversion is allowed by {names}' if names else 'a synthetic voice'}{strangers}"
