"""The content encoders of the HuBERT family that public voices were trained with, and where their weights come from.

Layers are counted as the field counts them: 12 is the output of the twelfth transformer layer of HuBERT-base.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from duetto.errors import CheckpointError, ConfigError
from duetto.features.encoder import ContentEncoder, EncoderKind
from duetto.hub.get import NAME as HUB
from duetto.hub.get import get_weights
from duetto.settings.config import ContentConfig
from duetto.storage.digests import digest_while_unchanged
from duetto.storage.files import read_object

CONTENTVEC, HUBERT_SOFT = "contentvec", "hubert_soft"
APPLIO_NAMES: Mapping[str, str] = MappingProxyType(  # of further networks of that shape that Applio trains voices on
    {
        "spin": "spin",
        "spin-v2": "spin_v2",
        "chinese-hubert-base": "chinese_hubert",
        "japanese-hubert-base": "japanese_hubert",
        "korean-hubert-base": "korean_hubert",
    }
)
UNIT_S = 0.02  # from unit to unit, 320 samples at 16 kHz


@dataclass(frozen=True)
class Variant:
    """Which layer of the network is read, and how."""

    name: str  # as features.content.encoder
    layer: int  # output of this transformer layer, counted from 1
    dimension: int  # of the content, D
    has_projection: bool  # 768 -> 256 behind the layer
    padding: int = 0  # zeros on each side of the waveform, samples at 16 kHz
    layouts: tuple[str, ...] = ("fairseq", "transformers", "torchaudio")  # of weights files, see hubert_keys


VARIANTS = (
    Variant(CONTENTVEC, 12, 768, has_projection=False),  # RVC v2
    Variant(CONTENTVEC, 9, 256, has_projection=True),  # RVC v1, Diff-SVC with use_vec
    # Diff-SVC, soft-VC; 40 zeros a side make S // 320 frames of S samples
    Variant(HUBERT_SOFT, 12, 256, has_projection=True, padding=40, layouts=("hubert-soft",)),
    *(Variant(name, 12, 768, has_projection=False) for name in APPLIO_NAMES.values()),
)

DOWNLOADS = {
    CONTENTVEC: "pytorch_model.bin or model.safetensors of the Hugging Face repository lengyue233/content-vec-best, "
    "or hubert_base.pt of lj1995/VoiceConversionWebUI, or ContentVec's checkpoint_best_legacy_500.pt",
    HUBERT_SOFT: "hubert-soft-0d54a1f4.pt from https://github.com/bshall/hubert/releases/tag/v0.1",
    **{
        ours: f"pytorch_model.bin and config.json of {theirs} from the Hugging Face repository IAHispano/Applio"
        for theirs, ours in APPLIO_NAMES.items()
    },
}
HUGGING_FACE_CONFIG = "config.json"  # beside weights in the layout of transformers


def find_variant(name: str, layer: int) -> Variant:
    """The variant of that encoder and layer.

    Raises:
        ConfigError: If public voices know no such pair.
    """
    for variant in VARIANTS:
        if (variant.name, variant.layer) == (name, layer):
            return variant
    layers = " or ".join(f"{v.layer} ({v.dimension} wide)" for v in VARIANTS if v.name == name)
    raise ConfigError(f"features.content.layer={layer}: {name} is read at layer {layers}.")


def require_weights(name: str, path: str | None) -> Path:
    """The weights file that the configuration names; `hub` = the one that `weights get` has under the encoder's name.

    Raises:
        ConfigError: If it names none, or one that does not exist; says what to download.
        DownloadError: If the hub's has to be downloaded and cannot be.
        CheckpointError: If the hub's has another digest than the table or the first use.
    """
    if path is None:
        raise ConfigError(
            f"features.content.encoder={name} needs features.content.path=FILE, which is not set "
            f"(content_path=FILE in infer.py). Write features.content.path=hub, or download {DOWNLOADS[name]}."
        )
    file = get_weights(name) if path == HUB else Path(path).expanduser()
    if not file.is_file():
        raise ConfigError(f"features.content.path={path} is no file. Download {DOWNLOADS[name]}.")
    _refuse_other_order(name, file)
    return file


def _refuse_other_order(name: str, file: Path) -> None:
    """Refuse a network that normalises before each layer: its tensors are called and shaped as ours, its result is not.

    Raises:
        CheckpointError: If the config.json beside the weights says so.
    """
    config = file.with_name(HUGGING_FACE_CONFIG)
    if config.is_file() and read_object(config).get("do_stable_layer_norm"):
        raise CheckpointError(
            f"{file} cannot be used as {name}: by its {HUGGING_FACE_CONFIG} it normalises before each layer "
            "(do_stable_layer_norm), as HuBERT-large does and HuBERT-base does not. Choose another encoder."
        )


def weights_digest(path: Path) -> str:
    """SHA-256 of a weights file; kept as long as its size and time of change stay the same."""
    return digest_while_unchanged(path)


def _find_weights(config: ContentConfig) -> tuple[Path, Variant]:
    variant = find_variant(config.encoder, config.layer)
    return require_weights(config.encoder, config.path), variant


def _open(config: ContentConfig) -> ContentEncoder:
    # here, so that processes without it need not load PyTorch
    from duetto.device.choose import compute_device
    from duetto.features.hubert import HubertEncoder

    return HubertEncoder(*_find_weights(config), device=compute_device(is_shared=True))


def _encoder(name: str, first_centre_s: float) -> EncoderKind:
    return EncoderKind(
        name,
        widths=tuple((variant.layer, variant.dimension) for variant in VARIANTS if variant.name == name),
        reads_file=True,
        packages=("torch", "torchaudio", "soxr"),
        width=lambda config: find_variant(config.encoder, config.layer).dimension,
        open=_open,
        weights_digest=lambda config: weights_digest(_find_weights(config)[0]),
        unit_times_s=(first_centre_s, UNIT_S),
    )


CONTENTVEC_ENCODER = _encoder(CONTENTVEC, 0.0125)
HUBERT_SOFT_ENCODER = _encoder(HUBERT_SOFT, 0.01)
APPLIO_ENCODERS = tuple(_encoder(name, 0.0125) for name in APPLIO_NAMES.values())
