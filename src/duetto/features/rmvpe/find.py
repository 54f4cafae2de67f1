"""Where RMVPE's weights are found, without loading PyTorch."""

from pathlib import Path

from duetto.errors import ConfigError
from duetto.hub.get import NAME as HUB
from duetto.hub.get import get_weights
from duetto.settings.config import F0Config

DOWNLOAD = "rmvpe.pt of the Hugging Face repository lj1995/VoiceConversionWebUI"


def find_weights(config: F0Config) -> Path:
    """The weights file that the settings name; `hub` = the one that `weights get rmvpe` has.

    Raises:
        ConfigError: If they name none, or one that does not exist; says what to download.
        DownloadError: If the hub's has to be downloaded and cannot be.
        CheckpointError: If the hub's has another digest than the table.
    """
    if config.path is None:
        raise ConfigError(
            "features.f0.method=rmvpe needs features.f0.path=FILE, which is not set (f0_path=FILE in infer.py). "
            f"Write features.f0.path=hub, or download {DOWNLOAD}."
        )
    if config.path == HUB:
        return get_weights("rmvpe")
    file = Path(config.path).expanduser()
    if not file.is_file():
        raise ConfigError(
            f"features.f0.path={config.path} is no file. Download {DOWNLOAD}; infer.py takes f0_path=FILE."
        )
    return file
