"""`f0=FILE` and `f0_out=FILE` of infer.py: the pitch of a source, drawn by the user or written to be edited."""

from pathlib import Path

from duetto.conversion.converter import Converter
from duetto.conversion.curves.curve import PitchCurve
from duetto.conversion.curves.read import read_curve
from duetto.conversion.curves.write import require_writable_suffix, write_curve
from duetto.conversion.sources import Source
from duetto.errors import ConfigError
from duetto.settings.run_config import InferConfig
from duetto.storage.audio import read_blocks, resample_blocks


def open_contour(config: InferConfig, num_sources: int) -> PitchCurve | None:
    """The contour that `f0` names; None if it names none.

    Raises:
        ConfigError: If it cannot be one, `f0_out` has no known suffix, or there are several recordings.
    """
    if config.f0 is None and config.f0_out is None:
        return None
    if num_sources > 1:
        raise ConfigError(f"f0 and f0_out are the pitch of one recording, but source names {num_sources}. Give one.")
    if config.f0_out is not None:
        require_writable_suffix(Path(config.f0_out))
    return None if config.f0 is None else read_curve(Path(config.f0).expanduser())


def with_contour(converter: Converter, curve: PitchCurve | None, config: InferConfig, source: Source) -> Converter:
    """The converter with the user's contour, once it fits the source; writes the source's contour where asked to.

    Raises:
        ConfigError: If the contour is that of a longer or a shorter recording.
        StorageError: If the contour cannot be written.
    """
    if curve is not None:
        curve.require_length(source.duration_s)
        converter = converter.with_curve(curve)
    if config.f0_out is not None:
        mono = (block.mean(axis=0) for block in read_blocks(source.path))
        blocks = resample_blocks(mono, source.sample_rate, converter.sample_rate)
        times_s, f0_hz = converter.track(blocks, config.chunk_s)
        is_inside = times_s < source.duration_s
        write_curve(Path(config.f0_out).expanduser(), times_s[is_inside], f0_hz[is_inside], source.duration_s)
    return converter
