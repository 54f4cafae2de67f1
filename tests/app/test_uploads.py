"""What people send: decoded, renamed, and gone from the temporary folder whether it is taken or not."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from duetto.app.places import Places
from duetto.app.serve import served
from duetto.app.uploads import FILES, free_place, room_left, sanitised, take_in
from duetto.errors import AudioError, ConfigError


def sent(folder: Path, name: str = "take.wav") -> Path:
    """An upload as Gradio leaves one: in a folder of its own."""
    path = folder / "uploads" / "0123" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.3 * np.sin(np.arange(8000) / 10), 8000)
    return path


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("take 1.wav", "take 1.wav"),
        ("Über-Tage.FLAC", "Über-Tage.flac"),
        ("歌.mp3", "歌.mp3"),
        ("../../etc/x.wav", "x.wav"),
        ("..\\x.wav", "x.wav"),
        ("a;$(b)`c`.wav", "a_b_c.wav"),
        ("-rf.wav", "rf.wav"),
        ("....wav", "recording.wav"),
        (f"{'a' * 300}.wav", f"{'a' * 60}.wav"),
        ("two\nlines.wav", "two_lines.wav"),
    ],
)
def test_names_are_made_harmless(name: str, kept: str):
    assert sanitised(name) == kept


@pytest.mark.parametrize("name", ["page.html", "song", "x.wav.exe", ".wav", ""])
def test_what_is_no_recording_by_its_suffix_is_refused(name: str):
    with pytest.raises(AudioError, match="not a recording"):
        sanitised(name)


def test_a_recording_moves_into_its_folder_and_no_name_is_taken_twice(tmp_path: Path):
    voice = tmp_path / "voice"
    for _ in range(3):
        assert take_in(sent(tmp_path), voice).duration_s == 1.0
    assert sorted(path.name for path in voice.iterdir()) == ["take.wav", "take_2.wav", "take_3.wav"]
    assert not any((tmp_path / "uploads").iterdir())
    assert free_place(voice, "other.wav") == voice / "other.wav"


def test_what_cannot_be_decoded_is_refused_by_its_name_and_removed(tmp_path: Path):
    upload = sent(tmp_path)
    upload.write_bytes(b"<script>no sound</script>")
    with pytest.raises(AudioError, match=r"^take\.wav"):
        take_in(upload, tmp_path / "voice")
    silent = sent(tmp_path)
    soundfile.write(silent, np.zeros(8000), 8000)
    with pytest.raises(AudioError, match=r"^take\.wav is silent"):
        take_in(silent, tmp_path / "voice")
    assert not any((tmp_path / "uploads").iterdir())
    assert not (tmp_path / "voice").exists()


def test_what_waits_counts_against_what_may_still_come(tmp_path: Path):
    assert room_left(tmp_path, 1) == FILES * 10**6
    size = sent(tmp_path).stat().st_size
    assert room_left(tmp_path, 1) == FILES * 10**6 - size


def test_a_part_of_an_upload_that_nobody_sends_any_more_makes_room(tmp_path: Path):
    part, going, whole = tmp_path / "tmpabc", tmp_path / "tmpdef", sent(tmp_path)
    for path in (part, going):
        path.write_bytes(bytes(1000))
    for path in (part, whole):
        os.utime(path, (0, 0))
    assert room_left(tmp_path, 1) == FILES * 10**6 - 1000 - whole.stat().st_size
    assert not part.exists()


def test_sounds_pages_and_exports_are_shown_and_nothing_else(tmp_path: Path):
    places = Places(tmp_path / "logs", tmp_path / "recordings")
    places.clean()
    shown = ["run/index.html", "run/evaluations/a/songs/b/output.wav", "run/export/voice.pth", "comparison.html"]
    hidden = ["run/run.json", "run/local.json", "run/checkpoints/last.ckpt", ".app/uploads/1/x.html", ".app/lock"]
    for name in (*shown, *hidden):
        (places.logs / name).parent.mkdir(parents=True, exist_ok=True)
        (places.logs / name).write_text("x")
    (tmp_path / "outside.wav").write_text("x")
    (places.logs / "link.wav").symlink_to(tmp_path / "outside.wav")
    assert all(served(places, "logs", name) for name in shown)
    for name in (*hidden, "../outside.wav", str(tmp_path / "outside.wav"), "link.wav", "run", "", "a\0.wav"):
        assert served(places, "logs", name) is None, name
    assert served(places, "etc", "comparison.html") is None


def test_uploads_are_gone_after_cleaning_and_private_while_they_are_there(tmp_path: Path):
    places = Places(tmp_path / "logs", tmp_path / "recordings")
    places.clean()
    (places.uploads / "left").mkdir()
    (places.pages / "doctor.html").write_text("x")
    places.clean()
    assert not any(places.uploads.iterdir())
    assert not any(places.pages.iterdir())
    assert places.own.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["../x", "a/b", "-x", ".hidden", "", None])
def test_a_voice_has_a_name_that_is_no_path(name: str | None, tmp_path: Path):
    with pytest.raises(ConfigError):
        Places(tmp_path, tmp_path).voice(name)
