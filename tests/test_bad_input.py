"""What users get wrong, through the front door: one sentence, status 2, nothing half-written."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import soundfile

from duetto.ownership.consent import example_consent

ROOT = Path(__file__).resolve().parents[1]
BOMB = """<?xml version="1.0"?>
<!DOCTYPE vsq4 [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<vsq4 xmlns="http://www.yamaha.co.jp/vocaloid/schema/vsq4/"><vender>&b;</vender></vsq4>"""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def fails_with(*arguments):
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert done.returncode == 2, done.stdout[-2000:] + done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: ")
    return done.stderr


def train_folder(tmp_path, recordings):
    places = [f"data.root={tmp_path / 'data'}", f"logs={tmp_path / 'logs'}"]
    return fails_with("train.py", "data=folder", f"data.path={recordings}", "logger=none", *places)


def consent(folder):
    (folder / "consent.yaml").write_text(example_consent(date.today()))


def test_a_missing_folder(tmp_path):
    assert "none" in train_folder(tmp_path, tmp_path / "none")


def test_a_folder_without_consent_shows_what_to_write(tmp_path):
    (tmp_path / "voice").mkdir()
    soundfile.write(tmp_path / "voice" / "a.wav", 0.1 * np.ones(48000), 24000)
    assert "consent" in train_folder(tmp_path, tmp_path / "voice")


def test_nothing_usable_lists_every_reason(tmp_path):
    folder = tmp_path / "voice"
    folder.mkdir()
    consent(folder)
    (folder / "text.wav").write_text("not audio")
    soundfile.write(folder / "silent.wav", np.zeros(48000), 24000)
    soundfile.write(folder / "short.wav", 0.1 * np.ones(2400), 24000)
    soundfile.write(folder / "nan.wav", np.full(48000, np.nan), 24000, subtype="FLOAT")
    said = train_folder(tmp_path, folder)
    for name in ("text.wav", "silent.wav", "short.wav", "nan.wav"):
        assert name in said


def test_logs_that_cannot_be_written(tmp_path):
    (tmp_path / "logs").write_text("a file is in the way")
    said = fails_with("train.py", f"logs={tmp_path / 'logs'}", "logger=none")
    assert "is a file; the folders of runs go there" in said


def test_a_vsqx_with_an_entity_bomb(tmp_path):
    (tmp_path / "bomb.vsqx").write_text(BOMB)
    assert "bomb.vsqx" in fails_with("-m", "duetto", "sing", str(tmp_path / "bomb.vsqx"))


def test_no_trained_voice_yet(tmp_path):
    soundfile.write(tmp_path / "x.wav", 0.1 * np.ones(24000), 24000)
    assert "Train one first" in fails_with("infer.py", f"logs={tmp_path}", f"source=[{tmp_path / 'x.wav'}]")
