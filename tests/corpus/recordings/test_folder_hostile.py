"""What users' folders and machines do to us: one clear outcome each."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from duetto.corpus.manifest import Manifest, load_manifest
from duetto.corpus.recordings.folder import folder_recordings, open_folder, read_folder_consents
from duetto.errors import CorpusError, StorageError
from duetto.ownership.consent import example_consent
from duetto.preprocess.pipeline import preprocess_corpus
from duetto.preprocess.steps.gate import Gate
from duetto.preprocess.steps.high_pass import HighPass
from duetto.preprocess.steps.slice import Slice
from duetto.settings.config import DataConfig
from duetto.storage.audio import read_audio, read_info, write_audio
from tests.corpus.fakes import sine, write_sine
from tests.corpus.recordings.building import TODAY
from tests.corpus.recordings.building import build as build_from


def build(recordings: Path, root: Path) -> tuple[Path, Manifest]:
    return build_from(DataConfig(case="folder", root=str(root), path=str(recordings)))


def test_every_sample_format_rate_and_number_of_channels_is_taken_in(recordings: Path, tmp_path: Path):
    subtypes = ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW", "IMA_ADPCM")
    rates = (8_000, 11_025, 22_050, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000)
    widths = (1, 2, 1, 6, 1, 8, 2, 1, 2)
    for number, (subtype, rate, width) in enumerate(zip(subtypes, rates, widths, strict=True)):
        samples = np.stack([sine(150 + 10 * number, 0.5, rate)] * width, axis=1)
        soundfile.write(recordings / f"{subtype} {rate} {width}.wav", samples, rate, subtype=subtype)
    folder, manifest = build(recordings, tmp_path / "data")
    assert not manifest.ledger.dropped
    assert sorted(clip.sample_rate for clip in manifest.select("target")) == list(rates)
    for clip in manifest.select("target"):
        waveform, _ = read_audio(folder / clip.path)
        assert read_info(folder / clip.path).num_channels == 1
        assert np.max(np.abs(waveform)) == pytest.approx(0.5, abs=0.05)
        assert clip.duration_s == pytest.approx(0.5, abs=0.1)


def test_a_disk_that_fills_says_so_leaves_no_half_file_and_the_rest_is_built_later(
    recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for number in range(4):
        write_sine(recordings / f"{number}.wav", 200 + number)
    fsync, left = os.fsync, [3]

    def fill(handle: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", fill)
    with pytest.raises(StorageError, match="disk is full"):
        build(recordings, tmp_path / "data")
    assert not [path for path in (tmp_path / "data").rglob(".*.wav") if path.is_file()]
    monkeypatch.setattr(os, "fsync", fsync)
    _, manifest = build(recordings, tmp_path / "data")
    assert manifest.ledger.seconds_used == pytest.approx(4.0)


def test_libsndfile_on_a_full_disk_is_told_as_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise soundfile.LibsndfileError(2)

    monkeypatch.setattr(soundfile.SoundFile, "write", fail)
    usage = type(__import__("shutil").disk_usage(tmp_path))
    monkeypatch.setattr("duetto.storage.audio.shutil.disk_usage", lambda _: usage(10**9, 10**9, 0))
    with pytest.raises(StorageError, match="disk is full"):
        write_audio(tmp_path / "a.wav", sine(200, 1.0), 16_000)
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_named_like_a_recording_does_not_hang(recordings: Path, tmp_path: Path):
    os.mkfifo(recordings / "pipe.wav")
    write_sine(recordings / "good.wav", duration_s=3.0)
    _, manifest = build(recordings, tmp_path / "data")
    assert ["no audio file" in entry.reason for entry in manifest.ledger.dropped] == [True]


def test_links_that_point_at_each_other_are_reported(recordings: Path, tmp_path: Path):
    (recordings / "a.wav").symlink_to(recordings / "b.wav")
    (recordings / "b.wav").symlink_to(recordings / "a.wav")
    write_sine(recordings / "good.wav", duration_s=3.0)
    _, manifest = build(recordings, tmp_path / "data")
    assert len(manifest.ledger.dropped) == 2


def test_a_folder_of_an_archive_alone_says_to_unpack_it(recordings: Path, tmp_path: Path):
    (recordings / "stems.zip").write_bytes(b"PK\3\4" + b"\0" * 100)
    with pytest.raises(CorpusError, match=r"stems\.zip is an archive, which is not opened: unpack it first"):
        build(recordings, tmp_path / "data")


@pytest.mark.slow
def test_fifty_thousand_files_are_listed_and_hashed_within_seconds(recordings: Path):
    for number in range(50_000):
        folder = recordings / f"{number // 1000:02d}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.wav").touch()
    config = DataConfig(case="folder", path=str(recordings))
    begin = time.process_time()
    listing = open_folder(config)
    consents = read_folder_consents(config, listing, TODAY)
    jobs = folder_recordings(config, listing, consents)
    assert time.process_time() - begin < 60
    assert len({job.name for job in jobs}) == 50_000
    assert len(consents) == 50


BUILD = """
import sys
from datetime import date
from duetto.settings.config import DataConfig
from duetto.corpus.build import Surroundings, build_corpus
config = DataConfig(case="folder", root=sys.argv[2], path=sys.argv[1])
print(build_corpus(config, surroundings=Surroundings(today=date(2026, 11, 22), workers=1)))
"""


def start(recordings: Path, root: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", BUILD, str(recordings), str(root)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_killed_in_the_middle_it_goes_on_and_two_processes_agree(recordings: Path, tmp_path: Path):
    for number in range(60):
        write_sine(recordings / f"{number}.wav", 200 + number, 4.0, 44_100)
    root = tmp_path / "data"
    process = start(recordings, root)
    while len(list(root.rglob(".jobs/[!.]*.json"))) < 5 and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    records = {path: path.stat().st_mtime_ns for path in root.rglob(".jobs/[!.]*.json")}
    assert 5 <= len(records) < 60
    assert not list(root.rglob("manifest.json"))
    both = [start(recordings, root) for _ in range(2)]
    folders = {process.communicate()[0].strip() for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert len(folders) == 1
    manifest = load_manifest(Path(folders.pop()))
    assert manifest.ledger.seconds_used == pytest.approx(240.0)
    assert {path: path.stat().st_mtime_ns for path in records} == records


piece = st.tuples(st.sampled_from(["voice", "silence", "noise"]), st.floats(0.02, 1.2))
recording = st.fixed_dictionaries(
    {
        "pieces": st.lists(piece, min_size=0, max_size=4),
        "rate": st.sampled_from([8_000, 22_050, 44_100]),
        "width": st.sampled_from([1, 2]),
        "subtype": st.sampled_from(["PCM_16", "PCM_U8", "FLOAT"]),
        "damage": st.sampled_from(["", "", "", "cut", "text", "nan"]),
    }
)


def write_recording(path: Path, number: int, made: dict[str, object]) -> None:
    rate, random = int(str(made["rate"])), np.random.default_rng(number)
    parts = [np.zeros(0)]
    for kind, seconds in made["pieces"]:  # type: ignore[attr-defined]
        count = round(seconds * rate)
        tone = 0.3 * np.sin(2 * np.pi * (200 + 7 * number) * np.arange(count) / rate)
        parts.append({"voice": tone, "silence": np.zeros(count), "noise": random.uniform(-0.1, 0.1, count)}[kind])
    waveform = np.concatenate(parts)
    if made["damage"] == "nan" and made["subtype"] == "FLOAT" and len(waveform):
        waveform[len(waveform) // 2] = np.nan
    soundfile.write(path, np.stack([waveform] * int(str(made["width"])), axis=1), rate, subtype=str(made["subtype"]))
    if made["damage"] == "cut":
        path.write_bytes(path.read_bytes()[: 44 + path.stat().st_size // 2])
    elif made["damage"] == "text":
        path.write_text("these are not the samples you are looking for", encoding="utf-8")


@given(made=st.lists(recording, min_size=1, max_size=4))
@settings(max_examples=15, deadline=None, derandomize=True)
@pytest.mark.slow
def test_seconds_in_are_used_or_dropped_for_a_reason_whatever_lies_in_the_folder(
    tmp_path_factory: pytest.TempPathFactory, made: list[dict[str, object]]
):
    place = tmp_path_factory.mktemp("any")
    (place / "in").mkdir()
    (place / "in/consent.yaml").write_text(example_consent(TODAY), encoding="utf-8")
    write_sine(place / "in/always.wav", duration_s=2.0)
    for number, recipe in enumerate(made):
        write_recording(place / f"in/{number}.wav", number, recipe)
    folder, manifest = build(place / "in", place / "data")
    taken = manifest.ledger
    claimed_s = 2.0 + sum(sum(seconds for _, seconds in recipe["pieces"]) for recipe in made if recipe["damage"] == "")  # type: ignore[attr-defined, misc]
    assert taken.seconds_in >= claimed_s - 1e-3 * len(made)
    assert taken.seconds_in == pytest.approx(taken.seconds_used + taken.seconds_dropped)
    assert taken.seconds_used == pytest.approx(sum(clip.duration_s for clip in manifest.select("target")))
    steps = {"high_pass": HighPass(), "gate": Gate(), "slice": Slice()}
    treated = load_manifest(preprocess_corpus(folder, steps, place / "treated", {}, workers=1))
    ledger = treated.ledger
    assert ledger.seconds_in == pytest.approx(taken.seconds_in)
    assert ledger.seconds_in == pytest.approx(ledger.seconds_used + ledger.seconds_dropped)
    assert ledger.seconds_used == pytest.approx(sum(clip.duration_s for clip in treated.select("target")))
    assert all(entry.reason for entry in ledger.dropped)
