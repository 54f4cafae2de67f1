"""What weights were made from, and what everyone in it allows.

A voice's card and a run's record hold `made_from`: the corpus and every file of weights that the training started from
or renders with, each with its digest, its consent record and what it was made from itself. `consent` beside it is the
meet: it allows what all persons in `made_from` allow. Weights that came without a record are *unknown*.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from duetto.errors import CorpusError
from duetto.ownership.consent import Consent, consent_from_dict, join_consents

CONSENT_FIELD, MADE_FROM = "consent", "made_from"  # of a card, a run's record, or the record of an exported file
DEEPEST = 50  # generations of weights


@dataclass(frozen=True)
class Parent:
    """One thing that weights were made from."""

    role: str  # corpus, base, discriminator, vocoder, index, file
    name: str
    sha256: str  # of the file; of a corpus, its content hash
    consent: Consent | None  # of everyone in it; None = nobody knows whose it is
    parents: tuple["Parent", ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "role": self.role,
            "name": self.name,
            "sha256": self.sha256,
            CONSENT_FIELD: None if self.consent is None else self.consent.as_dict(),
            MADE_FROM: [parent.as_dict() for parent in self.parents],
        }


@dataclass(frozen=True)
class Heritage:
    """Everyone whose recordings reached some weights."""

    persons: tuple[Consent, ...]  # the record of each
    unknown: tuple[str, ...]  # what came without a record, one phrase each
    parents: tuple[Parent, ...] = ()

    @property
    def is_nobodys(self) -> bool:
        """Whether everything in it is known, and belongs to no person."""
        return not self.persons and not self.unknown


def walk(parents: Iterable[Parent]) -> Iterator[Parent]:
    """Every ancestor, nearest first."""
    for parent in parents:
        yield parent
        yield from walk(parent.parents)


def persons_of(consent: Consent | None) -> tuple[Consent, ...]:
    """The records of the single persons in a record; none for a synthetic voice."""
    if consent is None or not consent.is_private:
        return ()
    return tuple(member for member in consent.members or (consent,) if member.is_private)


def heritage_of(record: Mapping[str, Any], origin: str) -> Heritage:
    """Read the heritage in a card, a run's record, or the record of an exported file.

    Args:
        record: The JSON values.
        origin: The file, for messages.

    Raises:
        CorpusError: If a consent record in it is not one.
    """
    own = _consent(record, origin)
    parents = parents_from(record.get(MADE_FROM) or [], origin)
    if own is None and not parents:
        return Heritage((), (f"{record.get('name') or origin}, which came without a consent record",))
    everyone = [*persons_of(own), *(each for parent in walk(parents) for each in persons_of(parent.consent))]
    return Heritage(tuple(dict.fromkeys(everyone)), unknown_in(parents), parents)


def parents_from(values: Any, origin: str, depth: int = 0) -> tuple[Parent, ...]:
    """Read `made_from`.

    Raises:
        CorpusError: If it is not a list of such entries.
    """
    if not isinstance(values, list) or depth > DEEPEST or not all(isinstance(value, dict) for value in values):
        raise CorpusError(f"{origin}: `{MADE_FROM}` is damaged. Restore the file, or make it again.")
    return tuple(
        Parent(
            role=str(value.get("role") or ""),
            name=str(value.get("name") or ""),
            sha256=str(value.get("sha256") or ""),
            consent=_consent(value, origin),
            parents=parents_from(value.get(MADE_FROM) or [], origin, depth + 1),
        )
        for value in values
    )


def unknown_in(parents: Sequence[Parent]) -> tuple[str, ...]:
    """Every ancestor whose owner nobody knows, one phrase each."""
    strangers = (each for each in walk(parents) if each.consent is None and not each.parents)
    return tuple(dict.fromkeys(f"{each.role} {each.name} (SHA-256 {each.sha256[:12]})" for each in strangers))


def meet(parents: Sequence[Parent]) -> Consent | None:
    """One record that allows what everyone among the parents allows; None if nothing is known of any.

    A synthetic voice allows everything, so it leaves no trace beside a person's record.
    """
    known = [each.consent for each in walk(parents) if each.consent is not None]
    persons = [person for consent in known for person in persons_of(consent)]
    return join_consents(persons) if persons else next(iter(known), None)


def described(parents: Sequence[Parent]) -> dict[str, Any]:
    """The two fields of a card or record."""
    consent = meet(parents)
    return {
        CONSENT_FIELD: None if consent is None else consent.as_dict(),
        MADE_FROM: [parent.as_dict() for parent in parents],
    }


def _consent(record: Mapping[str, Any], origin: str) -> Consent | None:
    value = record.get(CONSENT_FIELD)
    return None if value is None else consent_from_dict(value, origin)
