"""Content frames from HuBERT-base networks: ContentVec (RVC, Diff-SVC) and HuBERT-soft (Diff-SVC).

The network is torchaudio's; the weights are a file of the user in any published layout (see hubert_keys).

Conventions: 16 kHz in, units 320 samples (20 ms) apart. Unit i sees the samples 320 i to 320 i + 399 and is centred at
sample 320 i + 200; HuBERT-soft's padding moves its centre to 320 i + 160. `encode` states these times, so the
interpolation to the feature grid adds no skew. Voices trained elsewhere expect units that are repeated instead:
`raw_units` gives the bare units for those modes of conversion.

Reference: Hsu et al., "HuBERT", arXiv:2106.07447, 2021; Qian et al., "ContentVec", arXiv:2204.09224, 2022; van Niekerk
et al., "A Comparison of Discrete and Soft Speech Units for Improved Voice Conversion", arXiv:2111.02392, 2022.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.utils import parametrize
from torchaudio.models import Wav2Vec2Model, wav2vec2_model

from duetto.errors import AudioError, CheckpointError, ConfigError
from duetto.features.chunks import encode_in_chunks
from duetto.features.frames import require_usable
from duetto.features.hubert_file import read_tensors
from duetto.features.hubert_keys import detect_layout, translate, unwrap
from duetto.features.hubert_variants import Variant
from duetto.storage.audio import Waveform, resample

SAMPLE_RATE = 16_000  # Hz
CONVOLUTIONS = ((10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2))  # kernel, stride
STRIDE = 320  # samples a unit: product of the strides
RECEPTIVE_FIELD = 400  # samples that the convolutions see for one unit
CENTRE = RECEPTIVE_FIELD // 2  # of the first unit's samples
CHUNK_UNITS = 1000  # 20 s at once, so that memory stays flat
OVERLAP_UNITS = 200  # 4 s shared by neighbouring chunks
CONTEXT_UNITS = 64  # dropped at a chunk's edge: half the kernel of the positional convolution


@dataclass(frozen=True)
class HubertShape:
    """Sizes of the network; the defaults are HuBERT-base."""

    width: int = 768
    num_layers: int = 12
    num_heads: int = 12
    feed_forward: int = 3072
    convolution_channels: int = 512
    projection: int = 256


def build_network(shape: HubertShape, has_projection: bool) -> Wav2Vec2Model:
    """The network without dropout, in evaluation mode; `aux` is the projection if there is one."""
    return wav2vec2_model(
        extractor_mode="group_norm",
        extractor_conv_layer_config=[(shape.convolution_channels, *convolution) for convolution in CONVOLUTIONS],
        extractor_conv_bias=False,
        encoder_embed_dim=shape.width,
        encoder_projection_dropout=0.0,
        encoder_pos_conv_kernel=128,
        encoder_pos_conv_groups=16,
        encoder_num_layers=shape.num_layers,
        encoder_num_heads=shape.num_heads,
        encoder_attention_dropout=0.0,
        encoder_ff_interm_features=shape.feed_forward,
        encoder_ff_interm_dropout=0.0,
        encoder_dropout=0.0,
        encoder_layer_norm_first=False,
        encoder_layer_drop=0.0,
        aux_num_out=shape.projection if has_projection else None,
    ).eval()


def load_network(path: Path, variant: Variant, shape: HubertShape) -> Wav2Vec2Model:
    """The network with the weights of a file, float32, cut behind the variant's layer.

    Raises:
        CheckpointError: If the file is missing, damaged, hostile, of another layout or shape; names the tensors.
    """
    weights = unwrap(read_tensors(path), path)
    layout = detect_layout(weights, path)
    if layout not in variant.layouts:
        raise CheckpointError(
            f"{path} is in the layout of {layout}, but features.content.encoder={variant.name} is read from "
            f"{', '.join(variant.layouts)}. Choose the encoder that the file was made for."
        )
    with torch.device("meta"):  # no memory, no random numbers: every tensor comes from the file
        network = build_network(shape, variant.has_projection)
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    network.load_state_dict(translate(weights, expected, layout, path), strict=True, assign=True)
    transformer = network.encoder.transformer
    parametrize.remove_parametrizations(transformer.pos_conv_embed.conv, "weight")
    transformer.layers = transformer.layers[: variant.layer]
    return network.requires_grad_(False).eval()


class HubertEncoder:
    """One layer of a HuBERT-base network, projected or not."""

    def __init__(
        self, path: Path, variant: Variant, shape: HubertShape | None = None, device: torch.device | str = "cpu"
    ) -> None:
        """Read the weights.

        Args:
            path: Weights file in a published layout.
            variant: What to read of the network.
            shape: Sizes; None = HuBERT-base.
            device: Where the network runs.

        Raises:
            CheckpointError: As `load_network`.
        """
        self.name = variant.name
        self.dimension = variant.dimension
        self.variant = variant
        self._device = torch.device(device)
        self._network = load_network(path, variant, shape or HubertShape()).to(self._device)

    def encode(
        self, waveform: Waveform, sample_rate: int, layer: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Content with its true times.

        Zeros are added at the end, so that the last unit is centred at the end or later.

        Args:
            waveform: (S,).
            sample_rate: Its rate, Hz; resampled to 16 kHz here.
            layer: The variant's.

        Returns:
            Units (U, D) and the times of their centres (U,), s: 0.0125, 0.0325, ... (HuBERT-soft 0.01, 0.03, ...).

        Raises:
            AudioError: If the waveform is empty or holds NaN or infinite samples.
            ConfigError: If the encoder was opened for another layer.
        """
        if layer != self.variant.layer:
            raise ConfigError(
                f"Content layer {layer} was asked for, but the encoder was opened for layer {self.variant.layer}."
            )
        require_usable(waveform, "The content encoder")
        audio = resample(waveform, sample_rate, SAMPLE_RATE)
        first_centre = CENTRE - self.variant.padding
        count = max(-(-(len(audio) - first_centre) // STRIDE), 0) + 1
        padded = np.zeros((count - 1) * STRIDE + RECEPTIVE_FIELD, dtype=np.float32)
        padded[self.variant.padding : self.variant.padding + len(audio)] = audio

        def encode_piece(start: int, end: int) -> NDArray[np.float32]:
            return self._run(padded[start * STRIDE : (end - 1) * STRIDE + RECEPTIVE_FIELD])

        units = encode_in_chunks(encode_piece, count, CHUNK_UNITS, OVERLAP_UNITS, CONTEXT_UNITS)
        return units, (np.arange(count) * STRIDE + first_centre) / SAMPLE_RATE

    def raw_units(self, waveform: Waveform) -> NDArray[np.float32]:
        """The units as the public systems compute them: in one pass, nothing added but HuBERT-soft's padding.

        Memory grows with the length (about 1 GB a minute); their pipelines hand over pieces, and so should callers.

        Args:
            waveform: (S,) at 16 kHz.

        Returns:
            (U, D), 50 a second; U = (S - 80) // 320, for HuBERT-soft S // 320.

        Raises:
            AudioError: If the waveform is empty, shorter than one unit, or holds NaN or infinite samples.
        """
        require_usable(waveform, "The content encoder")
        padded = np.pad(waveform, self.variant.padding)
        if len(padded) < RECEPTIVE_FIELD:
            raise AudioError(
                f"The content encoder needs {RECEPTIVE_FIELD - 2 * self.variant.padding} samples at 16 kHz or more, "
                f"but got {len(waveform)}. Use a longer clip."
            )
        return self._run(padded)

    @torch.inference_mode()
    def _run(self, audio: Waveform) -> NDArray[np.float32]:
        batch = torch.from_numpy(np.ascontiguousarray(audio, dtype=np.float32))[None].to(self._device)
        content = self._network.extract_features(batch)[0][-1]  # (1, U, H)
        if self.variant.has_projection:
            content = self._network.aux(content)
        return cast(NDArray[np.float32], content[0].cpu().numpy())
