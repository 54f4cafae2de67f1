"""Cards of data and voices: origin, consent, and the signature of each run."""

import json
import math
from collections.abc import Sequence
from typing import Any

from duetto.report.collect import RunRecord, number, section
from duetto.report.damage import damage_part
from duetto.report.headline import duration_text, headline, warnings_of
from duetto.report.sections import ledger_part


def data_cards(runs: Sequence[RunRecord]) -> list[dict[str, Any]]:
    """One card for each preprocessed corpus: case, consent, hash, songs, damage by preprocessing."""
    by_hash: dict[str, list[RunRecord]] = {}
    for run in runs:
        by_hash.setdefault(str(run.facts.get("data_hash") or ""), []).append(run)
    return [_data_card(data_hash, of) for data_hash, of in by_hash.items()]


def model_cards(runs: Sequence[RunRecord]) -> list[dict[str, Any]]:
    return [_model_card(run) for run in runs]


def _data_card(data_hash: str, runs: Sequence[RunRecord]) -> dict[str, Any]:
    run = runs[0]
    data = section(section(run.facts, "config"), "data")
    used = number(section(run.facts, "ledger").get("seconds_used"))
    rows = [
        ("case", _text(run.facts.get("case"))),
        ("preprocessing", _text(run.facts.get("preprocess"))),
        ("used for training", duration_text(used) if math.isfinite(used) else ""),
        ("target", ", ".join(map(str, _list(run.facts.get("speakers"))))),
        ("sources of the test", ", ".join(map(str, _list(data.get("sources"))))),
        ("test songs", ", ".join(map(str, _list(data.get("test_songs"))))),
        ("doctor", _text(section(run.facts, "doctor").get("verdict"))),
        *consent_rows(section(run.facts, "consent")),
        ("data hash", data_hash or "not recorded"),
    ]
    return {
        "title": f"{_text(run.facts.get('case')) or 'data'} · {_text(run.facts.get('preprocess')) or 'unknown steps'}",
        "rows": [(name, value) for name, value in rows if value],
        "runs": [_signature(of) for of in runs],
        "ledger": ledger_part(run),
        "damage": damage_part(run),
    }


def consent_rows(consent: dict[str, Any]) -> list[tuple[str, str]]:
    """The consent record as rows of text."""
    if not consent:
        return [("consent", "no record in run.json")]
    subject = _text(consent.get("subject"))
    who = "none: an embedded voice, which belongs to nobody" if subject == "none" else f"of {subject}"
    return [
        ("consent", f"REVOKED on {consent['revoked_at']}" if consent.get("revoked_at") else who),
        ("allowed", ", ".join(str(scope).replace("_", " ") for scope in _list(consent.get("scopes")))),
        ("purposes", ", ".join(map(str, _list(consent.get("purposes"))))),
        ("expires", _text(consent.get("expires"))),
        ("controller", _text(consent.get("controller"))),
    ]


def _model_card(run: RunRecord) -> dict[str, Any]:
    facts = run.facts
    model, features = (section(section(facts, "config"), name) for name in ("model", "features"))
    code = section(facts, "code")
    rows = [
        ("shape", " ".join(part for part in (_text(facts.get("model")), _text(facts.get("size"))) if part)),
        ("base", _text(model.get("base")) or "none: trained from scratch"),
        ("steps", _text(facts.get("steps"))),
        ("training", duration_text(run.training_seconds) if math.isfinite(run.training_seconds) else ""),
        ("device", " · ".join(part for part in (_text(facts.get("device")), _text(facts.get("precision"))) if part)),
        ("seed", _text(facts.get("seed"))),
        ("sample rate", f"{features['sample_rate']} Hz" if features.get("sample_rate") else ""),
        ("content encoder", _text(section(features, "content").get("encoder"))),
        ("pitch tracker", _text(section(features, "f0").get("method"))),
        ("trained on", _text(facts.get("data_hash"))[:16]),
        ("code", " · ".join(_text(code.get(part))[:18] for part in ("version", "commit") if code.get(part))),
        ("sources' hash", _text(code.get("sources"))),
        ("made", _text(facts.get("created"))),
    ]
    return {
        "title": run.short_name,
        "name": run.name,
        "signature": _signature(run),
        "headline": headline(run),
        "warnings": warnings_of(run),
        "rows": [(name, value) for name, value in rows if value],
        "config": json.dumps(facts["config"], indent=2, ensure_ascii=False) if facts.get("config") else "",
    }


def _signature(run: RunRecord) -> str:
    return _text(run.facts.get("signature")) or run.folder.name


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return "" if value is None else str(value)
