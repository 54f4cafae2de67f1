"""A process of a training other than the first: it takes its share of the steps, and writes nothing.

`python -m duetto.runs.follow PORT RANK WORLD` is how our own command starts one (`duetto.runs.team`).
"""

import sys
from typing import Any

from duetto.errors import EXIT_USER_ERROR, DivergedError, ProcessLostError, report_errors
from duetto.signals import EXIT_INTERRUPTED, Terminated
from duetto.training.place import Place


def follow(place: Place, port: int = 0) -> dict[str, Any]:
    """Take part in the trainings of the first process until it ends them.

    Args:
        place: Of this process.
        port: As `Meeting`.

    Returns:
        What the first process's command gives.

    Raises:
        SystemExit: With the status of the first process, if it ends with an error or a signal, which it says itself.
        ProcessLostError: If it ends without a word.
    """
    import torch.distributed as dist

    from duetto.training.meeting import Meeting

    meeting, number = Meeting(place, port), 0
    try:
        while "work" in (message := meeting.hear(number)):
            take_share(message["work"], meeting)
            number += 1
    except (ProcessLostError, DivergedError, Terminated, KeyboardInterrupt) as error:
        if meeting.is_held():  # the first says it
            raise SystemExit(status_of(error)) from error
        raise
    finally:
        meeting.leave()
        if dist.is_initialized():
            dist.destroy_process_group()
    if message["status"]:
        raise SystemExit(message["status"])
    result: dict[str, Any] = message["result"]
    return result


def status_of(error: BaseException) -> int:
    """The status with which a command ends that was left by this."""
    if isinstance(error, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    return error.code if isinstance(error, SystemExit) and isinstance(error.code, int) else EXIT_USER_ERROR


def take_share(described: dict[str, Any], meeting: Any) -> None:
    """Take this process's share of a training's steps."""
    import torch

    from duetto.runs.fit import take_steps
    from duetto.runs.work import work_from
    from duetto.training.hardware import detect_hardware
    from duetto.training.precision import Precision
    from duetto.voices.pretrained import make_module

    work = work_from(described)
    config = work.config
    hardware = detect_hardware(config.trainer, meeting.place)
    torch.set_num_threads(hardware.num_threads)
    module = make_module(config.model, config.features, config.seed)
    module.step_precision = Precision(hardware.precision, hardware.accelerator)
    module.processes = meeting.connect(hardware)
    take_steps(module, work, hardware, [], print)


def main(arguments: list[str]) -> None:
    """Follow the process that has started this one."""
    port, rank, world = map(int, arguments)
    with report_errors():
        follow(Place(rank, world, rank, world), port)


if __name__ == "__main__":
    main(sys.argv[1:])
