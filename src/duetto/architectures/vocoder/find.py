"""Finds the vocoder that a setting names: `auto`, `hub`, the folder of one of our runs, or a third-party model file."""

from pathlib import Path

from duetto.bases import BASES
from duetto.errors import ConfigError
from duetto.hub.get import NAME as HUB
from duetto.hub.get import get_weights
from duetto.settings.config import FeaturesConfig
from duetto.storage.files import sha256_file
from duetto.storage.run_folder import RunFolder, VoiceFolder

AUTO = "auto"
FROM_HUB = "nsf_hifigan"  # that model.vocoder=hub means


def pretrained_vocoder_name(features: FeaturesConfig) -> str:
    """Name of the weights for these features' mel, which every voice with that mel can use."""
    return f"vocoder_{features.sample_rate}_{features.hop_length}_{features.n_mels}"


def find_vocoder(reference: str, features: FeaturesConfig) -> Path:
    """The file that `model.vocoder` names: `auto`, `hub`, one of our run or voice folders, or a third-party model file.

    Raises:
        ConfigError: If there is none.
        DownloadError: If the hub's cannot be downloaded.
    """
    if reference == AUTO:
        path = BASES / f"{pretrained_vocoder_name(features)}.safetensors"
        if not path.is_file():
            raise ConfigError(
                f"No vocoder ships for {features.sample_rate} Hz, hop {features.hop_length} and {features.n_mels} mel "
                f"bins. Set model.vocoder to {HUB} (NSF-HiFiGAN for 44100 Hz), to an NSF-HiFiGAN `model` file with its "
                "config.json beside it, or to the folder of a run of model=vocoder."
            )
        return path
    path = get_weights(FROM_HUB) if reference == HUB else Path(reference).expanduser()
    for candidate in (RunFolder(path).voice.weights, VoiceFolder(path).weights, path / "model", path):
        if candidate.is_file():
            return candidate
    raise ConfigError(f"model.vocoder={reference}: there is no vocoder there. Expected a run's folder or a model file.")


def vocoder_card(path: Path) -> Path:
    """Path of the card of one of our vocoders."""
    return path.with_suffix(".json") if path.parent == BASES else VoiceFolder(path.parent).card


def vocoder_digest(reference: str, features: FeaturesConfig) -> str:
    """SHA-256 of the vocoder's weights, for the signature of a run that uses it."""
    return sha256_file(find_vocoder(reference, features))
