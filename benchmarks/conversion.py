"""Memory and speed of a conversion: N minutes through RVC at its compact size, each length in a process of its own.

    python benchmarks/conversion.py [minutes=1,10,60] [threads=2] [rows=100000] [network=yes]

Weights are random, which changes neither memory nor time. The source is a 48 kHz WAV (a gliding harmonic tone with
pauses), made block by block; the index holds `rows` frames. Printed: peak resident memory, wall time, real-time factor.
The goal for 60 minutes is below 3 GiB. With `network=no` all is loaded, but pieces pass through unchanged: what is
left is reading, cutting, joining, level, rumble, resampling and writing, the parts that see the whole recording.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

SOURCE_RATE = 48_000
BLOCK_S = 30
GIB = 2**30


def song(minutes: float) -> Iterator[np.ndarray]:
    """Blocks of a tone that glides between 150 and 300 Hz, 4 s on and 1 s off."""
    for block in range(max(int(minutes * 60 / BLOCK_S), 1)):
        time_s = np.arange(BLOCK_S * SOURCE_RATE) / SOURCE_RATE + block * BLOCK_S
        phase = 2 * np.pi * (225 * time_s + 75 / (2 * np.pi * 0.2) * np.sin(2 * np.pi * 0.2 * time_s))
        tone = sum(np.sin(number * phase) / number for number in range(1, 12))
        yield (0.15 * tone * (time_s % 5 < 4)).astype(np.float32)


def convert(minutes: float, threads: int, rows: int, network: str) -> dict[str, float]:
    """Convert in this process."""
    import torch
    from hydra import compose, initialize_config_dir

    from duetto.conversion.converter import ConversionRequest
    from duetto.conversion.recording import convert_file
    from duetto.conversion.retrieval import build_index
    from duetto.conversion.sources import check_source
    from duetto.layers.weight_norm import fold_weight_norm
    from duetto.runs.compose import prepare, typed
    from duetto.settings.run_config import TrainConfig
    from duetto.storage.audio import write_blocks
    from duetto.voices.load import build_converter
    from duetto.voices.voice import build_network

    torch.set_num_threads(threads)
    prepare()
    with initialize_config_dir(str(Path(__file__).parents[1] / "conf"), version_base="1.3"):
        overrides = ["model=rvc", "data=case_b", "model/size=compact"]
        config = typed(compose("train", overrides), TrainConfig)
    torch.manual_seed(0)
    voice = fold_weight_norm(build_network(config.model, config.features).eval())
    content = np.random.default_rng(0).standard_normal((rows, config.features.content.dimension), np.float32)
    index = build_index(content, "random", 0, 8, seed=0)
    converter = build_converter(voice, config.model, config.features, index)
    if network == "no":
        pass_through(converter)
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder) / "in.wav", Path(folder) / "out.wav"
        write_blocks(source, song(minutes), SOURCE_RATE)
        loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        start = time.perf_counter()
        checked = check_source(source)
        convert_file(converter, checked, output, ConversionRequest(level_match=0.5))
        seconds = time.perf_counter() - start
        same = check_source(output).num_samples == checked.num_samples
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"loaded": loaded, "peak": peak, "seconds": seconds, "audio_s": checked.duration_s, "same_length": same}


def pass_through(converter: Any) -> None:
    """Let pieces through as they are, without content or pitch."""
    from duetto.features.cache import ClipFeatures

    def frames(piece: np.ndarray, _: object) -> ClipFeatures:
        count = len(piece) // converter.grid.hop_length
        return ClipFeatures(np.zeros((count, 0), np.float32), np.full(count, 220.0, np.float32), piece)

    converter._source_frames = frames
    converter.renderer.render = lambda frames, speaker_id, generator: frames.waveform


def main() -> None:
    """Print a row for each length."""
    options = dict(argument.split("=") for argument in sys.argv[1:])
    threads, rows = options.get("threads", "2"), options.get("rows", "100000")
    network = options.get("network", "yes")
    print(f"{'minutes':>8} {'loaded GiB':>11} {'peak GiB':>9} {'seconds':>8} {'RTF':>6}  same length")
    for minutes in options.get("minutes", "1,10,60").split(","):
        command = [
            sys.executable,
            __file__,
            f"only={minutes}",
            f"threads={threads}",
            f"rows={rows}",
            f"network={network}",
        ]
        result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        factor = result["seconds"] / result["audio_s"]
        print(
            f"{minutes:>8} {result['loaded'] / GIB:11.2f} {result['peak'] / GIB:9.2f} {result['seconds']:8.1f} "
            f"{factor:6.3f}  {result['same_length']}",
            flush=True,
        )


if __name__ == "__main__":
    chosen = dict(argument.split("=") for argument in sys.argv[1:])
    if "only" in chosen:
        print(
            json.dumps(convert(float(chosen["only"]), int(chosen["threads"]), int(chosen["rows"]), chosen["network"]))
        )
    else:
        main()
