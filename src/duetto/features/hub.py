"""Content encoders from the Hugging Face hub, where that package is installed; its own cache keeps the files.

Nothing is downloaded unless a user asks for it by `features.content.path=hub` (`content_path=hub` in infer.py).
"""

import importlib
from pathlib import Path

from duetto.errors import ConfigError

HUB = "hub"  # in place of a path
REPOSITORIES = {"contentvec": ("lengyue233/content-vec-best", "pytorch_model.bin")}  # repository, file


def download_weights(name: str) -> Path:
    """The weights file of an encoder, from the hub or its local cache.

    Raises:
        ConfigError: If the hub has none that we know, `huggingface_hub` is not installed, or the download fails.
    """
    if name not in REPOSITORIES:
        raise ConfigError(f"features.content.path={HUB}: {name} is not on the hub. Give a weights file instead.")
    repository, file = REPOSITORIES[name]
    try:
        hub = importlib.import_module("huggingface_hub")
    except ImportError as error:
        raise ConfigError(
            f"features.content.path={HUB} needs the package huggingface_hub: pip install huggingface_hub. "
            f"Or download {file} of {repository} and give its path."
        ) from error
    try:
        return Path(hub.hf_hub_download(repo_id=repository, filename=file))
    except Exception as error:  # network, permission and cache errors are all of other classes
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(
            f"{file} of {repository} could not be downloaded from the hub ({reason}). Download it and give its path."
        ) from error
