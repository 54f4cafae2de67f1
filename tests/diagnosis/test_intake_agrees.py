"""What the doctor calls used of a folder is what the ledger of its corpus calls used, file by file."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from duetto.corpus.build import build_corpus
from duetto.corpus.manifest import load_manifest
from duetto.corpus.recordings.intake import recording_id
from duetto.diagnosis.checks import bleed
from duetto.diagnosis.diagnosis import Problem
from duetto.diagnosis.gather import folder_sounds
from duetto.diagnosis.sound import Sound
from duetto.settings.config import DataConfig
from duetto.storage.files import sha256_file
from tests.storage.kinds import KINDS

RATE = 16_000
USED = {"damaged_sample.wav", "good.wav", "low_rate.wav", "soft.wav", "stereo.wav", "cut.mp3", "claims_more.wav"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Good recordings and every kind of bad one."""
    place = tmp_path / "takes"
    place.mkdir()
    random = np.random.default_rng(0)

    def write(name: str, seconds: float, level: float = 0.3, rate: int = RATE, shape: tuple[float, ...] = (1.0,)):
        sound = level * random.uniform(-1, 1, round(seconds * rate)).astype(np.float32)
        soundfile.write(place / name, np.stack([gain * sound for gain in shape], axis=1), rate, subtype="FLOAT")
        return sound

    again = write("good.wav", 12.34)
    soundfile.write(place / "good_again.flac", again, RATE, subtype="PCM_24")
    write("soft.wav", 2.5, 1.2e-3)
    write("silent.wav", 3.0, 1e-5)
    write("cancels.wav", 4.0, shape=(1.0, -1.0))
    write("stereo.wav", 3.3, shape=(1.0, 0.6))
    write("low_rate.wav", 5.1, rate=8000)
    write("lowest_rate.wav", 5.1, rate=1000)
    write("short.wav", 0.2)
    spoilt = 0.3 * random.uniform(-1, 1, 2 * RATE)
    spoilt[100] = 100.0
    soundfile.write(place / "damaged_sample.wav", spoilt, RATE, subtype="FLOAT")
    spoilt[200] = np.nan
    soundfile.write(place / "not_a_number.wav", spoilt, RATE, subtype="FLOAT")
    (place / "claims_more.wav").write_bytes((place / "stereo.wav").read_bytes()[:-40_000])
    (place / "cut.mp3").write_bytes(KINDS["mp3 cut off"].make())
    (place / "no_audio.wav").write_bytes(b"no audio")
    (place / "packed.zip").write_bytes(b"PK")
    (place / "consent.yaml").write_text("subject: none\ncontroller: nobody\nscopes: [train]\n")
    return place


def used_by_training(folder: Path, data: Path) -> tuple[dict[str, float], float]:
    """Seconds of each file by the manifest, and of all by the ledger."""
    manifest = load_manifest(build_corpus(DataConfig(case="folder", path=str(folder), root=str(data))))
    names = {recording_id(path.name, sha256_file(path)): path.name for path in folder.iterdir()}
    used: dict[str, float] = {}
    for clip in manifest.select("target"):
        used[names[clip.song]] = used.get(names[clip.song], 0.0) + clip.duration_s
    assert manifest.ledger is not None
    return used, manifest.ledger.seconds_used


def test_the_doctor_hears_exactly_what_training_uses_of_each_file(folder: Path, tmp_path: Path):
    by_doctor: dict[str, float] = {}
    for sound in folder_sounds(folder):
        if isinstance(sound, Sound):
            by_doctor[sound.recording] = by_doctor.get(sound.recording, 0.0) + sound.duration_s
    by_training, total = used_by_training(folder, tmp_path / "data")
    assert set(by_doctor) == USED
    assert by_doctor == pytest.approx(by_training)
    assert sum(by_doctor.values()) == pytest.approx(total)


def test_what_is_not_used_is_told_with_its_reason(folder: Path):
    problems: dict[str, str] = {}
    for entry in folder_sounds(folder):
        if isinstance(entry, Problem):
            problems[entry.recording] = problems.get(entry.recording, "") + entry.reason
    for name in ("silent.wav", "short.wav", "no_audio.wav", "not_a_number.wav", "packed.zip", "lowest_rate.wav"):
        assert problems[name].startswith("is not used: "), name
    assert problems["cancels.wav"].startswith("is not used: it is silent as a mix: its channels cancel each other")
    assert problems["good_again.flac"] == "is not used: it is the same recording as good.wav"
    assert "are not read" in problems["claims_more.wav"]
    assert problems["damaged_sample.wav"].startswith("is used, but it holds 1 sample")


def test_only_what_the_consent_record_covers_is_heard(folder: Path, tmp_path: Path):
    digest = sha256_file(folder / "good.wav")
    record = f"subject: none\ncontroller: nobody\nscopes: [train]\nrecordings: [{digest}]\n"
    (folder / "consent.yaml").write_text(record)
    found = list(folder_sounds(folder))
    assert {sound.recording for sound in found if isinstance(sound, Sound)} == {"good.wav"}
    assert used_by_training(folder, tmp_path / "data")[0] == {"good.wav": pytest.approx(12.34)}


def test_a_damaged_consent_record_is_told_and_the_recordings_are_heard(folder: Path):
    (folder / "consent.yaml").write_text("subject: [")
    found = list(folder_sounds(folder))
    assert {sound.recording for sound in found if isinstance(sound, Sound)} == USED
    assert any(isinstance(entry, Problem) and entry.recording == "consent.yaml" for entry in found)


def test_channels_in_opposite_phase_are_told_by_intake_and_are_no_bleed(tmp_path: Path):
    voice = np.random.default_rng(1).uniform(-0.3, 0.3, 3 * RATE)
    for name, other in (("opposite.wav", -0.8 * voice), ("panned.wav", 0.3 * voice)):
        soundfile.write(tmp_path / name, np.stack([voice, other], axis=1), RATE, subtype="FLOAT")
    found = list(folder_sounds(tmp_path))
    (problem,) = (entry for entry in found if isinstance(entry, Problem))
    assert problem.recording == "opposite.wav"
    assert problem.reason.startswith("is used, but it loses 19 dB as a mix: its channels partly cancel each other")
    evidence = bleed.BleedEvidence(19.0, (), ())
    assert bleed.conclude([evidence]).severity == "unknown"
