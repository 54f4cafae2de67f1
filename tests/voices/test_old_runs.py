"""Runs, voices and corpora that version 0.1.0 wrote still open; tests/old_runs/README.md says how they were made."""

import io
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file

from duetto.__main__ import main
from duetto.corpus.manifest import load_manifest
from duetto.errors import CheckpointError, StorageError
from duetto.features import extract, f0
from duetto.preprocess.ledger import read_ledger, summarise
from duetto.renamed import current_record
from duetto.runs.compose import compose_inference, compose_runs
from duetto.runs.fit import fit
from duetto.runs.infer import infer
from duetto.runs.prepare import prepare_data
from duetto.runs.train import train
from duetto.settings.conf_files import conf_folder
from duetto.storage.audio import read_audio
from duetto.storage.files import read_json
from duetto.training.hardware import Hardware
from duetto.training.tracking import Tracker
from duetto.voices.find import find_run
from duetto.voices.voice import load_voice

OLD_RUNS = Path(__file__).resolve().parents[1] / "old_runs"
FINISHED = {"rvc": "026671aee8", "diffsvc": "e9a7c8a6dc", "vocoder": "af84ead64d"}
KILLED = {"rvc": "5f504d8ada", "diffsvc": "6689e30ba0"}
SOURCE = f"logs/rvc-folder_vsqx-none-compact-{FINISHED['rvc']}/songs/middle-eb5f73b5__mei/source.wav"
HIGHEST_DIFFERENCE = 1e-6  # of samples within +-1; another processor rounds otherwise


def run_folder(model: str, signature: str) -> Path:
    return Path("logs") / f"{model}-folder_vsqx-none-compact-{signature}"


