import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

import duetto
from duetto.errors import CorpusError

RATE = 24_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three seconds of a tone with a second of silence after it, and a file that is no audio."""
    tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(3 * RATE) / RATE)
    (tmp_path / "voice").mkdir()
    soundfile.write(tmp_path / "voice" / "song.wav", np.append(tone, np.zeros(RATE)), RATE)
    (tmp_path / "voice" / "broken.wav").write_bytes(b"RIFF")
    return tmp_path / "voice"


def test_a_report_has_findings_usable_seconds_and_what_could_not_be_read(folder: Path):
    report = duetto.doctor(folder, songs=["slow_01"], transpose=-12, is_quick=True)
    assert report.seconds == pytest.approx(4.0)
    assert report.usable_s == pytest.approx(3.0, abs=0.05)
    severities = [finding.severity for finding in report.findings]
    assert severities == sorted(severities, key=["serious", "warning", "unknown", "fine"].index)
    assert [problem.recording for problem in report.problems] == ["broken.wav"]
    assert report.verdict.endswith("unknown.")
    assert "slow_01" in json.dumps(report.as_dict())


def test_the_page_is_one_file_that_needs_no_network(folder: Path, tmp_path: Path):
    page = duetto.doctor(folder, is_quick=True).to_html(tmp_path / "pages" / "doctor.html")
    text = page.read_text(encoding="utf-8")
    assert "<html" in text
    assert 'src="http' not in text


def test_nothing_at_the_path_is_a_corpus_error(tmp_path: Path):
    with pytest.raises(CorpusError, match="There is no"):
        duetto.doctor(tmp_path / "missing")
