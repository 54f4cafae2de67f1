"""W&B's own files of a run: what they hold after a kill, and how they are put right before the run goes on.

A `.wandb` file is a log of protobuf messages in the framing of LevelDB's log: a header of 7 bytes, blocks of 32 KiB, in
them pieces with a header of 7 bytes (checksum, length, kind: whole, first, middle, last). W&B 0.31 writes to it every
fifteen seconds or so and in whole blocks, so a killed process leaves an incomplete message at its end, or none at all.
`wandb sync` stops at such a file and sends nothing of those named after it.
"""

import logging
import os
import shutil
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = "wandb"
OFFLINE, ONLINE = "offline-run-*", "run-*"  # folders of the logs
SENT = ".synced"  # ends the name of the file with which `wandb sync` marks a log
HEADER_BYTES, BLOCK_BYTES = 7, 32_768
PIECE = struct.Struct("<IHB")  # checksum, length, kind
WHOLE, FIRST, MIDDLE, LAST = 1, 2, 3, 4
STEP = "step"  # our own name of the step, in every row

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Message:
    """One message of a log."""

    content: bytes
    end: int  # offset in the file of the byte after it


def messages(path: Path) -> Iterator[Message]:
    """The whole messages of a log, up to the first that is incomplete.

    Raises:
        OSError: If it cannot be read.
    """
    data = path.read_bytes()
    at, begun = HEADER_BYTES, b""
    while True:
        left = BLOCK_BYTES - at % BLOCK_BYTES
        if left < PIECE.size:  # filled with zeros
            at += left
            continue
        if at + PIECE.size > len(data):
            return
        _, length, kind = PIECE.unpack_from(data, at)
        content, at = data[at + PIECE.size : at + PIECE.size + length], at + PIECE.size + length
        if at > len(data) or kind not in (WHOLE, FIRST, MIDDLE, LAST):
            return
        begun = content if kind in (WHOLE, FIRST) else begun + content
        if kind in (WHOLE, LAST):
            yield Message(begun, at)


def mend(run: Path) -> None:
    """Cut incomplete messages off the offline logs of a run that nobody writes, and remove logs without any.

    Args:
        run: The run's folder, held by this process.
    """
    for folder in sorted((run / FOLDER).glob(OFFLINE)):
        for path in sorted(folder.glob("*.wandb")):
            end = max((message.end for message in messages(path)), default=0)
            if end == 0:
                shutil.rmtree(folder, ignore_errors=True)
            elif end < path.stat().st_size:
                os.truncate(path, end)


def last_step(run: Path) -> int:
    """The last step that W&B's logs of a run hold, offline and online; -1 = none."""
    paths = (path for kind in (OFFLINE, ONLINE) for path in (run / FOLDER).glob(f"{kind}/*.wandb"))
    return max((step for path in paths for step in steps(path)), default=-1)


def not_sent(run: Path) -> list[Path]:
    """The folders of offline logs that `wandb sync` has not sent."""
    paths = sorted((run / FOLDER).glob(f"{OFFLINE}/*.wandb"))
    return [path.parent for path in paths if not path.with_name(f"{path.name}{SENT}").exists()]


def steps(path: Path) -> Iterator[int]:
    """The step of each row in a log."""
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from wandb.proto.wandb_internal_pb2 import Record

    for message in messages(path):
        record = Record()
        try:
            record.ParseFromString(message.content)
        except DecodeError:
            logger.warning("%s holds a message that is not W&B's; the rest is not read.", path)
            return
        for item in record.history.item if record.HasField("history") else ():
            if STEP in (item.key, *item.nested_key):
                yield int(float(item.value_json))
