"""How the processes of a training find each other, and the messages of the first to the others.

They meet at a store of torch (`torch.distributed.TCPStore`). Processes of our own command, all on one machine, meet at
127.0.0.1; those of torchrun where it says; those of srun at the first machine of the step. Messages are JSON, never
pickles: whoever reaches the port can at most change settings.
"""

import json
import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from torch._C._distributed_c10d import TCPStore
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

from duetto.errors import ConfigError, ProcessLostError
from duetto.training.hardware import Hardware
from duetto.training.place import Place
from duetto.training.processes import NCCL_TIMEOUT, TIMEOUT, Processes, told_if_lost

LOOPBACK = "127.0.0.1"
JOIN_TIMEOUT = timedelta(minutes=5)  # for all processes to come, once the first is there
PAUSE_S = 0.1  # between two questions
PORTS = (15_000, 32_000)  # from which a job of Slurm takes its own: below those that systems hand out


class Meeting:
    """The store of one training.

    Args:
        place: Of this process.
        port: Of our own command's store, for processes that it started; 0 in the first of them, which chooses.
    """

    def __init__(self, place: Place, port: int = 0) -> None:
        self.place = place
        self.port = port
        with told_if_lost():
            self.store = self._open()
        self.num_begun = 0  # trainings

    def _open(self) -> Store:
        if self.place.started_by == "torchrun":
            store, _, _ = next(iter(rendezvous("env://", timeout=JOIN_TIMEOUT)))
            return store
        host, port = slurm_address(os.environ) if self.place.started_by == "srun" else (LOOPBACK, self.port)
        listener = self._listen(host, port) if self.place.is_first else None
        self.port = port if listener is None else listener.getsockname()[1]
        return TCPStore(
            host,
            self.port,
            is_master=listener is not None,
            timeout=JOIN_TIMEOUT,
            wait_for_workers=False,
            master_listen_fd=None if listener is None else listener.detach(),
        )

    def _listen(self, host: str, port: int) -> socket.socket:
        is_on_this_machine = self.place.local_world == self.place.world
        try:
            return socket.create_server((host if is_on_this_machine else "", port))
        except OSError as error:
            raise ConfigError(
                f"The processes cannot meet at {host}, port {port}: {error.strerror}. Choose another: MASTER_PORT."
            ) from error

    def tell(self, number: int, message: Mapping[str, Any]) -> None:
        """Give the others their next message; they are numbered from 0."""
        self.store.set(f"message/{number}", json.dumps(message))

    def hear(self, number: int) -> dict[str, Any]:
        """Wait for a message of the first process, however long it prepares.

        Raises:
            ProcessLostError: If it ends before it says anything.
        """
        message: dict[str, Any] = json.loads(self._get(f"message/{number}"))
        return message

    def _get(self, key: str) -> bytes:
        while not self._has(key):  # not `wait`, during which no signal is heard
            time.sleep(PAUSE_S)
        return self.store.get(key)

    def _has(self, key: str) -> bool:
        with told_if_lost():
            return self.store.check([key])

    def connect(self, hardware: Hardware, require_all: Callable[[], None] = lambda: None) -> Processes:
        """Tie the processes together for a training, once all of them are ready for it.

        Args:
            hardware: The device of this process.
            require_all: Called while others are waited for; raises if one of them will not come.

        Raises:
            ProcessLostError: If one has not come in time.
        """
        self.store.set(f"ready/{self.num_begun}/{self.place.rank}", "")
        self._await_all(require_all)
        self.num_begun += 1
        return self._tie(hardware)

    def _await_all(self, require_all: Callable[[], None]) -> None:
        waiting = [f"ready/{self.num_begun}/{rank}" for rank in range(self.place.world)]
        deadline = time.monotonic() + JOIN_TIMEOUT.total_seconds()
        while waiting := [key for key in waiting if not self._has(key)]:
            require_all()
            if time.monotonic() > deadline:
                minutes = JOIN_TIMEOUT.total_seconds() / 60
                raise ProcessLostError(
                    f"{self.place.world - len(waiting)} of {self.place.world} processes came within {minutes:g} "
                    f"minutes. {self.place.started_by} has to start as many as trainer.devices and trainer.nodes say."
                )
            time.sleep(PAUSE_S)

    def leave(self) -> None:
        """In a process other than the first: say that nothing more is asked of it."""
        with suppress(RuntimeError):  # it is gone
            self.store.set(f"left/{self.place.rank}", "")

    def await_leaving(self, seconds: float) -> None:
        """In the first process, with which the store ends: wait so long for the others to have left."""
        deadline = time.monotonic() + seconds
        waiting = [f"left/{rank}" for rank in range(1, self.place.world)]
        while (waiting := [key for key in waiting if not self.store.check([key])]) and time.monotonic() < deadline:
            time.sleep(PAUSE_S)

    def is_held(self) -> bool:
        """Whether the store still answers: ours and Slurm's end with the first process."""
        try:
            self.store.check(["message/0"])
        except RuntimeError:
            return False
        return True

    def _tie(self, hardware: Hardware) -> Processes:
        place = self.place
        if place.started_by == "duetto" and "lo" in {name for _, name in socket.if_nameindex()}:
            os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # else gloo listens where the host's name leads
        with told_if_lost():
            if not dist.is_initialized():
                store = PrefixStore("group", self.store)
                dist.init_process_group("gloo", store=store, rank=place.rank, world_size=place.world, timeout=TIMEOUT)
            if hardware.backend == "gloo":
                return Processes(place.rank, place.world)
            torch.cuda.set_device(hardware.index)
            gradients = dist.new_group(timeout=NCCL_TIMEOUT, backend="nccl")
            assert isinstance(gradients, dist.ProcessGroup)
            return Processes(place.rank, place.world, gradients)


def slurm_address(environment: Mapping[str, str]) -> tuple[str, int]:
    """Host and port at which the tasks of a step of Slurm meet; MASTER_ADDR and MASTER_PORT change them."""
    nodes = environment.get("SLURM_STEP_NODELIST") or environment.get("SLURM_NODELIST") or LOOPBACK
    host = environment.get("MASTER_ADDR") or SLURMEnvironment.resolve_root_node_address(nodes)
    low, high = PORTS
    step = 1000 * int(environment.get("SLURM_STEP_ID", "0")) + int(environment.get("SLURM_JOB_ID", "0"))
    return host, int(environment.get("MASTER_PORT") or low + step % (high - low))
