"""An architecture that lives in one folder, `third`, and is registered by one entry point, goes the whole way."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from duetto.__main__ import main
from duetto.architectures import registry
from duetto.report.comparison.names import architecture_order, architecture_title
from duetto.runs.choices import shape
from duetto.runs.compose import compose_runs
from duetto.runs.plan import make_plan
from duetto.settings.conf_files import conf_folder
from duetto.sweeps.command import main as sweep
from tests.test_two_singers import RATE, SMALL, consented, voice

ROOT = Path(__file__).resolve().parents[2]
ENTRY_POINT = "[duetto.architectures]\nthird = tests.architectures.third.record:THIRD\n"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """What pip leaves of a package with the entry point, for this process and those that it starts."""
    site = tmp_path_factory.mktemp("site")
    (site / "third-1.0.dist-info").mkdir()
    (site / "third-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: third\nVersion: 1.0\n")
    (site / "third-1.0.dist-info" / "entry_points.txt").write_text(ENTRY_POINT)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site)
        patch.setenv("PYTHONPATH", ":".join([str(site), str(ROOT / "src"), str(ROOT)]))
        registry._installed.cache_clear()
        yield
    registry._installed.cache_clear()


def settings(work, *more):
    places = [f"data.root={work / 'data'}", f"logs={work / 'logs'}", "data=folder", f"data.path={work / 'recordings'}"]
    return ["model=third", "preprocess=none", "eval=quick", "logger=none", *SMALL, *places, *more]


def test_its_settings_compose_and_its_plan_says_what_is_not_known(installed):
    (config,) = compose_runs(conf_folder(), [["model=third", "data=case_b", "trainer.max_minutes=0"]])
    stages = {stage.name: stage for stage in make_plan(config, speed=1.0)}
    assert stages["training"].what == "third compact, up to 200000 steps"
    assert stages["training"].seconds != stages["training"].seconds  # NaN: nobody has measured it
    assert shape("third", "auto") == "third_compact"


def test_pages_name_it_after_ours(installed):
    assert architecture_title("third") == "Straight line"
    assert architecture_order("third") > architecture_order("vocoder")


@pytest.fixture(scope="module")
def work(installed, tmp_path_factory):
    """A finished run of train.py."""
    folder = tmp_path_factory.mktemp("third")
    (folder / "recordings").mkdir()
    for take in range(4):
        soundfile.write(folder / "recordings" / f"{take}.wav", voice(200.0 * (1 + 0.1 * take), 2.5), RATE)
    consented(folder / "recordings")
    done = subprocess.run(
        [sys.executable, "train.py", *settings(folder)], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder


def only_run(work):
    return next(work.glob("logs/third-*/voice/card.json")).parent.parent


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_it_is_trained_tested_and_shown(work):
    run = only_run(work)
    record = json.loads((run / "run.json").read_text())
    assert (record["status"], record["steps"]) == ("finished", 4)
    assert len(record["made_of"]["inputs"]["vocoder"]) == 64
    assert {"tests.architectures.third.training", "duetto.architectures.vocoder.load"} <= set(
        record["made_of"]["modules"]
    )
    assert "third" in (run / "index.html").read_text()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_it_sings_a_recording(work):
    song = voice(330.0, 1.0)
    soundfile.write(work / "song.wav", song, RATE)
    arguments = [f"logs={work / 'logs'}", f"source={work / 'song.wav'}", f"output={work / 'out.wav'}"]
    assert main(["infer", *arguments]) == 0
    assert soundfile.info(work / "out.wav").frames == len(song)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_sweep_skips_its_finished_run_and_runs_another_in_a_process_of_its_own(work):
    assert sweep(settings(work, "seed=0,1", "workers=1"), ROOT / "conf") == 0
    assert len(list(work.glob("logs/third-*/voice/card.json"))) == 2


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_its_export_is_refused_in_its_own_sentence(work, capsys):
    assert main(["export", only_run(work).name, "--logs", str(work / "logs")]) == 2
    assert "a Straight line voice. No other program knows a straight line." in capsys.readouterr().err
