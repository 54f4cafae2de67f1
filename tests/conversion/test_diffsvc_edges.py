"""What upstream Diff-SVC gets wrong or refuses: very high notes, no voice, stereo, peaks, slices of some samples."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from duetto.architectures.diffsvc.condition import pitch_class
from duetto.conversion.recording import convert_file
from duetto.conversion.sources import check_source
from duetto.settings.config import DiffusionConfig
from tests.architectures.diffsvc.test_training import REQUEST, converter, write_tiny_vocoder
from tests.training.tiny import HOP, RATE

N_FFT = 64
SHALLOW = replace(REQUEST, diffusion=DiffusionConfig(steps=3, shallow_start=30))  # its mel is heard in the output


@pytest.fixture(scope="module")
def vocoder_folder(tmp_path_factory) -> Path:
    return write_tiny_vocoder(tmp_path_factory.mktemp("tiny") / "vocoder")


class Melody:
    """One pitch for every frame."""

    def __init__(self, f0_hz: float) -> None:
        self.f0_hz = f0_hz

    def extract_at(self, waveform, sample_rate, at_s):
        return np.full(len(at_s), self.f0_hz, np.float32)


def sing_at(vocoder: Path, f0_hz: float, **settings: object):
    voice = converter(vocoder, **settings)
    voice.tools = replace(voice.tools, f0_extractor=Melody(f0_hz))
    return voice


def noise(num_samples: int, level: float = 0.5) -> np.ndarray:
    return np.random.default_rng(0).uniform(-level, level, num_samples).astype(np.float32)


def heard_by(module: torch.nn.Module, place: int) -> list[torch.Tensor]:
    """The tensors that a network is given as its argument number `place`."""
    given: list[torch.Tensor] = []
    module.register_forward_pre_hook(lambda _, arguments: given.append(arguments[place].clone()))
    return given


def test_a_note_beyond_the_pitch_table_takes_its_last_row_and_the_vocoder_the_true_pitch(vocoder_folder):
    """Upstream makes 1 Hz of 700 Hz transposed by an octave."""
    voice = sing_at(vocoder_folder, 700.0)
    model = voice.renderer.model
    melodies, vocoded = (
        heard_by(voice.renderer.network.acoustic.condition_encoder, 1),
        heard_by(voice.renderer.network.vocoder, 1),
    )
    conversion = voice.convert(noise(RATE), replace(REQUEST, transpose_semitones=12.0))
    assert np.isfinite(conversion.waveform).all()
    torch.testing.assert_close(vocoded[0], torch.full_like(vocoded[0], 1400.0))
    assert set(pitch_class(melodies[0], model.pitch_min_hz, model.pitch_max_hz).flatten().tolist()) == {255}


@pytest.mark.parametrize("settings", [{}, {"fills_unvoiced": True}, {"has_continuous_pitch": True}])
def test_a_source_without_voice_is_sung_without_pitch(vocoder_folder, settings):
    voice = sing_at(vocoder_folder, 0.0, **settings)
    vocoded = heard_by(voice.renderer.network.vocoder, 1)
    conversion = voice.convert(noise(RATE), REQUEST)
    assert not vocoded[0].any()
    assert len(conversion.waveform) == RATE
    assert np.isfinite(conversion.waveform).all()
    assert np.abs(conversion.waveform).max() > 1e-4


def test_stereo_is_its_mono_mix_for_content_pitch_and_mel_alike(tmp_path, vocoder_folder):
    """Upstream takes the mel of the left channel and the content of both."""
    left, right = noise(RATE), 0.5 * noise(RATE)[::-1]
    outputs = []
    for name, samples in (("stereo", np.stack([left, right], 1)), ("mono", (left + right) / 2)):
        soundfile.write(tmp_path / f"{name}.wav", samples, RATE, subtype="FLOAT")
        source = check_source(tmp_path / f"{name}.wav")
        convert_file(converter(vocoder_folder), source, tmp_path / f"{name}_sung.wav", SHALLOW)
        outputs.append(soundfile.read(tmp_path / f"{name}_sung.wav")[0])
    assert outputs[0].ndim == 1
    np.testing.assert_allclose(outputs[0], outputs[1], atol=1e-5)


def test_float_samples_beyond_full_scale_are_loud_not_silent(vocoder_folder):
    """Upstream divides a float recording that peaks at 1.2 by 32769."""
    voice = converter(vocoder_folder)
    mels = heard_by(voice.renderer.network.vocoder, 0)
    quiet = noise(RATE, 0.4)
    for gain in (1.0, 3.0):
        copied = voice.copy_synthesise(gain * quiet, REQUEST).waveform
        assert len(copied) == RATE
        assert np.abs(voice.convert(gain * quiet, SHALLOW).waveform).max() <= 1.0
    loud, soft = mels[2], mels[0]
    inside = slice(4, RATE // HOP - 4)
    torch.testing.assert_close(
        loud[..., inside] - soft[..., inside], torch.full_like(loud[..., inside], np.log(3.0)), atol=1e-3, rtol=0
    )


@pytest.mark.parametrize("num_samples", [1, HOP - 1, HOP, HOP + 1, N_FFT - 1, N_FFT + 1])
@pytest.mark.parametrize("settings", [{}, {"uses_energy": True}])
def test_a_slice_shorter_than_a_window_is_sung(vocoder_folder, num_samples, settings):
    """Upstream crashes below 769 samples."""
    voice = converter(vocoder_folder, **settings)
    for waveform in (
        voice.convert(noise(num_samples), SHALLOW).waveform,
        voice.copy_synthesise(noise(num_samples), REQUEST).waveform,
    ):
        assert waveform.shape == (num_samples,)
        assert np.isfinite(waveform).all()
