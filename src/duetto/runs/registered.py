"""Checks names in settings against the registries at the end of composition, without opening a file."""

from duetto.errors import ConfigError
from duetto.features.content import find_encoder
from duetto.features.trackers import registry
from duetto.settings.config import ContentConfig
from duetto.settings.ranges import one_of
from duetto.settings.run_config import InferConfig, TrainConfig
from duetto.singer.voices import get_voice

SUNG = ("case_a", "case_b", "case_c", "case_d")  # cases that embedded voices sing


def check_registered(settings: TrainConfig | InferConfig) -> None:
    """Refuse a pitch tracker, a content encoder or an embedded voice that does not exist.

    Raises:
        ConfigError: If a name is unknown; lists the known ones.
    """
    if isinstance(settings, InferConfig):
        _check_tracker("f0_method", settings.f0_method)
        return
    _check_tracker("features.f0.method", settings.features.f0.method)
    _check_encoder(settings.features.content)
    if settings.data.case in SUNG:
        for name in (settings.data.target, *settings.data.sources):
            get_voice(name)


def _check_tracker(key: str, name: str | None) -> None:
    names = [tracker.name for tracker in registry.TRACKERS]
    if name is not None and name not in names:
        raise ConfigError(f"{key}={name}: expected {one_of(names)}; {names[0]} is the default, so it can be left out.")


def _check_encoder(content: ContentConfig) -> None:
    encoder = find_encoder(content.encoder)
    width = encoder.width(content)
    if content.dimension != width:
        raise ConfigError(
            f"features.content.dimension={content.dimension}, but {content.encoder} at layer {content.layer} gives "
            f"{width}."
        )
