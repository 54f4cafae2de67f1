"""What a singer wants to know of a voice: range, top frequency, minutes of recordings, consent, where it started."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from duetto.architectures.registry import get_architecture
from duetto.conversion.register import CARD_FIELD, from_json, say_register
from duetto.errors import CheckpointError, DuettoError
from duetto.ownership.consent import NO_SUBJECT
from duetto.storage.files import read_object
from duetto.storage.run_folder import RunFolder
from duetto.voices.find import GIVEN_NAME, pass_over, trained_runs
from duetto.voices.pretrained import AUTO, NONE

NOT_RECORDED = "not recorded"


@dataclass(frozen=True)
class VoiceFacts:
    """A voice in a few words."""

    name: str  # given, or that of its folder
    architecture: str  # with its size
    register: str
    top_hz: float  # nothing above it can be sung
    minutes: str  # of recordings that were trained on
    start: str  # of the training
    consent: str
    page: Path

    def rows(self) -> dict[str, str]:
        """The facts by their titles, for `inspect`."""
        return {
            "called": self.name,
            "register": self.register,
            "top frequency": f"{self.top_hz / 1000:g} kHz",
            "recordings": f"{self.minutes} min",
            "trained from": self.start,
            "consent": self.consent,
            "page": str(self.page) if self.page.is_file() else "none",
        }


def facts_of(folder: Path) -> VoiceFacts:
    """Read the facts of a voice from its card and its run's record.

    Raises:
        StorageError: If the card or the record is missing or damaged.
        CheckpointError: If the card is of a later version.
    """
    run = RunFolder(folder)
    card, record = read_object(run.voice.card), read_object(run.record)
    try:
        register = from_json(card.get(CARD_FIELD))
        used_s = record.get("ledger", {}).get("seconds_used")
        return VoiceFacts(
            name=str(record.get(GIVEN_NAME) or folder.resolve().name),
            architecture=f"{get_architecture(card['model']['name']).title} {card['model']['size']}",
            register=NOT_RECORDED if register is None else say_register(register),
            top_hz=card["features"]["sample_rate"] / 2,
            minutes=NOT_RECORDED if used_s is None else f"{used_s / 60:.1f}",
            start=_start(card, record),
            consent=say_consent(card.get("consent"), date.today()),
            page=run.page,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(f"{run.voice.card} is damaged, or of a later version: {error}.") from error


def all_facts(logs: Path) -> list[VoiceFacts]:
    """The voices below `logs`, the newest first; one that cannot be read is skipped with a warning."""
    found = []
    for folder in reversed(trained_runs(logs)):
        try:
            found.append(facts_of(folder))
        except DuettoError as error:
            pass_over(f"{folder} is skipped: {error}")
    return found


def say_consent(record: Mapping[str, Any] | None, today: date) -> str:
    """Whose voice it is, and until when they allow its use."""
    if not record:
        return "no record"
    subject, revoked, expires = (record.get(name) for name in ("subject", "revoked_at", "expires"))
    if subject == NO_SUBJECT:
        return "synthetic voice"
    if revoked:
        return f"{subject}, withdrawn {revoked}"
    if expires and date.fromisoformat(expires) < today:
        return f"{subject}, expired {expires}"
    return f"{subject}, until {expires}"


def say_shares(blend: Sequence[Mapping[str, Any]]) -> str:
    """The voices of a blend with their shares, the largest first: `70 % anna, 30 % bo`."""
    return ", ".join(f"{100 * each['share']:.0f} % {each['name']}" for each in blend)


def _start(card: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """What the training started from."""
    base = card["model"].get("base")
    if isinstance(card.get("blend"), list):
        return f"a blend of {say_shares(card['blend'])}"
    if card.get("origin"):
        return f"imported from {card['origin'].get('file')}"
    if base == NONE or "base" not in record.get("weights", {}):
        return "random weights"
    return "the pretrained weights that ship" if base == AUTO else str(base)
