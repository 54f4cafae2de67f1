"""Writing AAC in MP4, as phones record."""

from pathlib import Path

import numpy as np


def write_m4a(path: Path, channels: np.ndarray, sample_rate: int) -> None:
    """Encode float32 (2, S)."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=sample_rate, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(channels, np.float32), format="fltp", layout="stereo")
        frame.sample_rate = sample_rate
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
