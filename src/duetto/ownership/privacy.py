"""What may stand in a run's record and on its page: of a private voice no paths and no controller.

The record is what people pass on to show what a run was. Paths of this machine stay beside it, in a file of their own.
"""

from collections.abc import Mapping
from typing import Any

from duetto.ownership.consent import NO_SUBJECT
from duetto.ownership.heritage import CONSENT_FIELD, MADE_FROM

NOT_SHOWN = "not shown"
CONFIG = "config"  # of a run's record
PLACES = frozenset({"path", "root", "logs", "validate_on"})  # settings that are paths, also without a separator


def is_private(record: Mapping[str, Any]) -> bool:
    """Whether a card or record says that a person's voice is in it."""
    consent, parents = record.get(CONSENT_FIELD), record.get(MADE_FROM)
    is_persons = isinstance(consent, dict) and consent.get("subject", NO_SUBJECT) != NO_SUBJECT
    inner = parents if isinstance(parents, list) else []
    return is_persons or any(isinstance(each, dict) and is_private(each) for each in inner)


def shareable(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a run without what leads to the machine or to recordings; one of nobody's voice as it is."""
    if not is_private(record):
        return dict(record)
    shown = {name: _without_controller(value) for name, value in record.items() if name != CONFIG}
    if isinstance(record.get(CONFIG), dict):
        shown[CONFIG] = _without_places(record[CONFIG])
    ledger = record.get("ledger")
    if isinstance(ledger, dict) and isinstance(ledger.get("dropped"), list):
        rows = [{**row, "clip_id": NOT_SHOWN} if isinstance(row, dict) else row for row in ledger["dropped"]]
        shown["ledger"] = {**ledger, "dropped": rows}
    return shown


def _without_controller(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_controller(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: NOT_SHOWN if name == "controller" and item else _without_controller(item) for name, item in value.items()
    }


def _without_places(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _without_places(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_places(item, name) for item in value]
    is_place = isinstance(value, str) and (name in PLACES or "/" in value or "\\" in value)
    return NOT_SHOWN if is_place else value
