"""A trained voice on disk: weights (safetensors), a card (JSON), and the retrieval index.

The card describes the weights: model and feature settings, the run's signature, the data's hash, consent, code version.
Reading these files executes nothing in them.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from duetto.architectures.registry import architecture_of, get_architecture
from duetto.errors import CheckpointError, ConfigError
from duetto.settings.config import FeaturesConfig, from_dict
from duetto.settings.model_config import ModelConfig
from duetto.storage.digests import CARD_FIELD, digests_of, recorded_digests, require_undamaged
from duetto.storage.files import atomic_path, read_object, write_json
from duetto.storage.run_folder import VOICE_CARD_NAME, WEIGHTS_NAME

REMEDY = (
    "Delete the folder that it lies in and repeat the command that made it: a training writes its voice again from its "
    "last checkpoint."
)
IMPORTED = "imported"  # case of a voice that was imported from public files


@dataclass(frozen=True)
class TrainedVoice:
    """A network with the settings of its training."""

    network: nn.Module
    model: ModelConfig
    features: FeaturesConfig
    card: dict[str, Any]


def build_network(model: ModelConfig, features: FeaturesConfig) -> nn.Module:
    """An untrained network of the configured architecture and shape."""
    return architecture_of(model).build_network(model, features)


def save_voice(voice: TrainedVoice, folder: Path) -> None:
    """Write weights and card atomically into `folder`; the card holds the digests of all files there."""
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in voice.network.state_dict().items()}
    with atomic_path(folder / WEIGHTS_NAME) as temporary:
        save_file(state, temporary)
    card = {**voice.card, "model": asdict(voice.model), "features": asdict(voice.features)}
    card[CARD_FIELD] = digests_of(path for path in folder.iterdir() if path.is_file() and is_part(path))
    write_json(folder / VOICE_CARD_NAME, card)


def is_part(path: Path) -> bool:
    """Whether the card describes this file of a voice's folder."""
    return path.name != VOICE_CARD_NAME and not path.name.startswith(".")


def load_voice(folder: Path) -> TrainedVoice:
    """Read the voice of a run, ready to convert (evaluation mode).

    Raises:
        CheckpointError: If a file is missing, truncated, or the weights do not fit the card.
    """
    return read_voice(folder / WEIGHTS_NAME, folder / VOICE_CARD_NAME)


def read_voice(weights_path: Path, card_path: Path) -> TrainedVoice:
    """Read a voice from its weights and its card.

    Raises:
        CheckpointError: If a file is missing, truncated, or the weights do not fit the card.
    """
    for path in (card_path, weights_path):
        if not path.is_file():
            raise CheckpointError(
                f"{path.parent} holds no trained voice: {path.name} is missing. Let the run finish first."
            )
    card = read_object(card_path)
    require_undamaged(weights_path, recorded_digests(card), REMEDY)
    try:
        model = from_dict(get_architecture(card["model"]["name"]).config, card["model"])
        features = from_dict(FeaturesConfig, card["features"])
        network = build_network(model, features)
        network.load_state_dict(load_file(weights_path), strict=True)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, ConfigError) as error:
        raise CheckpointError(f"{card_path} is damaged, or of a later version: {error}. {REMEDY}") from error
    except SafetensorError as error:
        raise CheckpointError(f"{weights_path} is damaged or truncated ({error}). {REMEDY}") from error
    except RuntimeError as error:
        raise CheckpointError(f"{weights_path} does not fit its card: {str(error).splitlines()[-1].strip()}") from error
    return TrainedVoice(network.eval(), model, features, card)
