"""A real Slurm of one node on loopback, without systemd or accounting: started and stopped by a test."""

import getpass
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd", "sbatch")
MISSING = [name for name in DAEMONS if shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None]
WHY_NOT = f"{', '.join(MISSING)} missing: apt-get install slurm-wlm munge, then make test-cluster"
PARTITION = "ci"
CONF = """
ClusterName=ci
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
CredType=cred/munge
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=5
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
KillWait=5
MinJobAge=300
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=8000 State=UNKNOWN
PartitionName={partition} Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


@contextmanager
def one_node_slurm(folder: Path, cpus: int = 2) -> Iterator[dict[str, str]]:
    """Start munged, slurmctld and slurmd; yields the variables that let commands find them."""
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o600)
    host = socket.gethostname().split(".")[0]
    conf = folder / "slurm.conf"
    names = {"host": host, "user": getpass.getuser(), "folder": folder, "partition": PARTITION}
    conf.write_text(CONF.format(**names, ports=free_ports(), cpus=cpus))
    variables = {"SLURM_CONF": str(conf), "PATH": f"{os.environ['PATH']}:/usr/sbin"}
    files = {each: folder / f"munge.{each}" for each in ("sock", "pid", "log", "seed")}
    munge = ["munged", "--foreground", "--force", f"--key-file={key}", f"--socket={files['sock']}", "--num-threads=1"]
    munge += [f"--{each}-file={files[each]}" for each in ("pid", "log", "seed")]
    with ExitStack() as stack:
        for command in (munge, ["slurmctld", "-D", "-f", str(conf)], ["slurmd", "-D", "-f", str(conf)]):
            stack.enter_context(daemon(command, folder, variables))
            if command is munge:
                wait_until(files["sock"].exists, folder)
        wait_until(lambda: states(variables) <= {"idle"} != set(), folder)
        yield variables


@contextmanager
def daemon(command: list[str], folder: Path, variables: dict[str, str]) -> Iterator[None]:
    """A program in the foreground that ends with the block."""
    with (folder / f"{command[0]}.out").open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env={**os.environ, **variables})
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def states(variables: dict[str, str]) -> set[str]:
    """States of the nodes; empty while nobody answers."""
    command = ["sinfo", "--noheader", "--format=%T"]
    done = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, check=False)
    return set(done.stdout.split())


def wait_until(holds, folder: Path, seconds: float = 60.0) -> None:
    """Wait for a condition; fails with what the daemons said."""
    deadline = time.monotonic() + seconds
    while not holds():
        said = "".join(path.read_text(errors="replace")[-1500:] for path in sorted(folder.glob("*.[lo][ou][gt]")))
        assert time.monotonic() < deadline, said
        time.sleep(0.2)


def free_ports() -> list[int]:
    """Two ports of loopback that nobody listens on."""
    with socket.socket() as one, socket.socket() as other:
        for each in (one, other):
            each.bind(("127.0.0.1", 0))
        return [one.getsockname()[1], other.getsockname()[1]]
