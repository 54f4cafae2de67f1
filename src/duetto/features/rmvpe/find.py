"""Where RMVPE's weights are found, without loading PyTorch."""

from pathlib import Path

from duetto.errors import ConfigError
from duetto.settings.config import F0Config

DOWNLOAD = "rmvpe.pt of the Hugging Face repository lj1995/VoiceConversionWebUI"


def find_weights(config: F0Config) -> Path:
    """The weights file that the settings name.

    Raises:
        ConfigError: If they name none, or one that does not exist; says what to download.
    """
    if config.path is None:
        raise ConfigError(
            "features.f0.method=rmvpe needs features.f0.path=FILE, which is not set (f0_path=FILE in infer.py). "
            f"Download {DOWNLOAD}."
        )
    file = Path(config.path).expanduser()
    if not file.is_file():
        raise ConfigError(
            f"features.f0.path={config.path} is no file. Download {DOWNLOAD}; infer.py takes f0_path=FILE."
        )
    return file
