"""Locks of folders that several machines share: where the file system has locks, where it has none, where it lies."""

import os
import threading
import time
from pathlib import Path

import pytest

from duetto.errors import ConfigError, StorageError
from duetto.storage import lock_file, lock_signs, locks
from duetto.storage.lock_owner import Owner, is_process, owner_in, start_of, this_process
from duetto.storage.lock_signs import Verdict, verdict_on
from duetto.storage.locks import alone, in_turn
from tests.storage.shared_disk import NO_LOCKS, all_at_once, of_another_machine, what_is_left, without_locks

DEAD_PID = 2**22 + 1  # above what Linux gives


@pytest.fixture(params=["locks", *NO_LOCKS])
def disk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on a file system with locks, and on those without."""
    if request.param in NO_LOCKS:
        without_locks(monkeypatch, NO_LOCKS[request.param])
    return tmp_path


@pytest.fixture
def nfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    without_locks(monkeypatch, NO_LOCKS["nfs"])
    return tmp_path


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_signs, "QUIET_S", 0.2)
    monkeypatch.setattr(lock_signs, "SILENT_S", 0.4)
    monkeypatch.setattr(lock_file, "BEAT_S", 0.05)
    monkeypatch.setattr(lock_file, "GUARD_S", 0.2)
    monkeypatch.delenv(locks.STALE_VARIABLE, raising=False)


def leave(path: Path, owner: Owner, count: int = 0) -> None:
    path.write_bytes(owner.record(count))


def counting(path: Path, owner: Owner, ended: threading.Event) -> threading.Thread:
    """Another machine's process, which counts up in its lock."""

    def count() -> None:
        number = 0
        while not ended.wait(0.05):
            number += 1
            with path.open("r+b") as file:
                file.write(owner.record(number))

    thread = threading.Thread(target=count)
    thread.start()
    return thread


def test_a_second_process_is_refused_and_told_whom_to_wait_for(disk: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SLURM_JOB_ID", "99")
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "42")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
    with alone(disk / ".lock", "is working on a"):
        with pytest.raises(StorageError, match=rf"is working on a \(process {os.getpid()} on .*, Slurm job 42_3\)"):
            alone(disk / ".lock", "is working on a").__enter__()
        record = owner_in((disk / ".lock").read_bytes())
        assert record is not None
        assert record.host
    assert list(disk.iterdir()) == []
    with alone(disk / ".lock", "is working on a"):
        pass


def test_the_lock_of_a_killed_process_of_this_machine_is_taken_at_once(disk: Path):
    leave(disk / ".lock", Owner(**{**vars(this_process()), "pid": DEAD_PID}))
    begun = time.monotonic()
    with alone(disk / ".lock", "is working"):
        assert time.monotonic() - begun < 0.2
    assert list(disk.iterdir()) == []


def test_a_process_number_that_is_used_again_is_another_process(disk: Path):
    leave(disk / ".lock", Owner(**{**vars(this_process()), "start": "1"}))
    with alone(disk / ".lock", "is working"):
        pass


def test_a_child_that_nobody_waited_for_is_dead():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    start = start_of(os.getpid())
    while start_of(pid):
        time.sleep(0.01)
    assert not is_process(pid, start)
    os.waitpid(pid, 0)


@pytest.mark.parametrize("time_s", [0, 2**31])
def test_an_owner_on_another_machine_that_counts_lives_whatever_its_clock_says(disk: Path, time_s: int):
    path, owner, ended = disk / ".lock", of_another_machine(), threading.Event()
    leave(path, owner)
    thread = counting(path, owner, ended)
    os.utime(path, (time_s, time_s))
    try:
        with pytest.raises(StorageError, match="on node7, Slurm job 4711"):
            alone(path, "is working").__enter__()
    finally:
        ended.set()
        thread.join()