@pytest.fixture(scope="module")
def old_place(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("old") / "runs"
    shutil.copytree(OLD_RUNS, place)
    return place


@pytest.fixture
def heard_as_recorded(monkeypatch):
    """Version 0.1.0 heard a recording at its own level; since then a copy at a standard level is heard."""
    for module in (extract, f0):
        monkeypatch.setattr(module, "at_standard_level", lambda waveform, sample_rate: waveform)


@pytest.fixture
def old_runs(old_place, monkeypatch) -> Path:
    """A copy of the old folder to work in: its runs name each other by relative paths."""
    monkeypatch.chdir(old_place)
    return old_place


@pytest.mark.usefixtures("heard_as_recorded")
@pytest.mark.parametrize("model", ["rvc", "diffsvc"])
def test_an_old_voice_sings_as_it_did(old_runs: Path, model: str):
    overrides = [f"run={FINISHED[model]}", f"source={SOURCE}", f"output={model}.wav", "transpose=7", "seed=3"]
    overrides += ["mark=false", "mark_reason=compared with what it gave then"]
    infer(compose_inference(conf_folder(), overrides), Console(quiet=True))
    sung, rate = read_audio(Path(f"{model}.wav"))
    expected, expected_rate = read_audio(old_runs / "converted" / f"{model}.wav")
    assert rate == expected_rate == 8000
    np.testing.assert_allclose(sung, expected, rtol=0, atol=HIGHEST_DIFFERENCE)
    assert np.abs(expected).max() > 100 * HIGHEST_DIFFERENCE


@pytest.mark.parametrize("model", sorted(FINISHED))
@pytest.mark.parametrize("name", ["signature", "start", "folder name", "path"])
def test_an_old_run_is_found_by_whatever_one_calls_it(old_runs: Path, model: str, name: str):
    folder = run_folder(model, FINISHED[model])
    wanted = {
        "signature": FINISHED[model],
        "start": FINISHED[model][:5],
        "folder name": folder.name,
        "path": str(folder),
    }[name]
    assert find_run(Path("logs"), wanted) == folder


@pytest.mark.parametrize("model", ["rvc", "diffsvc"])
def test_the_page_of_an_old_run_is_written_with_its_scores_and_sounds(old_runs: Path, model: str):
    folder = run_folder(model, FINISHED[model])
    assert main(["report", str(folder)]) == 0
    page = (folder / "index.html").read_text()
    assert FINISHED[model] in page
    assert page.count("<audio") >= 3
    scores = current_record(read_json(folder / "metrics.json"))["mean"]
    for name in ("log_spectral_distance", "log_spectral_distance_source", "log_spectral_distance_copy_synthesis"):
        assert f"{scores[name]:.2f} dB" in page


def test_old_runs_are_compared_on_one_page(old_runs: Path):
    runs = [str(run_folder(model, FINISHED[model])) for model in ("rvc", "diffsvc")]
    assert main(["report", *runs, "--output", "comparison.html", "--results", "none"]) == 0
    page = Path("comparison.html").read_text()
    assert all(signature in page for signature in (FINISHED["rvc"], FINISHED["diffsvc"]))


@pytest.mark.parametrize(
    ("model", "reason"), [("rvc", "RVC WebUI and Applio have no such shape"), ("diffsvc", "Diff-SVC reads log10")]
)
def test_exporting_an_old_voice_of_our_own_size_is_refused_in_a_sentence(
    old_runs: Path, capsys: pytest.CaptureFixture[str], model: str, reason: str
):
    assert main(["export", FINISHED[model], "--logs", "logs"]) == 2
    assert reason in capsys.readouterr().err


def test_an_old_corpus_and_its_ledger_are_read(old_runs: Path):
    corpus = load_manifest(old_runs / "data/corpora/folder_vsqx-b456d4c31635")
    folder = old_runs / "data/preprocessed/3530dd412e8d"
    preprocessed = load_manifest(folder)
    assert [clip.id for clip in corpus.select("target", "train")] == ["target/long-8911a33e"]
    assert [clip.id for clip in preprocessed.select("target", "train")] == ["target/long-8911a33e#0000"]
    (step,) = summarise(read_ledger(folder))["steps"]
    assert step["dropped_s"] == {"silence": pytest.approx(0.53)}


NO_DECODER = "model.auxiliary.num_layers=0"
FREE_LATENT = ["model.has_mel_latent=false", "model.noise_scale=0.66666", "model.generator_vocoder=null", NO_DECODER]
AS_THEN = {  # settings that have another default now
    "rvc": ["model.balances_upsampling=false", *FREE_LATENT],
    "diffsvc": ["model.noise_scale=1.0", NO_DECODER],
}


def overrides_of(name: str) -> list[str]:
    return (OLD_RUNS / "commands" / f"{name}.txt").read_text().split()


@pytest.mark.usefixtures("heard_as_recorded")
@pytest.mark.parametrize("model", ["rvc", "diffsvc"])
@pytest.mark.slow
def test_a_killed_old_run_resumes_and_ends_with_the_weights_that_the_old_code_gave_it(old_runs: Path, model: str):
    (config,) = compose_runs(conf_folder(), [[*overrides_of(f"{model}_killed"), *AS_THEN[model]]])
    material = prepare_data(config, Console(quiet=True))
    killed = Path("copies") / KILLED[model]
    shutil.copytree(OLD_RUNS / run_folder(model, KILLED[model]), killed)
    hardware, tracker = Hardware("cpu", "CPU", "32-true", 1), Tracker([], "off")
    result = fit(config, material, hardware, killed, tracker, Console(quiet=True))
    assert result.steps == 6
    weights = result.network.state_dict()
    expected = load_file(old_runs / "resumed" / f"{model}.safetensors")
    assert set(weights) == set(expected)
    differences = torch.cat([(weights[name] - expected[name]).abs().flatten() for name in expected])
    assert float((differences <= HIGHEST_DIFFERENCE).float().mean()) > 0.99
    rows = (killed / "losses.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["step", *map(str, range(1, 7))]


@pytest.mark.slow
def test_the_command_of_a_killed_old_run_resumes_it_or_says_that_it_stands_there(old_runs: Path):
    killed = run_folder("rvc", KILLED["rvc"])
    shutil.rmtree(killed)
    shutil.copytree(OLD_RUNS / killed, killed)
    (config,) = compose_runs(conf_folder(), [[*overrides_of("rvc_killed"), *FREE_LATENT]])
    console = Console(file=io.StringIO(), width=1000)
    run = train(config, console)
    assert (run.folder / "voice/card.json").is_file()
    assert run.folder == killed or killed.name in console.file.getvalue()


@pytest.mark.slow
def test_what_is_advised_about_a_damaged_voice_or_record_ends_well(old_runs: Path):
    (config,) = compose_runs(conf_folder(), [[*overrides_of("rvc_killed"), *FREE_LATENT]])
    folder = train(config, Console(quiet=True)).folder
    weights, record = folder / "voice" / "generator.safetensors", folder / "run.json"
    whole, known = weights.read_bytes(), read_json(record)
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(CheckpointError, match="Delete the folder that it lies in and repeat the command"):
        load_voice(folder / "voice")
    shutil.rmtree(folder / "voice")
    assert train(config, Console(quiet=True)).folder == folder
    assert weights.read_bytes() == whole
    record.write_text('{"torn": ')
    with pytest.raises(StorageError, match="Delete it and run again"):
        train(config, Console(quiet=True))
    record.unlink()
    assert train(config, Console(quiet=True)).signature == known["signature"]
    restored = read_json(record)
    assert all(restored[name] == known[name] for name in ("signature", "status", "steps", "selected", "config"))


@pytest.mark.slow
def test_a_killed_old_run_that_is_kept_stays_a_run_of_the_old_code(old_runs: Path):
    killed = run_folder("rvc", KILLED["rvc"])
    shutil.rmtree(killed)
    shutil.copytree(OLD_RUNS / killed, killed)
    for made_today in Path("logs").glob("rvc-*-r?????????"):
        shutil.rmtree(made_today)
    (config,) = compose_runs(conf_folder(), [[*overrides_of("rvc_killed"), *FREE_LATENT, "stale=keep"]])
    run = train(config, Console(quiet=True))
    record = read_json(killed / "run.json")
    assert (run.folder, run.signature) == (killed, KILLED["rvc"])
    assert record["status"] == "trained"
    assert record["signature"] == KILLED["rvc"]
    assert "duetto.training.module" in record["resumed_by"]["modules"]
    again = Console(file=io.StringIO(), width=1000)
    assert train(replace(config, stale="repeat"), again).folder != killed
    assert "version 0.1.0 did not record it" in again.file.getvalue()
