"""The content encoders that `features.content.encoder` may name.

A new encoder is one file beside this one and one line in `ENCODERS`.
"""

from duetto.errors import ConfigError
from duetto.features import hubert_variants, moonshine, whisper_kind
from duetto.features.encoder import ContentEncoder, EncoderKind
from duetto.features.lookup import find_named
from duetto.settings.config import ContentConfig
from duetto.settings.ranges import one_of

ENCODERS: tuple[EncoderKind, ...] = (
    moonshine.ENCODER,
    hubert_variants.CONTENTVEC_ENCODER,
    hubert_variants.HUBERT_SOFT_ENCODER,
    *hubert_variants.APPLIO_ENCODERS,
    whisper_kind.ENCODER,
)


def find_encoder(name: str) -> EncoderKind:
    """The encoder of that name.

    Raises:
        ConfigError: If there is none; names the existing ones.
    """
    return find_named(ENCODERS, name, "features.content.encoder")


def build_encoder(config: ContentConfig) -> ContentEncoder:
    """Load the encoder that the configuration names.

    Raises:
        ConfigError: If there is no such encoder or layer, its width is not `config.dimension`, or no weights are named.
        CheckpointError: If the weights file is damaged, hostile or of another shape.
    """
    encoder = find_encoder(config.encoder)
    width = encoder.width(config)
    if config.dimension != width:
        raise ConfigError(
            f"features.content.dimension={config.dimension}, but {config.encoder} at layer {config.layer} gives "
            f"{width}."
        )
    return encoder.open(config)


def encoder_digest(config: ContentConfig) -> str:
    """SHA-256 of the encoder's weights, without loading them.

    Raises:
        ConfigError: If there is no such encoder or layer, or no weights are named.
    """
    return find_encoder(config.encoder).weights_digest(config)


def check_content_width(model_dimension: int, encoder_dimension: int, name: str) -> None:
    """Refuse content of another width than the model was trained on.

    Args:
        model_dimension: Width that the model expects, D.
        encoder_dimension: Width that the encoder gives.
        name: The encoder's.

    Raises:
        ConfigError: If they differ; names the encoders of the wanted width.
    """
    if model_dimension == encoder_dimension:
        return
    fitting = [
        encoder.name if layer is None else f"{encoder.name} at layer {layer}"
        for encoder in ENCODERS
        for layer, width in encoder.widths
        if width == model_dimension
    ]
    advice = (
        f"Set features.content to {one_of(fitting) if fitting[1:] else fitting[0]}"
        if fitting
        else "No encoder here gives that width"
    )
    raise ConfigError(
        f"The model was trained on content {model_dimension} wide, but the encoder {name} gives {encoder_dimension}. "
        f"{advice}; the encoder must be the one of the training."
    )
