"""Builds a corpus folder from a data configuration."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType

from duetto.corpus.ddb.archive import open_archive, read_archive_consent
from duetto.corpus.embedded_cases.case_a import recipe_case_a
from duetto.corpus.embedded_cases.case_b import recipe_case_b
from duetto.corpus.embedded_cases.case_c import recipe_case_c
from duetto.corpus.embedded_cases.case_d import case_d_settings, case_d_singer, case_d_sung, plan_case_d
from duetto.corpus.embedded_cases.choir import choir_settings, plan_choir
from duetto.corpus.embedded_cases.embedded import Recipe, embedded_settings, plan_embedded
from duetto.corpus.embedded_cases.performer import EmbeddedSinger, Singer
from duetto.corpus.jobs import Plan, build_folder, is_complete
from duetto.corpus.natural_voices.case_n import case_n_settings, plan_case_n
from duetto.corpus.natural_voices.ensemble import ensemble_settings, plan_ensemble
from duetto.corpus.natural_voices.narrator import KokoroNarrator, Narrator
from duetto.corpus.recordings.folder import (
    folder_recordings,
    folder_settings,
    open_folder,
    plan_folder,
    read_folder_consents,
    reconstruct,
    train_only,
)
from duetto.corpus.scores.folder_vsqx import SourcesOfScores, paired_recordings, paired_settings, unpaired_scores
from duetto.corpus.scores.sung_scores import plan_sung, sung_settings
from duetto.corpus.scores.user_scores import open_scores
from duetto.errors import CorpusError
from duetto.ownership.consent import CONSENT_NAME
from duetto.progress import ReportProgress
from duetto.settings.config import DataConfig
from duetto.storage.fingerprint import Fingerprint, fingerprint
from duetto.storage.leftovers import sweep_leftovers
from duetto.storage.locks import in_turn
from duetto.workers import process_pool, thread_pool

CORPORA = "corpora"
EMBEDDED, NATURAL = "duetto.corpus.embedded_cases.", "duetto.corpus.natural_voices."
RECIPES: Mapping[str, Callable[[DataConfig], Recipe]] = MappingProxyType(
    {"case_a": recipe_case_a, "case_b": recipe_case_b, "case_c": recipe_case_c}
)


@dataclass(frozen=True)
class Surroundings:
    """Inputs of a build besides its configuration; tests replace them."""

    singer: Singer = field(default_factory=EmbeddedSinger)
    narrator: Narrator | None = None  # None = the packages that data.ensemble names
    today: date | None = None  # None = the current date
    workers: int | None = None  # None = one per core; 1 = no further process


def build_corpus(
    config: DataConfig, progress: ReportProgress | None = None, surroundings: Surroundings | None = None
) -> Path:
    """Build the corpus of a case unless it exists.

    The folder's name is a digest of everything that determines its content. A complete folder is returned at once, an
    incomplete one is completed. Of several processes, on one machine or many, one builds and the others wait for it.

    Args:
        config: The case and its settings.
        progress: Called with (job, number of jobs done, total) after each.
        surroundings: Singer, narrator, date and number of workers; None = the embedded singer, the packages that
            speak, today, every core.

    Returns:
        The corpus folder, `root/corpora/<case>-<12 digits>`.

    Raises:
        ConfigError: If the settings contradict each other.
        CorpusError: If the case is unknown, consent is missing, or nothing is usable.
        StorageError: If the folder cannot be written.
    """
    config.validate()
    builders: dict[str, Callable[[DataConfig, ReportProgress | None, Surroundings], Path]] = {
        **dict.fromkeys(RECIPES, _build_embedded),
        "case_d": _build_case_d,
        "choir": _build_choir,
        "case_n": _build_natural,
        "ensemble": _build_ensemble,
        "ddb": _build_from_archive,
        "folder": _build_from_recordings,
        "mix": _build_from_recordings,
        "folder_vsqx": _build_from_scores,
    }
    if config.case not in builders:
        raise CorpusError(f"data={config.case}: there is no such case. Choose from {', '.join(sorted(builders))}.")
    return builders[config.case](config, progress, surroundings or Surroundings())


def corpus_folder(config: DataConfig, made_of: Fingerprint) -> Path:
    """Folder of a corpus with this fingerprint."""
    return Path(config.root) / CORPORA / f"{config.case}-{made_of.digest[:12]}"


def _build_once(
    folder: Path, plan: Plan, executor: Executor, progress: ReportProgress | None, made_of: Fingerprint
) -> Path:
    if is_complete(folder):
        return folder
    with in_turn(folder.with_name(f".{folder.name}.lock"), is_harmless=True):
        return build_folder(folder, plan, executor, progress, made_of)


def _build_embedded(config: DataConfig, progress: ReportProgress | None, surroundings: Surroundings) -> Path:
    recipe = RECIPES[config.case](config)
    settings = embedded_settings(config, recipe, surroundings.singer)
    made_of = fingerprint(settings, {}, [EMBEDDED + config.case, type(surroundings.singer).__module__])
    folder = corpus_folder(config, made_of)
    sweep_leftovers(folder)
    if is_complete(folder):
        return folder
    plan = plan_embedded(config, recipe, settings, surroundings.singer)
    with process_pool(surroundings.workers) as executor:
        return _build_once(folder, plan, executor, progress, made_of)


def _build_case_d(config: DataConfig, progress: ReportProgress | None, surroundings: Surroundings) -> Path:
    singer = case_d_singer(config, config.fragments, surroundings.singer)
    sung = _build_embedded(case_d_sung(config), progress, replace(surroundings, singer=singer))
    settings = case_d_settings(config, config.fragments, sung)
    made_of = fingerprint(settings, {}, [f"{EMBEDDED}case_d"])
    plan = plan_case_d(config, config.fragments, settings, sung)
    with thread_pool(surroundings.workers) as executor:
        return _build_once(corpus_folder(config, made_of), plan, executor, progress, made_of)


def _build_choir(config: DataConfig, progress: ReportProgress | None, surroundings: Surroundings) -> Path:
    settings = choir_settings(config, config.choir)
    made_of = fingerprint(settings, {}, [f"{EMBEDDED}choir"])
    plan = plan_choir(config, config.choir, settings)
    with process_pool(surroundings.workers) as executor:
        return _build_once(corpus_folder(config, made_of), plan, executor, progress, made_of)


def _build_natural(config: DataConfig, progress: ReportProgress | None, surroundings: Surroundings) -> Path:
    narrator = _narrator(config, surroundings)
    settings = case_n_settings(config, narrator)
    made_of = fingerprint(settings, {}, [f"{NATURAL}case_n", type(narrator).__module__])
    folder = corpus_folder(config, made_of)
    if is_complete(folder):
        return folder
    with process_pool(surroundings.workers) as executor:
        return _build_once(folder, plan_case_n(config, settings, narrator), executor, progress, made_of)


def _narrator(config: DataConfig, surroundings: Surroundings) -> Narrator:
    return surroundings.narrator or KokoroNarrator(Path(config.ensemble.voices_file).expanduser())


def _build_ensemble(config: DataConfig, progress: ReportProgress | None, surroundings: Surroundings) -> Path:
    narrator = _narrator(config, surroundings)
    settings = ensemble_settings(config, narrator)
    beside = (f"{EMBEDDED}choir",) if config.ensemble.has_choir else ()
    made_of = fingerprint(settings, {}, [f"{NATURAL}ensemble", type(narrator).__module__, *beside])
    folder = corpus_folder(config, made_of)
    if is_complete(folder):
        return folder
    with process_pool(surroundings.workers) as executor:
        return _build_once(folder, plan_ensemble(config, settings, narrator), executor, progress, made_of)


def _build_from_archive(config: DataConfig, progress: ReportProgress | None, surroundings: Surroundings) -> Path:
    consent = read_archive_consent(config, surroundings.today or date.today())
    archive = open_archive(config, config.fragments, consent)
    made_of = fingerprint({**archive.settings, CONSENT_NAME: consent.as_dict()}, {}, ["duetto.corpus.ddb.archive"])
    plan = plan_folder(config, archive.settings, archive.clips, (consent,))
    with thread_pool(surroundings.workers) as executor:
        return _build_once(corpus_folder(config, made_of), plan, executor, progress, made_of)


def _build_from_recordings(config: DataConfig, progress: ReportProgress | None, surroundings: Surroundings) -> Path:
    listing = open_folder(config)
    consents = read_folder_consents(config, listing, surroundings.today or date.today())
    recordings = folder_recordings(config, listing, consents, surroundings.workers)
    settings = folder_settings(config, recordings)
    records = [consents[singer] for singer in sorted(consents)]
    decisive = {CONSENT_NAME: [record.as_dict() for record in records], "remarks": [r.reason for r in listing.remarks]}
    made_of = fingerprint(settings | decisive, {}, ["duetto.corpus.recordings.folder"])
    roles = train_only if config.case == "mix" else reconstruct
    plan = plan_folder(config, settings, recordings, records, listing.remarks, roles)
    with thread_pool(surroundings.workers) as executor:
        return _build_once(corpus_folder(config, made_of), plan, executor, progress, made_of)


def _build_from_scores(config: DataConfig, progress: ReportProgress | None, surroundings: Surroundings) -> Path:
    scores = open_scores(config)
    if not scores.has_recordings:
        settings = sung_settings(config, scores)
        made_of = fingerprint(settings, {}, ["duetto.corpus.scores.sung_scores"])
        folder = corpus_folder(config, made_of)
        if is_complete(folder):
            return folder
        with process_pool(surroundings.workers) as executor:
            return _build_once(folder, plan_sung(config, settings, scores), executor, progress, made_of)
    listing = open_folder(config)
    consents = read_folder_consents(config, listing, surroundings.today or date.today())
    recordings = paired_recordings(folder_recordings(config, listing, consents, surroundings.workers), scores)
    settings = paired_settings(config, recordings, scores)
    records = [consents[singer] for singer in sorted(consents)]
    remarks = (*listing.remarks, *unpaired_scores(recordings, scores))
    decisive = {CONSENT_NAME: [record.as_dict() for record in records], "remarks": [r.reason for r in remarks]}
    made_of = fingerprint(settings | decisive, {}, ["duetto.corpus.scores.folder_vsqx"])
    plan = plan_folder(config, settings, recordings, records, remarks, SourcesOfScores(config))
    with thread_pool(surroundings.workers) as executor:
        return _build_once(corpus_folder(config, made_of), plan, executor, progress, made_of)
