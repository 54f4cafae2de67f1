"""TensorBoard's event files, in the folder `tensorboard` of a run.

Deviation from torch.utils.tensorboard: the records are made here, because its files carry the machine's name.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import soundfile
from PIL import Image

from duetto.errors import ConfigError
from duetto.storage.files import make_folder
from duetto.training.tracking import Item, Table


class EventFile:
    """One process's event file as a destination of the tracker; TensorBoard joins those of a folder."""

    def __init__(self, folder: Path, has_media: bool = True) -> None:
        """Open a new file in a folder.

        Args:
            folder: Made if it is missing.
            has_media: Whether sounds and pictures are written, or numbers alone.

        Raises:
            ConfigError: If the package tensorboard is not installed.
        """
        self._events, self._summaries, writer = _tensorboard()
        self._has_media = has_media
        self._step = 0
        path = make_folder(folder) / f"events.out.tfevents.{time.time_ns() // 1000:016d}.duetto"
        self._file = path.open("wb")
        self._writer = writer(self._file)
        self._write(file_version="brain.Event:2")

    def log(self, step: int, values: Mapping[str, float | Path | None]) -> None:
        """Numbers, WAV files and PNG files of a step; a first step above 0 takes the place of what was logged after."""
        if not self._step and step > 0:
            self._write(step, session_log=self._events.SessionLog(status=self._events.SessionLog.START))
        self._step = step
        found = (self._value(name, value) for name, value in values.items())
        self._write(step, summary=self._summaries.Summary(value=[each for each in found if each is not None]))

    def summarise(self, values: Mapping[str, float | None]) -> None:
        """Numbers of the whole run, at its last step."""
        self.log(self._step, values)

    def link(self, item: Item) -> None:
        """TensorBoard knows no lineage."""

    def show(self, table: Table) -> None:
        """TensorBoard knows no tables; the same scores are numbers, and the sounds are logged by themselves."""

    def close(self) -> None:
        """Flush and end."""
        self._file.close()

    def _value(self, name: str, value: float | Path | None) -> Any:
        summary = self._summaries.Summary
        if value is None or (isinstance(value, Path) and not self._has_media):
            return None
        if not isinstance(value, Path):
            return summary.Value(tag=name, simple_value=float(value))
        if value.suffix == ".wav":
            info = soundfile.info(value)
            sound = summary.Audio(
                sample_rate=info.samplerate,
                num_channels=info.channels,
                length_frames=info.frames,
                encoded_audio_string=value.read_bytes(),
                content_type="audio/wav",
            )
            return summary.Value(tag=name, audio=sound)
        with Image.open(value) as picture:
            width, height = picture.size
        shown = summary.Image(height=height, width=width, colorspace=3, encoded_image_string=value.read_bytes())
        return summary.Value(tag=name, image=shown)

    def _write(self, step: int = 0, **what: Any) -> None:
        self._writer.write(self._events.Event(wall_time=time.time(), step=step, **what).SerializeToString())
        self._file.flush()


def require_tensorboard() -> None:
    """Raise if the package is not installed.

    Raises:
        ConfigError: If so.
    """
    _tensorboard()


def _tensorboard() -> tuple[Any, Any, Any]:
    """Modules of events and of summaries, and the class that writes records."""
    try:
        from tensorboard.compat.proto import event_pb2, summary_pb2
        from tensorboard.summary.writer.record_writer import RecordWriter
    except ImportError as error:
        raise ConfigError("logger=tensorboard needs the package tensorboard: pip install tensorboard.") from error
    return event_pb2, summary_pb2, RecordWriter
