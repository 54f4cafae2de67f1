"""`infer.py` as a user of public Diff-SVC files calls it, with networks of their true sizes."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
import yaml

from duetto.architectures.diffsvc.config import DenoiserConfig, DiffSVCConfig
from duetto.architectures.diffsvc.shapes import published_shape
from duetto.architectures.vocoder.foreign import save_foreign_vocoder
from duetto.architectures.vocoder.shapes import OPENVPI_44K
from duetto.features.hubert import HubertShape
from duetto.settings.config import FeaturesConfig
from duetto.voices.interchange.diffsvc_file import public_config, public_container
from tests.features.hubert_networks import random_network, write
from tests.parity.diffsvc_fill import filled_model, filled_vocoder

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.slow
def test_a_full_size_checkpoint_sings_to_the_sample(tmp_path: Path):
    """The 44.1 kHz shape and NSF-HiFiGAN, filled by the rule of the parity tests, on content of HuBERT's true shape."""
    model, weights = filled_model(published_shape("44k"))
    vocoder, vocoder_weights = filled_vocoder(OPENVPI_44K)
    features = FeaturesConfig(44100, 512, 2048, 128, 40.0, 16000.0)
    path = tmp_path / "model_ckpt_steps_1200.ckpt"
    torch.save(public_container(weights, 1200), path)
    config = DiffSVCConfig(denoiser=DenoiserConfig(384, 20), condition_channels=256, pitch_min_hz=40.0)
    written = yaml.safe_dump(public_config(config, features, (model.mel_min, model.mel_max)))
    (tmp_path / "config.yaml").write_text(written, encoding="utf-8")
    vocoder_path = save_foreign_vocoder(vocoder, features, tmp_path / "nsf_hifigan")
    stored = torch.load(vocoder_path, weights_only=True)["generator"]
    assert all(torch.equal(stored[name], tensor) for name, tensor in vocoder_weights.items())
    content = write(tmp_path, random_network(HubertShape()), "hubert-soft")
    num_samples, rate = 11_027, 22_050
    soundfile.write(tmp_path / "some.wav", 0.3 * np.sin(2 * np.pi * 220 * np.arange(num_samples) / rate), rate)
    arguments = [f"checkpoint={path}", f"vocoder={vocoder_path}", f"content_path={content}"]
    arguments += [f"source={tmp_path / 'some.wav'}", f"output={tmp_path / 'sung.wav'}", f"logs={tmp_path / 'logs'}"]
    arguments += ["transpose=3", "diffusion.steps=5"]
    command = [sys.executable, "infer.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    waveform, found_rate = soundfile.read(tmp_path / "sung.wav")
    assert (len(waveform), found_rate) == (num_samples, rate)
    assert np.isfinite(waveform).all()
    assert np.sqrt(np.mean(waveform**2)) > 0.001
