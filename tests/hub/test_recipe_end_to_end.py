"""One command from an empty cache: a hub on loopback, RVC's recipe, a voice that converts, goes out and comes back.

The weights are random in the true layouts: ContentVec is HuBERT-base, the pair is that of RVC v2 32k.
"""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
from rich.console import Console

from duetto.conversion.converter import ConversionRequest
from duetto.errors import ConfigError
from duetto.features.content import build_encoder
from duetto.hub import cache, table
from duetto.ownership.consent import embedded_consent, write_consent
from duetto.runs.compose import compose_runs
from duetto.runs.export import export_run
from duetto.runs.train import train
from duetto.settings.conf_files import conf_folder
from duetto.storage.files import read_json
from duetto.storage.run_folder import RunFolder
from duetto.voices.interchange.importing import ImportFiles, import_files
from duetto.voices.load import load_converter
from duetto.voices.start import check_start
from tests.hub.server import serve
from tests.hub.true_layouts import contentvec, hubert_soft, nsf_hifigan, offer, pair, tracker

RATE = 44_100
SIZE = "v2_32k"


def sing(path, seconds, seed):
    """A hummed melody with pauses."""
    time = np.arange(int(seconds * RATE)) / RATE
    f0_hz = 220.0 * 2 ** (np.floor(2 * time) % 5 / 12)
    phase = 2 * np.pi * np.cumsum(f0_hz) / RATE
    voice = sum(np.sin(k * phase) / k for k in range(1, 12)) * (np.sin(np.pi * time / 1.9) ** 2 > 0.02)
    soundfile.write(path, 0.1 * voice + 1e-4 * np.random.default_rng(seed).normal(size=len(time)), RATE)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_one_command_from_an_empty_cache_to_a_voice_that_goes_out_and_comes_back(tmp_path, monkeypatch):
    pytest.importorskip("huggingface_hub")
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path / "home"))
    recordings = tmp_path / "mine"
    recordings.mkdir()
    write_consent(recordings / "consent.yaml", embedded_consent())
    for take in range(3):
        sing(recordings / f"take_{take}.wav", 4.0, take)
    generator, discriminator = pair(SIZE)
    with serve() as hub:
        files = {
            "contentvec": contentvec(),
            f"rvc_{SIZE}_generator": generator,
            f"rvc_{SIZE}_discriminator": discriminator,
        }
        command = ["model=rvc", "data=folder", f"data.path={recordings}", "recipe=ecosystem", f"model/size={SIZE}"]
        smaller = ["trainer.max_steps=2", "trainer.batch_size=1", "trainer.evaluate_every_steps=0", "logger=none"]
        smaller += ["model.segment_frames=8", "model.crop_frames=60"]  # what is trained at once: no tensor changes
        smaller += [f"data.root={tmp_path / 'data'}", f"logs={tmp_path / 'logs'}"]
        [config] = compose_runs(conf_folder(), [[*command, *smaller]])
        files |= tracker(config.features.f0.method)
        rows = offer(hub, files)
        for module in (table, cache):
            monkeypatch.setattr(module, "public_weights", lambda: rows)
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        run = RunFolder(train(config, Console(quiet=True)).folder)
        assert hub.ranges == [0] * len(files)  # each file once
    record = read_json(run.record)
    assert set(record["weights"]) >= {"base", "discriminator"}
    assert record["config"]["features"]["timing"] == "upstream"
    # from here on there is no hub
    converter, voice = load_converter(run.voice.path, index_rate=0.75)
    waveform = np.sin(np.arange(32_000) / 32_000 * 2 * np.pi * 220).astype(np.float32) * 0.1
    sung = converter.convert(waveform, ConversionRequest())
    assert len(sung.waveform) == len(waveform)
    exported = export_run(run.path, tmp_path / "out", "mine")
    assert "upstream" in " ".join(exported.hints)
    import_files(ImportFiles(exported.model, exported.index), tmp_path / "back")
    same_tracker, _ = load_converter(run.voice.path, 0.75, f0_method="swift")  # a public file names no tracker
    sung = same_tracker.convert(waveform, ConversionRequest())
    again, back = load_converter(tmp_path / "back" / "voice", 0.75, f0_method="swift", content_path="hub")
    assert back.features.timing == voice.features.timing == "upstream"
    assert np.abs(again.convert(waveform, ConversionRequest()).waveform - sung.waveform).max() < 0.02  # float16


@pytest.mark.slow
def test_diffsvc_takes_its_encoder_and_vocoder_by_name_and_refuses_a_vocoder_of_another_mel(tmp_path, monkeypatch):
    pytest.importorskip("huggingface_hub")
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path / "home"))
    vocoder, about = nsf_hifigan(tmp_path / "published")
    with serve() as hub:
        files = {"hubert_soft": hubert_soft(), "nsf_hifigan": vocoder, "nsf_hifigan-config.json": about}
        rows = offer(hub, files)
        for module in (table, cache):
            monkeypatch.setattr(module, "public_weights", lambda: rows)
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        [config] = compose_runs(conf_folder(), [["model=diffsvc", "data=case_b", "recipe=ecosystem"]])
        check_start(config.model, config.features)
        units, times_s = build_encoder(config.features.content).encode(np.zeros(16_000, np.float32), 16_000, 12)
    assert units.shape[1] == 256
    assert times_s[:2] == pytest.approx([0.01, 0.03])
    narrow = replace(config.features, n_mels=80)
    with pytest.raises(ConfigError, match="was trained with n_mels=128"):
        check_start(replace(config.model, n_mels=80), narrow)
