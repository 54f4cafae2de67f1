"""A full disk, a read-only one, little memory, few descriptors: one sentence, nothing half, and with room all is well.

The disks are tmpfs in a mount namespace of the command's own, which ends with it (`unshare`, util-linux).
"""

import shutil
import subprocess

import pytest

from tests.battery.place import Place, settings
from tests.battery.whole import different, half_files, unreadable

NAMESPACE = ("unshare", "--map-root-user", "--mount", "--propagation", "private")
TRAIN = ("train", *settings("rvc"))
ON_A_DISK = """
mount -t tmpfs -o size=1g disk "$DISK" && cp -a "$ORIGIN/." "$DISK" && cd "$DISK" || exit 99
used=$(df --output=used -k . | tail -1)
mount -o "remount,$OPTIONS${FREE:+size=$((used + FREE))k}" "$DISK" || exit 98
"$@"; status=$?
mount -o remount,rw,size=1g "$DISK" && cp -a "$DISK/." "$AFTER"
exit $status
"""
pytestmark = [pytest.mark.battery, pytest.mark.timeout(900)]


def may_mount() -> bool:
    """Whether this user may have a mount namespace."""
    if shutil.which("unshare") is None:
        return False
    probe = subprocess.run([*NAMESPACE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    return probe.returncode == 0


own_disks = pytest.mark.skipif(not may_mount(), reason="no mount namespaces here: no small or read-only disk to be had")


def on_a_disk(place: Place, after: Place, words, free_kb: int | None) -> int:
    """Give a command on a disk with so many kilobytes left, None = read-only; what lies there is copied to `after`."""
    disk = after.folder.with_name("disk")
    for folder in (disk, after.folder):
        folder.mkdir()
    values = {"DISK": disk, "ORIGIN": place.folder, "AFTER": after.folder}
    values |= {"OPTIONS": "ro"} if free_kb is None else {"OPTIONS": "", "FREE": free_kb}
    inner = [f"{name}={value}" for name, value in values.items()]
    return after.run(*words, before=("env", *inner, *NAMESPACE, "bash", "-c", ON_A_DISK, "bash"))


@own_disks
@pytest.mark.parametrize("free_kb", [4, 40, 160, 400, 900, 1600])
def test_a_full_disk_is_one_sentence_and_with_room_the_same_command_ends_well(free_kb, trained: Place, case, tmp_path):
    with case("disk", f"full, {free_kb} kB left", "training on a tmpfs that fills up") as line:
        start = trained.copy(tmp_path / "start", ("logs/*", "data/*"))
        after = Place(tmp_path / "after")
        status = on_a_disk(start, after, TRAIN, free_kb)
        assert status == 2, f"status {status}: {after.said[-800:]}"
        first = sentence(after.said)
        assert "disk is full" in first, first
        assert not unreadable(after.folder), unreadable(after.folder)
        halves = len(half_files(after.folder))
        assert after.run_warm(*TRAIN) == 0, after.said[-800:]
        assert not different(after.folder, trained.folder), different(after.folder, trained.folder)
        line.came = f"one sentence, status 2, {halves} half files; with room the same voice"


@own_disks
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("train", TRAIN),
        ("infer", ("infer", "run=latest", "source=song.wav")),
        ("report", ("report", "logs", "--output=c.html")),
        ("sweep", ("sweep", *settings("rvc", "seed=1,2"))),
        ("check", ("check", "latest")),
    ],
)
def test_a_read_only_disk_is_one_sentence(name, words, trained: Place, case, tmp_path):
    with case("disk", f"read-only, {name}", "a tmpfs mounted read-only") as line:
        start = trained.copy(tmp_path / "start")
        shutil.copy(next(start.folder.glob("logs/*/heldout/source.wav")), start.folder / "song.wav")
        after = Place(tmp_path / "after")
        status = on_a_disk(start, after, words, None)
        if name == "check":  # which writes nothing
            assert status == 0, after.said
        else:
            assert status == 2, f"status {status}: {after.said[-800:]}"
            assert "read-only" in sentence(after.said)
        line.came = f"status {status}, {sentence(after.said) if status else 'reads what there is'}"[:110]


@own_disks
def test_where_processes_cannot_share_memory_one_core_does_the_work(trained: Place, case, tmp_path):
    with case("memory", "/dev/shm read-only", "doctor data=case_b with two workers") as line:
        place = Place(tmp_path)
        script = 'mount -t tmpfs -o ro none /dev/shm && exec "$@"'
        status = place.run("doctor", "data=case_b", "quick", before=(*NAMESPACE, "bash", "-c", script, "bash"))
        assert status in (0, 1), place.said[-800:]
        assert "one core does the work" in place.said
        assert "Traceback" not in place.said
        line.came = f"a warning, status {status}"


@pytest.mark.parametrize(
    ("limit", "may_say"),
    [
        ("--as=4500000000", "memory"),  # less, and torch's own libraries cannot be loaded
        ("--as=5000000000", "memory"),
        ("--as=6000000000", "memory"),
        ("--nofile=24:24", "open files"),
        ("--nofile=64:64", "open files"),
        ("--fsize=60000", "size of files"),
    ],
)
def test_under_a_limit_it_ends_well_or_in_one_sentence_and_without_it_the_same_command_ends_well(
    limit, may_say, trained: Place, case, tmp_path
):
    with case("limit", f"prlimit {limit}", "training from scores") as line:
        place = trained.copy(tmp_path / "place", ("logs/*", "data/*"))
        status = place.run(*TRAIN, before=("prlimit", limit))
        assert not place.left_running()
        assert not unreadable(place.folder), unreadable(place.folder)
        if status:
            assert status == 2, f"status {status}: {place.said[-1500:]}"
            assert may_say in sentence(place.said).lower(), sentence(place.said)
        assert place.run_warm(*TRAIN) == 0, place.said[-800:]
        assert not different(place.folder, trained.folder), different(place.folder, trained.folder)
        line.came = "one sentence, then the same voice" if status else "enough"


def sentence(said: str) -> str:
    """The one error of an output that holds no traceback."""
    assert "Traceback" not in said, said[-1500:]
    errors = [line for line in said.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, said[-800:]
    return errors[0]
