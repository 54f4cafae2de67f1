"""Reads conf/study/NAME.yaml and checks whether it is still the registered file.

`extends: OTHER` starts from another study's file and replaces the given keys; arms, hypotheses and models are merged by
name, and null removes one. The hash covers the bytes of both files. conf/study/registered.yaml holds the hash under
which a study was registered before its runs; a file that differs is not refused, but its results are labelled
exploratory.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from duetto.errors import ConfigError
from duetto.evaluation.statistics.power import Spread
from duetto.renamed import current_metric
from duetto.storage.files import sha256_file, sha256_json, write_text
from duetto.studies.schema import ArmPlan, Design, Factor, Hypothesis, Study

FOLDER = "study"
REGISTERED = "registered.yaml"
MERGED = ("arms", "hypotheses", "models")  # merged by name if a study extends another
KEYS = ("question", "settings", "models", "seeds", "songs", "arms", "hypotheses", "family_size", "design")


def study_names(conf: Path) -> list[str]:
    """Sorted names of the studies that have a file."""
    return sorted(path.stem for path in (conf / FOLDER).glob("*.yaml") if path.name != REGISTERED)


def load_study(conf: Path, name: str) -> Study:
    """Read and check a study.

    Args:
        conf: The folder of settings.
        name: Name of its file, without .yaml.

    Raises:
        ConfigError: If there is no such file, a key is unknown or has a wrong type, or a rule is broken.
    """
    if name not in study_names(conf):
        raise ConfigError(f"study={name}: there is no such study. Choose from {', '.join(study_names(conf))}.")
    path = conf / FOLDER / f"{name}.yaml"
    content, digests = _read(path), [sha256_file(path)]
    other = content.pop("extends", None)
    if other is not None:
        if other not in study_names(conf):
            raise ConfigError(f"{path}: it extends {other!r}, which is not a study.")
        base_path = conf / FOLDER / f"{other}.yaml"
        base = _read(base_path)
        if "extends" in base:
            raise ConfigError(f"{path}: {other} itself extends a study; extend that one.")
        digests.append(sha256_file(base_path))
        content = _merge(base, content)
    digest = sha256_json(digests)
    study = _build(path, name, content, digest, registered(conf).get(name) == digest)
    study.validate()
    return study


def registered(conf: Path) -> dict[str, str]:
    """The hashes of registered studies, by name."""
    path = conf / FOLDER / REGISTERED
    return {str(name): str(digest) for name, digest in _read(path).items()} if path.is_file() else {}


def register_study(conf: Path, study: Study) -> None:
    """Record the study's hash, so that verdicts from this exact file count as preregistered."""
    digests = {**registered(conf), study.name: study.file_hash}
    text = "".join(f"{name}: {digest}\n" for name, digest in sorted(digests.items()))
    write_text(conf / FOLDER / REGISTERED, text)


def _read(path: Path) -> dict[str, Any]:
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid YAML: {str(error).splitlines()[0]}.") from error
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: expected keys and values, such as `question: ...`.")
    return value


def _merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**base, **changes}
    for key in MERGED:
        parts = {**(base.get(key) or {}), **(changes.get(key) or {})}
        merged[key] = {name: part for name, part in parts.items() if part is not None}
    return merged


def _build(path: Path, name: str, content: dict[str, Any], digest: str, is_registered: bool) -> Study:
    unknown = sorted(set(content) - set(KEYS))
    if unknown:
        raise ConfigError(f"{path}: unknown key {unknown[0]!r}; expected some of {', '.join(KEYS)}, extends.")
    missing = [key for key in ("question", "models", "seeds", "songs") if key not in content]
    if missing:
        raise ConfigError(f"{path}: `{missing[0]}` is missing.")
    try:
        return Study(
            name=name,
            question=str(content["question"]),
            settings=tuple(map(str, content.get("settings") or ())),
            models={model: tuple(map(str, own or ())) for model, own in content["models"].items()},
            seeds=tuple(map(int, content["seeds"])),
            songs=tuple(map(str, content["songs"])),
            arms={arm: _typed(ArmPlan, own) for arm, own in (content.get("arms") or {}).items()},
            hypotheses={key: _hypothesis(own) for key, own in (content.get("hypotheses") or {}).items()},
            family_size=int(content.get("family_size", 1)),
            design=_design(content.get("design")),
            file_hash=digest,
            is_registered=is_registered,
        )
    except OmegaConfBaseException as error:
        place = f" ({error.full_key})" if error.full_key else ""
        raise ConfigError(f"{path}: {str(error).splitlines()[0]}{place}") from error
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise ConfigError(f"{path}: not of the form that docs/studies.md describes ({error}).") from error


def _typed(schema: type, content: Mapping[str, Any]) -> Any:
    """Build a part's dataclass; unknown keys and wrong types are refused."""
    part = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(schema), dict(content)))
    tuples = {key: tuple(value) for key, value in vars(part).items() if isinstance(value, list)}
    return schema(**{**vars(part), **tuples})


def _hypothesis(content: Mapping[str, Any]) -> Hypothesis:
    own = dict(content)
    if "metric" in own:
        own["metric"] = current_metric(str(own["metric"]))
    spread = own.pop("spread", None)
    hypothesis: Hypothesis = _typed(Hypothesis, own)
    return hypothesis if spread is None else Hypothesis(**{**vars(hypothesis), "spread": _typed(Spread, spread)})


def _design(content: Mapping[str, Any] | None) -> Design | None:
    if content is None:
        return None
    unknown = sorted(set(content) - {"num_runs", "metric", "factors", "claim", "compare", "smallest_difference"})
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r} in design")
    return Design(
        num_runs=int(content["num_runs"]),
        metric=current_metric(str(content["metric"])),
        factors={name: _typed(Factor, own) for name, own in content["factors"].items()},
        claim=str(content.get("claim", "")),
        compare=tuple(map(str, content.get("compare", ()))),
        smallest_difference=float(content.get("smallest_difference", 0.1)),
    )
