"""Speaker embeddings: unit vectors by which the voices of two recordings are compared.

Valid only between performances at the same pitch: measured on synthetic singers, one singer an octave
higher (.754) is as far away as another singer at the same pitch (.762). Compare against the bounds.

The encoder is the GE2E network whose weights ship in the `resemblyzer` package. Its front end is
rebuilt here (25 ms windows, 10 ms hop, 40 mel bands, 1.6 s pieces), because importing the package pulls
in a speech detector and a just-in-time compiler that a score does not need.

Reference: Wan et al., ICASSP 2018; weights: Resemblyzer (Apache-2.0).
"""

import importlib.util
import math
from pathlib import Path

import numpy as np
import torch
import torchaudio

from duetto.device.choose import compute_device
from duetto.errors import CheckpointError
from duetto.evaluation.analysis.audio import Embedding
from duetto.storage.audio import Waveform, resample

ENCODER_SAMPLE_RATE = 16000  # Hz
N_FFT = 400  # 25 ms
HOP_LENGTH = 160  # 10 ms
N_MELS = 40
HIDDEN_SIZE = 256
PIECE_FRAMES = 160  # 1.6 s
PIECE_STEP_FRAMES = 77  # 1.3 pieces a second
MIN_COVERAGE = 0.75  # a last piece that is less full is dropped
TARGET_RMS_DB = -30.0  # level the encoder was trained at; quieter input is raised
ACTIVE_BELOW_PEAK_DB = 40.0  # softer 10 ms frames are pauses
SILENCE_RMS = 1e-5  # -100 dB: nothing is sung
MIN_ACTIVE_S = 0.5  # less is not enough for an embedding


class SpeakerEncoder:
    """The embedding network, on the card if there is one; load it once and pass it around."""

    def __init__(self, device: torch.device | None = None) -> None:
        """Load the weights.

        Args:
            device: Where it computes; None = as `duetto.device` decides.

        Raises:
            CheckpointError: If the package is not installed or its weights are damaged.
        """
        self.lstm = torch.nn.LSTM(N_MELS, HIDDEN_SIZE, num_layers=3, batch_first=True)
        self.linear = torch.nn.Linear(HIDDEN_SIZE, HIDDEN_SIZE)
        _load_weights(self.lstm, self.linear)
        self.device = compute_device() if device is None else device
        self.lstm.to(self.device)
        self.linear.to(self.device)
        self.window = torch.hann_window(N_FFT, device=self.device)
        self.mel_filters = torchaudio.functional.melscale_fbanks(
            N_FFT // 2 + 1, 0.0, ENCODER_SAMPLE_RATE / 2, N_MELS, ENCODER_SAMPLE_RATE, norm="slaney", mel_scale="slaney"
        ).to(self.device)

    def embed(self, waveform: Waveform, sample_rate: int) -> Embedding | None:
        """Embedding of a performance, its pauses removed.

        Args:
            waveform: (S,), +-1.0.
            sample_rate: Hz.

        Returns:
            Unit vector (256,), float32; None when less than half a second is sung.
        """
        active = _remove_pauses(resample(waveform, sample_rate, ENCODER_SAMPLE_RATE))
        if active.size < MIN_ACTIVE_S * ENCODER_SAMPLE_RATE:
            return None
        return self.embed_active(active)

    def embed_active(self, waveform: Waveform) -> Embedding:
        """Embedding of all of a 16 kHz waveform (S,), as the upstream package computes it: (256,), float32."""
        starts = _piece_starts(waveform.size)
        missing = (starts[-1] + PIECE_FRAMES) * HOP_LENGTH - waveform.size
        padded = torch.from_numpy(np.pad(waveform, (0, max(0, missing)))).to(self.device)
        with torch.inference_mode():
            spectrum = torch.stft(
                padded, N_FFT, HOP_LENGTH, window=self.window, center=True, pad_mode="constant", return_complex=True
            )
            mel = (spectrum.abs() ** 2).T @ self.mel_filters  # (T, 40)
            pieces = torch.stack([mel[start : start + PIECE_FRAMES] for start in starts])
            _, (hidden, _) = self.lstm(pieces)
            embeddings = torch.nn.functional.normalize(torch.relu(self.linear(hidden[-1])), dim=1)
            mean = torch.nn.functional.normalize(embeddings.mean(dim=0), dim=0)
        return mean.cpu().numpy().astype(np.float32)


def _load_weights(lstm: torch.nn.LSTM, linear: torch.nn.Linear) -> None:
    package = importlib.util.find_spec("resemblyzer")
    if package is None or package.origin is None:
        raise CheckpointError("The package resemblyzer is not installed; install it with `pip install resemblyzer`.")
    path = Path(package.origin).parent / "pretrained.pt"
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
        for name, module in (("lstm", lstm), ("linear", linear)):
            prefix = f"{name}."
            module.load_state_dict({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
    except (OSError, RuntimeError, KeyError) as error:
        raise CheckpointError(f"{path} is missing or damaged; reinstall the package resemblyzer.") from error


def _remove_pauses(waveform: Waveform) -> Waveform:
    """Keep the 10 ms frames within 40 dB of the loudest, and raise the level to the encoder's."""
    frames = waveform[: waveform.size // HOP_LENGTH * HOP_LENGTH].reshape(-1, HOP_LENGTH)
    rms = np.sqrt(np.mean(frames.astype(np.float64) ** 2, axis=1))
    loudest = float(rms.max(initial=0.0))
    if loudest < SILENCE_RMS:
        return np.zeros(0, dtype=np.float32)
    kept = frames[rms >= loudest * 10.0 ** (-ACTIVE_BELOW_PEAK_DB / 20.0)].reshape(-1)
    level = float(np.sqrt(np.mean(kept.astype(np.float64) ** 2)))
    return np.asarray(kept * (10.0 ** (TARGET_RMS_DB / 20.0) / level), dtype=np.float32)


def _piece_starts(num_samples: int) -> list[int]:
    """First frames of the overlapping 1.6 s pieces that cover a waveform; at least one."""
    num_frames = math.ceil((num_samples + 1) / HOP_LENGTH)
    starts = list(range(0, max(1, num_frames - PIECE_FRAMES + PIECE_STEP_FRAMES + 1), PIECE_STEP_FRAMES))
    coverage = (num_samples / HOP_LENGTH - starts[-1]) / PIECE_FRAMES
    return starts[:-1] if coverage < MIN_COVERAGE and len(starts) > 1 else starts
