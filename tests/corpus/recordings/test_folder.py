import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import soundfile

from duetto.errors import CorpusError
from duetto.ownership.consent import example_consent
from duetto.settings.config import DataConfig
from duetto.storage.audio import read_audio, read_info
from duetto.storage.files import sha256_file
from tests.corpus.fakes import sine, write_sine
from tests.corpus.recordings.building import TODAY, build


def test_formats_rates_and_channels_are_read_and_kept_at_their_rate(config: DataConfig, recordings: Path):
    stereo = np.stack([sine(200, 1.0, 44_100), sine(300, 1.0, 44_100)], axis=1)
    soundfile.write(recordings / "a.wav", stereo, 44_100, subtype="PCM_16")
    soundfile.write(recordings / "b.flac", sine(210, 1.1, 22_050), 22_050)
    soundfile.write(recordings / "c.ogg", sine(220, 1.2, 48_000), 48_000)
    (recordings / "deeper").mkdir()
    soundfile.write(recordings / "deeper/d.WAV", sine(230, 1.3, 8_000), 8_000, subtype="PCM_U8")
    soundfile.write(recordings / "e.wav", sine(240, 1.4, 96_000), 96_000, subtype="DOUBLE")
    soundfile.write(recordings / "f.mp3", sine(250, 1.5, 44_100), 44_100)
    folder, manifest = build(config)
    rates = {clip.song.rsplit("-", 1)[0]: clip.sample_rate for clip in manifest.select("target")}
    assert rates == {"a": 44_100, "b": 22_050, "c": 48_000, "d": 8_000, "e": 96_000, "f": 44_100}
    for clip in manifest.clips:
        info = read_info(folder / clip.path)
        assert (info.num_channels, info.subtype, info.num_samples) == (1, "PCM_24", clip.num_samples)
        assert sha256_file(folder / clip.path) == clip.sha256
    mixed = next(clip for clip in manifest.clips if clip.song.startswith("a-"))
    assert np.allclose(read_audio(folder / mixed.path)[0], stereo.mean(axis=1), atol=1e-4)


def test_bad_files_stand_in_the_ledger_and_the_rest_goes_on(config: DataConfig, recordings: Path):
    for number in range(3):
        write_sine(recordings / f"good {number}.wav", 200 + number)
    (recordings / "text.wav").write_text("not audio", encoding="utf-8")
    (recordings / "empty.wav").write_bytes(b"")
    broken = sine(220, 1.0)
    broken[100] = np.nan
    soundfile.write(recordings / "nan.wav", broken, 16_000, subtype="FLOAT")
    soundfile.write(recordings / "silent.wav", np.full(16_000, 0.0009), 16_000, subtype="FLOAT")
    soundfile.write(recordings / "short.wav", sine(220, 0.29), 16_000)
    soundfile.write(recordings / "nothing.wav", np.zeros(0), 16_000)
    soundfile.write(recordings / "cancels.wav", np.stack([sine(220, 2), -sine(220, 2)], axis=1), 16_000)
    (recordings / "phone.m4a").write_bytes(b"\0" * 100)
    (recordings / "link.wav").symlink_to(recordings / "gone.wav")
    (recordings / "folder.wav").mkdir()
    (recordings / "cover.jpg").write_bytes(b"\xff\xd8")
    (recordings / ".hidden.wav").write_text("resource fork", encoding="utf-8")
    _, manifest = build(config)
    ledger = manifest.ledger
    assert len(ledger.dropped) == 10
    assert ledger.dropped[0].reason.endswith("1 file is not a recording by the suffix: cover.jpg")
    by_id = {entry.clip_id.removeprefix("target/").rsplit("-", 1)[0]: entry for entry in ledger.dropped[1:]}
    assert set(by_id) == {"text", "empty", "nan", "silent", "short", "nothing", "cancels", "phone", "link"}
    assert "cannot be read" in by_id["text"].reason
    assert "NaN" in by_id["nan"].reason
    assert "silent: its peak" in by_id["silent"].reason
    assert "shorter than" in by_id["short"].reason
    assert "no samples" in by_id["nothing"].reason
    assert "channels cancel" in by_id["cancels"].reason
    assert "no audio file" in by_id["link"].reason
    assert ledger.seconds_in == pytest.approx(ledger.seconds_used + ledger.seconds_dropped)
    assert ledger.seconds_used == pytest.approx(3.0)
    assert ledger.seconds_dropped == pytest.approx(1.0 + 1.0 + 0.29 + 2.0)


