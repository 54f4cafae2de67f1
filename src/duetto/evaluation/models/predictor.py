"""Predicted quality: DNSMOS P.835, overall, by a network trained on speech. A predictor, not a rating.

Secondary, and labelled "predictor" wherever it is shown. It was trained on noisy speech. On clean synthetic singing
it falls as the pitch rises (3.06 to 1.74 over two and a half octaves) and does not respond to gating and low-pass
filters: it would show a register effect that does not exist and miss a cleaning effect. It is included because it is
widely reported.
Scale 1 to 5, higher is better; NaN in silence or for less than a second.

The network ships inside the package `speechmos` (Microsoft, MIT); the package itself is not imported. 16 kHz, as few
evenly spaced windows of 9.01 s as cover the recording (upstream: one per second), short recordings repeated, upstream's
polynomial for the scale.

Reference: Reddy et al., ICASSP 2022.
"""

import importlib.util
import math
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state

from duetto.errors import CheckpointError
from duetto.storage.audio import Waveform, resample

PREDICTOR_SAMPLE_RATE = 16_000  # Hz
WINDOW_SAMPLES = 144_160  # 9.01 s
MIN_SAMPLES = 16_000
SILENCE_PEAK = 1e-5
OVERALL = (-0.06766283, 1.11546468, 0.04602535)  # quadratic, from the package
REFUSALS = tuple(
    getattr(onnxruntime_pybind11_state, name)
    for name in ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented", "RuntimeException")
)
NETWORK = Path("dnsmos_models") / "sig_bak_ovr.onnx"


class QualityPredictor:
    """The network on one CPU thread; load it once and pass it around."""

    def __init__(self) -> None:
        """Load the network.

        Raises:
            CheckpointError: If the package is not installed or its file is damaged.
        """
        package = importlib.util.find_spec("speechmos")
        if package is None or package.origin is None:
            raise CheckpointError("The package speechmos is not installed; install it with `pip install speechmos`.")
        path = Path(package.origin).parent / NETWORK
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        try:
            content = path.read_bytes()
            self.session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except (OSError, *REFUSALS) as error:
            raise CheckpointError(f"{path} is missing or damaged; reinstall the package speechmos.") from error
        self.input_name = self.session.get_inputs()[0].name

    def predict(self, waveform: Waveform, sample_rate: int) -> float:
        """Predicted overall quality of a performance (S,), 1 to 5; NaN in silence or for less than a second."""
        samples = resample(np.asarray(waveform, dtype=np.float32), sample_rate, PREDICTOR_SAMPLE_RATE)
        if samples.size < MIN_SAMPLES or float(np.max(np.abs(samples))) < SILENCE_PEAK:
            return math.nan
        if samples.size < WINDOW_SAMPLES:
            samples = np.tile(samples, math.ceil(WINDOW_SAMPLES / samples.size))
        count = math.ceil(samples.size / WINDOW_SAMPLES)
        starts = np.linspace(0, samples.size - WINDOW_SAMPLES, count).astype(int)
        raw = [self._overall(samples[start : start + WINDOW_SAMPLES]) for start in starts]
        return float(np.mean(np.polyval(OVERALL, raw)))

    def _overall(self, window: Waveform) -> float:
        outputs = self.session.run(None, {self.input_name: window[None].astype(np.float32)})
        return float(np.asarray(outputs[0]).reshape(-1)[2])  # signal, background, overall
