"""Blends voices of one shape: their weights are interpolated, and the blend is a run that everything else understands.

A blend makes sense between voices that were trained from the same pretrained weights: only then do equal places in two
networks do equal things. It is owned by everyone in every voice: what one of them does not allow, it does not allow.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from duetto.conversion.register import CARD_FIELD, NUM_SEMITONES, as_json, from_json
from duetto.conversion.retrieval import EXACT_ROWS, INDEX_NAME, RetrievalIndex, build_index, load_index, save_index
from duetto.errors import CheckpointError, ConfigError
from duetto.ownership.gate import require_allowed
from duetto.ownership.heritage import Parent, described, heritage_of
from duetto.settings.model_config import shape_of
from duetto.settings.provenance import code_version
from duetto.storage.files import read_object
from duetto.storage.fingerprint import Fingerprint
from duetto.storage.run_folder import RunFolder
from duetto.voices.find import called
from duetto.voices.owners import parent_of
from duetto.voices.run_record import write_record
from duetto.voices.voice import TrainedVoice, load_voice, save_voice

BLEND = "blend"  # case and status of such a run, and the field of its record that names the voices
ROLE = "voice"  # of each among what the blend was made from
MOST_ROWS = 3 * EXACT_ROWS  # of the blend's index
NOT_SHAPE = ("f0", "content.path")  # feature settings that may differ: those of the largest share are taken


@dataclass(frozen=True)
class Ingredient:
    """A voice and its share."""

    name: str  # what people call it
    run: RunFolder
    voice: TrainedVoice
    parent: Parent  # its weights, with everyone in them
    share: float  # 0..1; those of a blend add up to 1

    @property
    def record(self) -> dict[str, Any]:
        """The record of its run."""
        return read_object(self.run.record) if self.run.is_run else {}


def open_ingredients(shares: Mapping[Path, float]) -> list[Ingredient]:
    """Load the voices, the largest share first, and refuse those that cannot or may not be blended.

    Args:
        shares: Share of each run's folder, above 0; they are scaled to add up to 1.

    Raises:
        ConfigError: If there are fewer than two, or they differ in shape, encoder or rate.
        CorpusError: If somebody in one of them does not allow training and conversion.
        CheckpointError: If a voice cannot be read.
    """
    whole = sum(shares.values())
    found = [_open(RunFolder(path), share / whole) for path, share in shares.items()]
    ranked = sorted(found, key=lambda each: (-each.share, each.name))
    for other in ranked[1:]:
        require_same_shape(ranked[0], other)
    _require_common_purpose(ranked)
    return ranked


def _open(run: RunFolder, share: float) -> Ingredient:
    voice = load_voice(run.voice.path)
    for scope in ("train", "infer"):
        require_allowed(voice.card, scope, run.voice.card)
    return Ingredient(called(run.path), run, voice, parent_of(ROLE, run.voice.weights), share)


def require_same_shape(first: Ingredient, other: Ingredient) -> None:
    """Refuse two voices whose weights do not correspond.

    Raises:
        ConfigError: Names the first setting in which they differ.
    """
    pairs = [(_settings(each.voice), each.voice.network.state_dict()) for each in (first, other)]
    (left, mine), (right, others) = pairs
    names = sorted(name for name in {*left, *right} if left.get(name) != right.get(name))
    if names:
        values = f"{names[0]} is {left.get(names[0])} in {first.name} and {right.get(names[0])} in {other.name}"
        raise ConfigError(f"Only voices of one shape can be blended: {values}. Train both with the same settings.")
    shapes = [{name: tuple(tensor.shape) for name, tensor in state.items()} for state in (mine, others)]
    if shapes[0] != shapes[1]:
        raise ConfigError(f"The weights of {first.name} and {other.name} have different sizes; they cannot be blended.")


def _settings(voice: TrainedVoice) -> dict[str, Any]:
    model = {"name": voice.model.name, "num_speakers": voice.model.num_speakers, **shape_of(voice.model)}
    values = {"model": model, "features": asdict(voice.features)}
    flat = dict(_flat(values, ""))
    return {
        name: value for name, value in flat.items() if not name.startswith(tuple(f"features.{n}" for n in NOT_SHAPE))
    }


def _flat(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else key)
    else:
        yield name, value


def _require_common_purpose(ingredients: Sequence[Ingredient]) -> None:
    persons = [person for each in ingredients for person in heritage_of(each.voice.card, each.name).persons]
    purposes = [set(person.purposes) for person in persons if person.purposes]
    if purposes and not set.intersection(*purposes):
        raise ConfigError(
            f"The owners of {' and '.join(each.name for each in ingredients)} agreed to no purpose in common, so "
            "nothing would be allowed with their blend. Ask them for new consent records."
        )


def unrelated(ingredients: Sequence[Ingredient]) -> str:
    """A warning if the voices were trained from different weights; empty if from the same ones."""
    bases = {each.name: str(each.record.get("weights", {}).get("base", "random")) for each in ingredients}
    if len(set(bases.values())) == 1 and "random" not in bases.values():
        return ""
    return (
        f"{' and '.join(bases)} were not trained from the same pretrained weights, so that their blend may be noise: "
        "listen before you use it."
    )


def interpolate(states: Sequence[Mapping[str, Tensor]], shares: Sequence[float]) -> dict[str, Tensor]:
    """Sum of equal tensors, each times its share; whole numbers are those of the first."""
    mixed: dict[str, Tensor] = {}
    for name, first in states[0].items():
        if not first.is_floating_point():
            mixed[name] = first.clone()
            continue
        total = sum(
            (share * state[name].double() for state, share in zip(states, shares, strict=True)), torch.zeros(())
        )
        mixed[name] = total.to(first.dtype)
    return mixed


def fingerprint_of(ingredients: Sequence[Ingredient]) -> Fingerprint:
    """What determines a blend: the weights of each voice, and its share."""
    shares = {each.parent.sha256: round(each.share, 6) for each in ingredients}
    return Fingerprint({BLEND: dict(sorted(shares.items()))}, {digest: digest for digest in sorted(shares)}, {}, {})


def blend_index(ingredients: Sequence[Ingredient], seed: int = 0) -> RetrievalIndex | None:
    """An index with content of every voice in proportion to its share; None if one of them has no index."""
    if not all((each.run.voice.path / INDEX_NAME).is_file() for each in ingredients):
        return None
    indexes = [load_index(each.run.voice.path) for each in ingredients]
    rows = [index.stored_rows for index in indexes]
    most = min(len(own) / each.share for own, each in zip(rows, ingredients, strict=True))
    total = min(most, MOST_ROWS)
    taken = [_evenly(own, round(total * each.share)) for own, each in zip(rows, ingredients, strict=True)]
    card = indexes[0].card
    return build_index(np.concatenate(taken), card.encoder, card.layer, card.neighbours, seed)


def _evenly(rows: Any, count: int) -> Any:
    return rows[np.linspace(0, len(rows) - 1, max(1, min(count, len(rows)))).round().astype(int)]


def write_blend(
    ingredients: Sequence[Ingredient], run: RunFolder, signature: str, given: Mapping[str, Any]
) -> TrainedVoice:
    """Write the run of a blend; its card is written last and marks it as complete.

    Args:
        ingredients: From `open_ingredients`.
        run: The folder to write.
        signature: Of the run.
        given: Further fields of its record: the name that it is given, if any, and its fingerprint.

    Raises:
        CorpusError: If somebody does not allow it.
        StorageError: If the folder cannot be written.
    """
    first = ingredients[0].voice
    heritage = described([each.parent for each in ingredients])
    require_allowed(heritage, "infer", run.record)
    about: dict[str, Any] = {
        "name": run.name,
        "signature": signature,
        "case": BLEND,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": 0,
        "speakers": _speakers(ingredients),
        BLEND: [{"name": e.name, "share": round(e.share, 4), "weights": e.parent.sha256} for e in ingredients],
        **heritage,
    }
    index = blend_index(ingredients)
    if index is not None:
        save_index(index, run.voice.path)
    states = [each.voice.network.state_dict() for each in ingredients]
    first.network.load_state_dict(interpolate(states, [each.share for each in ingredients]))
    size = {"model": first.model.name, "size": first.model.size, "status": BLEND, "code": code_version()}
    write_record(run, {**about, **size, "ledger": _recordings(ingredients), **given})
    card = {**about, CARD_FIELD: _register(ingredients)}
    voice = TrainedVoice(first.network, replace(first.model, base=None), first.features, card)
    save_voice(voice, run.voice.path)
    return voice


def _speakers(ingredients: Sequence[Ingredient]) -> list[str]:
    rows = [[str(name) for name in each.voice.card.get("speakers") or ()] for each in ingredients]
    return [" + ".join(dict.fromkeys(names)) for names in zip(*rows, strict=False)]


def _recordings(ingredients: Sequence[Ingredient]) -> dict[str, Any]:
    used = [each.record.get("ledger", {}).get("seconds_used") for each in ingredients]
    if not all(isinstance(seconds, int | float) for seconds in used):
        return {}
    return {"seconds_in": sum(used), "seconds_used": sum(used), "dropped": []}


def _register(ingredients: Sequence[Ingredient]) -> dict[str, Any] | None:
    """How long the voices sing at each semitone, by their shares; None if one of them holds no register."""
    registers = [from_json(each.voice.card.get(CARD_FIELD)) for each in ingredients]
    total = np.zeros(NUM_SEMITONES)
    for register, each in zip(registers, ingredients, strict=True):
        if register is None:
            return None
        total += each.share * register
    return as_json(total)


def require_two(shares: Mapping[Path, float]) -> None:
    """Refuse a blend of less than two voices, or with a share that is none.

    Raises:
        ConfigError: If so.
        CheckpointError: If a folder holds no voice.
    """
    if len(shares) < 2:
        raise ConfigError("A blend takes two voices or more: python -m duetto blend ANNA=0.7 BO=0.3 name=anna_bo.")
    for path, share in shares.items():
        if not RunFolder(path).voice.is_trained:
            raise CheckpointError(f"{path} holds no trained voice. Let its training finish first.")
        if not 0 < share < float("inf"):
            raise ConfigError(f"{called(path)}={share:g}: expected a share above 0, such as 0.5.")