def test_names_with_anything_in_them_become_plain_ids(config: DataConfig, recordings: Path):
    names = [b'it\'s "me" #1?.wav', "🎤 日本.wav".encode(), b"caf\xe9 \xff.wav", b"-rf.wav", b"a\nb.wav"]
    for number, name in enumerate(names):
        data = sine(200 + 10 * number, 1.0)
        soundfile.write(recordings / "temporary.wav", data, 16_000)
        os.rename(recordings / "temporary.wav", os.path.join(os.fsencode(recordings), name))  # noqa: PTH104, PTH118
    folder, manifest = build(config)
    assert not manifest.ledger.dropped
    assert len(manifest.select("target")) == 5
    for clip in manifest.clips:
        assert set(clip.id) <= set("abcdefghijklmnopqrstuvwxyz0123456789-/")
        assert (folder / clip.path).is_file()


def test_a_loop_of_links_ends(config: DataConfig, recordings: Path):
    (recordings / "loop").symlink_to(recordings, target_is_directory=True)
    write_sine(recordings / "a.wav", duration_s=3)
    _, manifest = build(config)
    assert {clip.split for clip in manifest.clips} == {"train", "val"}
    assert manifest.ledger.seconds_in == pytest.approx(3.0)


def test_the_same_recording_twice_counts_once(config: DataConfig, recordings: Path):
    for number in range(3):
        write_sine(recordings / f"{number}.wav", 200 + number)
    soundfile.write(recordings / "again.flac", sine(201, 1.0), 16_000, subtype="PCM_24")
    (recordings / "sub").mkdir()
    (recordings / "sub/2.wav").write_bytes((recordings / "2.wav").read_bytes())
    _, manifest = build(config)
    assert len(manifest.select("target")) == 3
    lost = [entry for entry in manifest.ledger.dropped if entry.seconds]
    assert [entry.reason.split(" target")[0] for entry in lost] == ["the same recording as"] * 2
    assert manifest.ledger.seconds_in == pytest.approx(5.0)


def test_a_float_file_beyond_full_scale_is_turned_down_and_the_gain_recorded(config: DataConfig, recordings: Path):
    soundfile.write(recordings / "hot.wav", sine(220, 3.0, level=2.0), 16_000, subtype="FLOAT")
    folder, manifest = build(config)
    peak = max(float(np.max(np.abs(read_audio(folder / clip.path)[0]))) for clip in manifest.clips)
    assert peak == pytest.approx(0.99, abs=1e-3)
    assert list(manifest.settings["gains"].values()) == [pytest.approx(0.495, abs=1e-3)]


def test_a_damaged_sample_of_a_float_file_is_limited_where_it_is_and_told(config: DataConfig, recordings: Path):
    sound = sine(220, 3.0, level=0.5)
    damaged = sound.copy()
    damaged[16_000] = 100.0
    soundfile.write(recordings / "take.wav", damaged, 16_000, subtype="FLOAT")
    folder, manifest = build(config)
    (remark,) = manifest.ledger.dropped
    assert remark.seconds == 0.0
    assert "take.wav holds 1 sample far beyond full scale (up to 100.0): limited where they are" in remark.reason
    (train,) = manifest.select("target", "train")
    written = read_audio(folder / train.path)[0]
    sound[16_000] = 1.0
    np.testing.assert_allclose(written, sound[: len(written)], atol=1e-6)
    assert "gains" not in manifest.settings


def test_a_very_soft_recording_is_used_and_told(config: DataConfig, recordings: Path):
    soundfile.write(recordings / "soft.wav", sine(220, 3.0, level=10 ** (-55 / 20)), 16_000, subtype="PCM_24")
    _, manifest = build(config)
    assert manifest.ledger.seconds_used == pytest.approx(3.0)
    assert "soft.wav is recorded very softly: its peak is -55 dBFS" in manifest.ledger.dropped[0].reason