def test_one_that_stopped_counting_was_killed_where_there_are_locks(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    leave(tmp_path / ".lock", of_another_machine())
    begun = time.monotonic()
    with alone(tmp_path / ".lock", "is working"):
        assert time.monotonic() - begun >= 0.2
    assert "on node7, Slurm job 4711 left the lock" in caplog.text


def test_without_locks_it_is_told_and_stays(nfs: Path):
    leave(nfs / ".lock", of_another_machine())
    with pytest.raises(StorageError, match=r"on node7.* no sign of life for .* DUETTO_STALE_LOCKS=take\.$"):
        alone(nfs / ".lock", "is working").__enter__()
    assert (nfs / ".lock").is_file()


def test_without_locks_it_is_taken_if_the_user_says_so(nfs: Path, monkeypatch: pytest.MonkeyPatch):
    leave(nfs / ".lock", of_another_machine())
    monkeypatch.setenv(locks.STALE_VARIABLE, "take")
    with alone(nfs / ".lock", "is working"):
        pass
    assert list(nfs.iterdir()) == []


def test_a_cache_is_taken_over_without_asking(nfs: Path):
    leave(nfs / ".lock", of_another_machine())
    with in_turn(nfs / ".lock", is_harmless=True):
        pass


def test_a_misspelt_wish_is_refused(nfs: Path, monkeypatch: pytest.MonkeyPatch):
    leave(nfs / ".lock", of_another_machine())
    monkeypatch.setenv(locks.STALE_VARIABLE, "yes")
    with pytest.raises(ConfigError, match="expected tell or take"):
        alone(nfs / ".lock", "is working").__enter__()


def test_locks_that_machines_do_not_share_are_not_believed():
    """Lustre's localflock, NFS's local_lock: the system's lock is free although the owner counts."""
    owner = of_another_machine()
    assert verdict_on(True, owner, 0.0, has_moved=True) is Verdict.HELD
    assert verdict_on(True, owner, lock_signs.SILENT_S, has_moved=True) is Verdict.SILENT
    assert verdict_on(True, owner, 0.0, has_moved=False) is Verdict.UNSURE


def test_an_owner_that_was_taken_for_dead_is_stopped(disk: Path, monkeypatch: pytest.MonkeyPatch):
    stopped = threading.Event()
    monkeypatch.setattr(lock_file._thread, "interrupt_main", stopped.set)
    with alone(disk / ".lock", "is working"):
        leave(disk / "other", of_another_machine())
        (disk / "other").replace(disk / ".lock")
        assert stopped.wait(5)
    assert (disk / ".lock").is_file()  # it is the other one's


def test_files_of_earlier_versions_are_in_nobodys_way(tmp_path: Path):
    (tmp_path / ".lock").touch()
    with alone(tmp_path / ".lock", "is working"):
        pass


def test_a_file_system_without_hard_links_has_locks_all_the_same(disk: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*paths: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(lock_file.os, "link", refuse)
    with alone(disk / ".lock", "is working"), pytest.raises(StorageError, match="is working"):
        alone(disk / ".lock", "is working").__enter__()
    assert list(disk.iterdir()) == []


def test_a_network_that_loses_the_answer_made_the_link_all_the_same(disk: Path, monkeypatch: pytest.MonkeyPatch):
    link = os.link

    def lose(*paths: Path) -> None:
        link(*paths)
        raise FileExistsError(17, "File exists")

    monkeypatch.setattr(lock_file.os, "link", lose)
    with alone(disk / ".lock", "is working"):
        assert (disk / ".lock").is_file()
    assert list(disk.iterdir()) == []


def test_a_takeover_that_was_killed_half_way_is_not_for_ever(nfs: Path):
    owner = Owner(**{**vars(this_process()), "pid": DEAD_PID})
    leave(nfs / ".lock", owner)
    (nfs / f".lock.{owner.token}.taken").mkdir()
    with in_turn(nfs / ".lock"):
        pass
    assert list(nfs.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="Cannot write"):
        alone(tmp_path / "file" / ".lock", "is working").__enter__()


@pytest.mark.slow
def test_twenty_processes_take_turns(disk: Path):
    counter = disk / "counter"
    counter.write_text("0")

    def count(number: int) -> None:
        for _ in range(5):
            with in_turn(disk / ".lock"):
                before = int(counter.read_text())
                time.sleep(0.001)
                counter.write_text(str(before + 1))

    all_at_once(20, count)
    assert counter.read_text() == "100"
    assert what_is_left(disk) == []


@pytest.mark.slow
def test_of_many_that_find_a_dead_owner_one_takes_over_at_a_time(disk: Path):
    leave(disk / ".lock", Owner(**{**vars(this_process()), "pid": DEAD_PID}))
    inside = disk / "inside"

    def enter(number: int) -> None:
        with in_turn(disk / ".lock"):
            os.close(os.open(inside, os.O_CREAT | os.O_EXCL))
            time.sleep(0.005)
            inside.unlink()

    all_at_once(12, enter)
    assert what_is_left(disk) == []


def test_eight_processes_take_turns_without_locks_of_the_file_system(nfs: Path):
    def enter(number: int) -> None:
        with in_turn(nfs / ".lock"):
            os.close(os.open(nfs / "inside", os.O_CREAT | os.O_EXCL))
            (nfs / "inside").unlink()

    all_at_once(8, enter)
    assert list(nfs.iterdir()) == []
