"""The notebook for Colab is made from its source, and its cells train, convert and export on a CPU."""

import json
import os
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

from tests.report.browser import chromium, opened

ROOT = Path(__file__).resolve().parents[2]
SOURCE, NOTEBOOK = ROOT / "notebooks" / "duetto_colab.py", ROOT / "notebooks" / "duetto_colab.ipynb"
SMOKE = {"minutes": 0.2, "more_settings": "eval=quick", "use_drive": False}


def cells(notebook):
    return [(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]


def test_the_notebook_is_made_from_its_source_and_holds_no_output():
    jupytext = pytest.importorskip("jupytext")
    stored = json.loads(NOTEBOOK.read_text("utf-8"))
    assert cells(stored) == cells(jupytext.read(SOURCE)), "python -m jupytext --to ipynb notebooks/duetto_colab.py"
    assert not any(cell.get("outputs") for cell in stored["cells"])
    assert stored["metadata"]["kernelspec"] == {"display_name": "Python 3", "language": "python", "name": "python3"}


def test_what_colab_has_is_left_as_it_is():
    named = [line for line in (ROOT / "requirements-colab.txt").read_text().splitlines() if not line.startswith("#")]
    assert named == [".", "faiss-cpu>=1.11"]
    assert '("torch", "torchaudio", "numpy", "scipy")' in SOURCE.read_text()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_it_runs_from_settings_to_a_voice_to_take_away(tmp_path):
    pytest.importorskip("papermill")
    pytest.importorskip("ipykernel")
    given = [word for key, value in {"workplace": tmp_path, **SMOKE}.items() for word in ("-p", key, str(value))]
    command = [sys.executable, "-m", "papermill", str(NOTEBOOK), str(tmp_path / "executed.ipynb"), *given]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    assert done.returncode == 0, done.stderr[-3000:]
    executed = json.loads((tmp_path / "executed.ipynb").read_text("utf-8"))
    shown = [output["data"] for cell in executed["cells"] for output in cell.get("outputs", ()) if "data" in output]
    markup = ["".join(each["text/html"]) for each in shown if "text/html" in each]
    (frame,) = [re.search(r'srcdoc="([^"]*)"', each) for each in markup if "srcdoc" in each]
    page = unescape(frame[1])
    assert "<title>" in page
    assert "my_voice" in page
    assert sum("<audio" in each and "srcdoc" not in each for each in markup) == 2, "source and conversion can be heard"
    kept = tmp_path / "duetto"
    assert {"my_voice.zip", "converted.wav", "logs"} <= {path.name for path in kept.iterdir()}
    (run,) = kept.glob("logs/rvc-*")
    assert (run / "checkpoints" / "last.ckpt").is_file()
    assert (run / "voice" / "card.json").is_file()
    (tmp_path / "page.html").write_text(page, "utf-8")
    with chromium() as browser, opened(browser, tmp_path / "page.html") as (shown_page, complaints):
        assert shown_page.locator("audio").count() > 0
        assert complaints == []