def test_a_truncated_recording_is_used_as_far_as_it_goes_or_refused_but_counted(config: DataConfig, recordings: Path):
    write_sine(recordings / "good.wav", duration_s=3)
    soundfile.write(recordings / "cut.flac", np.random.default_rng(0).uniform(-0.5, 0.5, 48_000), 16_000)
    whole = (recordings / "cut.flac").read_bytes()
    (recordings / "cut.flac").write_bytes(whole[: len(whole) // 2])
    _, manifest = build(config)
    assert any("cut" in entry.clip_id and entry.seconds > 1 for entry in manifest.ledger.dropped)
    assert manifest.ledger.seconds_in == pytest.approx(6.0)


def test_recordings_that_the_consent_does_not_name_are_left_out(config: DataConfig, recordings: Path):
    paths = [write_sine(recordings / f"{number}.wav", 200 + number, 3.0) for number in range(2)]
    text = example_consent(TODAY) + f"recordings: [{sha256_file(paths[0])}]\n"
    (recordings / "consent.yaml").write_text(text, encoding="utf-8")
    _, manifest = build(config)
    assert manifest.ledger.seconds_used == pytest.approx(3.0)
    assert "consent record" in manifest.ledger.dropped[0].reason


def test_nothing_usable_is_an_error_that_lists_the_reasons(config: DataConfig, recordings: Path):
    (recordings / "text.wav").write_text("not audio", encoding="utf-8")
    soundfile.write(recordings / "silent.wav", np.zeros(16_000), 16_000)
    with pytest.raises(CorpusError, match=r"(?s)no usable recording.*silent.*text\.wav cannot be read"):
        build(config)


def test_an_absent_or_empty_folder_says_what_to_do(config: DataConfig, recordings: Path):
    with pytest.raises(CorpusError, match="holds no audio file"):
        build(config)
    with pytest.raises(CorpusError, match="no such folder"):
        build(replace(config, path=str(recordings / "nowhere")))


def test_without_consent_nothing_is_built(config: DataConfig, recordings: Path, tmp_path: Path):
    write_sine(recordings / "a.wav")
    (recordings / "consent.yaml").unlink()
    with pytest.raises(CorpusError, match="no consent record"):
        build(config)
    (recordings / "consent.yaml").write_text(example_consent(date(2020, 1, 1)), encoding="utf-8")
    with pytest.raises(CorpusError, match="expired"):
        build(config)
    assert not (tmp_path / "data").exists()


def test_consent_withdrawn_later_stops_a_corpus_that_is_already_built(config: DataConfig, recordings: Path):
    write_sine(recordings / "a.wav", duration_s=3)
    build(config)
    text = example_consent(TODAY) + "revoked_at: 2026-11-01\n"
    (recordings / "consent.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CorpusError, match="withdrew"):
        build(config)


def test_a_second_build_finds_the_first(config: DataConfig, recordings: Path):
    write_sine(recordings / "a.wav", duration_s=3)
    folder, manifest = build(config)
    again, same = build(config)
    assert (again, same) == (folder, manifest)


def test_files_of_operating_systems_are_no_recordings(config: DataConfig, recordings: Path):
    write_sine(recordings / "a.wav", duration_s=3)
    (recordings / "__MACOSX").mkdir()
    for name in ("._a.wav", ".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX/._a.wav", "__MACOSX/b.wav"):
        (recordings / name).write_bytes(b"\0")
    _, manifest = build(config)
    assert not manifest.ledger.dropped


def test_files_of_other_suffixes_are_counted_and_named(config: DataConfig, recordings: Path):
    write_sine(recordings / "a.wav", duration_s=3)
    for number in range(7):
        (recordings / f"{number}.jpg").touch()
    _, manifest = build(config)
    assert [entry.reason for entry in manifest.ledger.dropped] == [
        "in the folder 7 files are not recordings by the suffix: 0.jpg, 1.jpg, 2.jpg, 3.jpg, 4.jpg and 2 more"
    ]
