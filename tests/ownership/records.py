"""Consent records that tests use."""

from pathlib import Path
from typing import Any

from duetto.ownership.consent import consent_from_dict, embedded_consent, write_consent
from duetto.ownership.consent_file import statement_path

NOBODY = embedded_consent().as_dict()
ANN: dict[str, Any] = {
    "subject": "ann-01",
    "controller": "Bo Berg",
    "scopes": ["train", "infer"],
    "expires": "2099-12-31",
}


def person(**values: Any) -> dict[str, Any]:
    """A person's record as JSON values, like those in cards."""
    return consent_from_dict({**ANN, **values}).as_dict()


def say_nobodys(*files: Path) -> None:
    """State beside foreign files of weights that they hold nobody's voice."""
    for path in files:
        write_consent(statement_path(path), embedded_consent())
