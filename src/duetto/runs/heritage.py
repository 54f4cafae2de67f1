"""What a run's weights are made from: its corpus, and every file of weights that it starts from or renders with."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from duetto.architectures.registry import architecture_of
from duetto.architectures.vocoder.find import find_vocoder
from duetto.corpus.manifest import Manifest
from duetto.corpus.recordings.folder import marked_recordings
from duetto.ownership.consent import consent_from_dict
from duetto.ownership.gate import require_consent, require_heritage, require_not_withdrawn
from duetto.ownership.heritage import Heritage, Parent, persons_of, walk
from duetto.ownership.registry import CONVERSION
from duetto.settings.model_config import path_fields
from duetto.settings.run_config import TrainConfig
from duetto.voices.owners import NOT_WEIGHTS, conversions_among, parent_by_digest, parent_from, parent_of
from duetto.voices.pretrained import choose_base

BASE, DISCRIMINATOR = "base", "base_discriminator"  # fields of model settings
VOCODERS = ("vocoder", "generator_vocoder")  # likewise


def weights_of(config: TrainConfig, digests: Mapping[str, str]) -> tuple[Parent, ...]:
    """Every file of weights that goes into a run.

    Args:
        config: The run's settings.
        digests: SHA-256 of what the run needs, by its purpose; a file that no setting of ours names is known by it.

    Raises:
        CheckpointError: If a file is missing or damaged.
        CorpusError: If its record is damaged.
    """
    parents = [parent_of(role, path) for role, path in _files(config)]
    known = {parent.sha256 for parent in parents}
    others = {role: digest for role, digest in digests.items() if digest not in known and role != NOT_WEIGHTS}
    return (*parents, *(parent_by_digest(role, digest) for role, digest in others.items()))


def require_weights(config: TrainConfig, digests: Mapping[str, str]) -> None:
    """Refuse a run whose weights hold somebody who does not allow training.

    Raises:
        CorpusError: If so.
    """
    _require_training(weights_of(config, digests))


def _require_training(parents: Iterable[Parent]) -> None:
    for parent in parents:
        persons = [person for each in walk([parent]) for person in persons_of(each.consent)]
        require_heritage(Heritage(tuple(persons), ()), "train", Path(parent.name))


def corpus_parent(manifest: Manifest, folder: Path) -> Parent:
    """The corpus as a parent of weights, checked once more: a corpus that was built earlier is not asked again.

    Recordings that are conversions pass on the owners of the voice that sings in them. Where only the watermark says
    that one is a conversion (it was encoded again, or made on another machine), nobody knows whose voice it is.

    Raises:
        CorpusError: If a singer does not allow training, or withdrew consent.
    """
    consent = consent_from_dict(manifest.consent, str(folder))
    require_consent(consent, "train", folder)
    recordings = manifest.settings.get("recordings", {}).values()
    require_not_withdrawn(recordings, folder)
    conversions = conversions_among(recordings)
    known = {parent.sha256 for parent in conversions}
    marked = {name: sha for name, sha in marked_recordings(manifest.settings).items() if sha not in known}
    conversions += tuple(parent_from(CONVERSION, name, sha, None, str(folder)) for name, sha in marked.items())
    _require_training(conversions)
    return Parent("corpus", manifest.case, manifest.content_hash(), consent, conversions)


def _files(config: TrainConfig) -> list[tuple[str, Path]]:
    model = config.model
    base = choose_base(model, config.features)
    files = [] if base is None else [(BASE, base.generator)]
    files += [("discriminator", base.discriminator)] if base is not None and base.discriminator is not None else []
    architecture = architecture_of(model)
    used = architecture.input_digests(model, config.features)
    for name in sorted(path_fields(architecture.config) - {BASE, DISCRIMINATOR}):
        value = getattr(model, name)
        if value is not None and (name in used or name not in VOCODERS):  # one that ships may not fit: not used then
            files.append((name, find_vocoder(value, config.features) if name in VOCODERS else Path(value).expanduser()))
    return files
