"""What may stand in a run's record and on its page, and what W&B is told: of a private voice no path, no controller.

The record is what people pass on to show what a run was. Paths of this machine stay beside it, in a file of their own.
"""

from collections.abc import Mapping
from typing import Any

from duetto.ownership.consent import NO_SUBJECT
from duetto.ownership.heritage import CONSENT_FIELD, MADE_FROM

NOT_SHOWN = "not shown"
CONFIG = "config"  # of a run's record
PLACES = frozenset({"path", "root", "logs", "validate_on"})  # settings that are paths, also without a separator
# settings that name persons, recordings, or what somebody wrote
NAMES = frozenset({"singer", "without", "name", "notes", "tags", "train_songs", "val_songs", "test_songs"})
# fields of a record that describe a run without leading to a machine, a person or a recording
TOLD = (
    *("name", "signature", "case", "model", "size", "preprocess", "seed", "created", "data_hash", "weights"),
    *("feature_seconds", "code", "packages", "device", "precision"),
)


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


def told_elsewhere(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a service on the network is told of a run: what tells it from others, and nothing that it does not need.

    Of any run no path; of a private one no name of a person, of a recording, or that somebody gave. Consent is told as
    its scopes, the run's weights and corpora by their digests, singers and dropped seconds by their numbers.
    """
    told = {name: record[name] for name in TOLD if name in record}
    consent, config = record.get(CONSENT_FIELD), record.get(CONFIG)
    parents, ledger = record.get(MADE_FROM) or [], record.get("ledger") or {}
    told["is_private"] = is_private(record)
    told["num_singers"] = len(record.get("speakers") or ())
    told["scopes"] = sorted(consent.get("scopes") or ()) if isinstance(consent, dict) else []
    told[MADE_FROM] = [{"role": parent.get("role"), "sha256": parent.get("sha256")} for parent in parents]
    told["ledger"] = {name: value for name, value in ledger.items() if isinstance(value, int | float)}
    doctor = record.get("doctor")
    told["doctor"] = doctor.get("verdict") if isinstance(doctor, dict) else None
    if isinstance(config, dict):
        told[CONFIG] = _without_places(config)
        if told["is_private"]:
            told[CONFIG] = _without_names(told[CONFIG])
    return told


def _without_names(value: Any, depth: int = 0) -> Any:
    if not isinstance(value, dict):
        return value
    kept = {name: _without_names(item, depth + 1) for name, item in value.items()}
    is_choice = isinstance(value.get("name"), str) and depth > 0  # the name of a group's option, such as model.name
    hidden = NAMES - {"name"} if is_choice else NAMES
    return {name: NOT_SHOWN if name in hidden and item else item for name, item in kept.items()}


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
