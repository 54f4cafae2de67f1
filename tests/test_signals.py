"""A command that is told to end says one sentence, ends with the usual status, and leaves nobody behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SENTENCE = "\nStopped. What is done is kept; the same command goes on from there.\n"
BOTH = pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])

SLEEPS = """
import sys, time
from duetto.errors import report_errors
with report_errors():
    try:
        print("ready", flush=True)
        for _ in range(int({seconds} / 0.1)):
            time.sleep(0.1)  # CPython sleeps through a signal that comes between its last look and the sleep
    finally:
        {finally_do}
"""
POOL = """
import os, sys, time
from duetto.errors import report_errors
from duetto.workers import as_they_finish, {kind}
from tests.test_signals import {job}
if __name__ == "__main__":
    with report_errors(), {kind}(2) as executor:
        list(as_they_finish(executor, {job}, [1, 2]))
"""
HALF_STARTED = """
import signal
from multiprocessing import util
from duetto.errors import report_errors
from duetto.workers import process_pool
spawn = util.spawnv_passfds
def spawn_and_signal(path, arguments, handles):
    pid = spawn(path, arguments, handles)  # its interpreter has begun, and waits to be told what to do
    if "resource_tracker" not in arguments[-1]:
        signal.raise_signal(signal.SIGTERM)
    return pid
if __name__ == "__main__":
    util.spawnv_passfds = spawn_and_signal
    with report_errors(), process_pool(2) as executor:
        executor.submit(abs, 1).result()
"""
IN_A_LOCK = """
import signal
from duetto.errors import report_errors
with report_errors():
    try:
        {signal_here}
    except SystemExit:  # as `with` of a lock does on the way out if the signal comes before the lock is held
        pass
    raise RuntimeError({message!r})
"""
SLOW_PROGRAM = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(60)"
SEPARATES = f"""
import sys
from duetto.preprocess.steps.separate import _run
from duetto.workers import thread_pool
with thread_pool(1) as executor:
    executor.submit(_run, [sys.executable, "-c", {SLOW_PROGRAM!r}, sys.argv[1]], 60.0).result()
"""


def say_and_sleep(_):
    os.write(1, f"ready {os.getpid()}\n".encode())
    time.sleep(60)


def take_the_signal_and_sleep(number):
    """As the system's handler may run in a thread that is not the main one, which nothing then wakes."""
    if number == 1:
        time.sleep(0.5)  # until the main thread waits for us
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    time.sleep(60)


def listen_to_ctrl_c() -> None:
    """As at a terminal: tests that run in the background inherit that it is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(code: str, *arguments: str) -> "subprocess.Popen[str]":
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    pipe = subprocess.PIPE
    command = [sys.executable, *(("-c", code) if code else ()), *arguments]
    return subprocess.Popen(
        command,
        stdout=pipe,
        stderr=pipe,
        text=True,
        env=environment,
        cwd=ROOT,
        start_new_session=True,
        preexec_fn=listen_to_ctrl_c,
    )


def is_gone(pid: int, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        stat = Path(f"/proc/{pid}/stat")
        try:
            if stat.read_text().split(")")[1].split()[0] == "Z":  # dead, not yet fetched
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.02)
    return False


@BOTH
def test_a_command_that_is_told_to_end_says_one_sentence_and_ends_with_the_usual_status(number, status):
    process = start(SLEEPS.format(seconds=60, finally_do="pass"))
    process.stdout.readline()
    process.send_signal(number)
    assert process.communicate(timeout=30) == ("", SENTENCE)
    assert process.returncode == status


@BOTH
def test_a_second_signal_does_not_wait_for_what_is_being_closed(number, status):
    process = start(SLEEPS.format(seconds=60, finally_do="print('closing', flush=True); time.sleep(60)"))
    process.stdout.readline()
    process.send_signal(number)
    assert process.stdout.readline() == "closing\n"
    process.send_signal(number)
    assert process.communicate(timeout=30) == ("", SENTENCE)
    assert process.returncode == status


@BOTH
def test_a_verb_is_a_command_too(number, status):
    code = (
        "import sys, time\nfrom duetto import __main__ as commands\n"
        "def wait(options, console):\n    print('ready', flush=True); time.sleep(60)\n"
        "from duetto.cli.commands import hardware\n"
        "hardware.register = lambda verbs: verbs.add_parser('hardware').set_defaults(action=wait)\n"
        "sys.exit(commands.main(['hardware']))"
    )
    process = start(code)
    process.stdout.readline()
    process.send_signal(number)
    assert process.communicate(timeout=30) == ("", SENTENCE)
    assert process.returncode == status


@BOTH
@pytest.mark.parametrize("kind", ["process_pool", "thread_pool"])
def test_what_a_pool_has_begun_is_not_waited_for_and_ends_with_the_command(kind, number, status):
    process = start(POOL.format(kind=kind, job="say_and_sleep"))
    workers = [int(process.stdout.readline().split()[1]) for _ in range(2)]
    os.killpg(process.pid, number)  # as a terminal does, and `timeout`
    _, said = process.communicate(timeout=30)
    assert said == SENTENCE
    assert process.returncode == status
    assert all(map(is_gone, workers))


def test_a_signal_that_does_not_wake_the_main_thread_is_answered_all_the_same():
    process = start(POOL.format(kind="thread_pool", job="take_the_signal_and_sleep"))
    assert process.communicate(timeout=30) == ("", SENTENCE)
    assert process.returncode == 143


def test_a_process_of_a_pool_is_not_left_half_started():
    process = start(HALF_STARTED)
    assert process.communicate(timeout=30) == ("", SENTENCE)
    assert process.returncode == 143


def test_the_processes_of_a_pool_end_when_their_parent_is_killed():
    process = start(POOL.format(kind="process_pool", job="say_and_sleep"))
    workers = [int(process.stdout.readline().split()[1]) for _ in range(2)]
    process.kill()
    process.wait()
    assert all(map(is_gone, workers))
    process.communicate(timeout=30)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl is Linux's")
@pytest.mark.slow
def test_a_program_that_a_step_has_started_ends_when_the_command_is_killed(tmp_path):
    mark = tmp_path / "pid"
    process = start(SEPARATES, str(mark))
    deadline = time.monotonic() + 30
    while not (mark.is_file() and mark.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    process.communicate(timeout=30)
    assert is_gone(int(mark.read_text()))


@pytest.mark.parametrize(
    ("signal_here", "message", "status"),
    [
        ("signal.raise_signal(signal.SIGTERM)", "release unlocked lock", 143),
        ("signal.raise_signal(signal.SIGTERM)", "another mistake", 1),
        ("pass", "release unlocked lock", 1),
    ],
)
def test_a_signal_that_a_lock_turned_into_an_error_ends_the_command_all_the_same(signal_here, message, status):
    process = start(IN_A_LOCK.format(signal_here=signal_here, message=message))
    _, said = process.communicate(timeout=30)
    assert process.returncode == status
    assert said == SENTENCE if status == 143 else message in said


def test_an_ignored_signal_stays_ignored():
    process = start(
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)" + SLEEPS.format(seconds=0.5, finally_do="pass")
    )
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == 0


def test_signals_are_answered_as_before_once_the_command_is_done():
    from duetto.errors import report_errors

    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with report_errors():
        assert signal.getsignal(signal.SIGTERM) is not before[0]
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
