"""Adapters to audio-separator 0.47 and PyMSS 2.1, against modules of the interface that these document."""

import importlib.metadata
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile

from duetto.errors import AudioError, ConfigError
from duetto.preprocess.separator_packages import separate_by_package

RATE = 44_100
MIX = np.stack([np.linspace(-0.5, 0.5, RATE), np.linspace(0.5, -0.5, RATE)]).astype(np.float32)


def halve(source, target):
    waveform, rate = soundfile.read(source)
    soundfile.write(target, 0.5 * waveform, rate, subtype="FLOAT")


class Separator:
    """As `audio_separator.separator.Separator`: one file for the single stem, named after mix, stem and model."""

    def __init__(self, log_level, output_dir, output_format, output_single_stem):
        assert (output_format, output_single_stem) == ("WAV", "Vocals")
        self.output_dir, self.model = output_dir, None

    def load_model(self, model_filename):
        if model_filename == "none.ckpt":
            raise ValueError("Model file none.ckpt not found in supported model files")
        self.model = model_filename

    def separate(self, audio_file_path):
        name = f"mix_(Vocals)_{Path(self.model).stem}.wav"
        halve(audio_file_path, Path(self.output_dir) / name)
        return [name]


class MSSeparator:
    """As `pymss.MSSeparator`: stems go to the folders of `store_dirs`; others are not written."""

    def __init__(self, store_dirs):
        self.store_dirs = store_dirs

    @classmethod
    def from_model_name(cls, model_name, download, device, output_format, store_dirs):
        assert (download, device, output_format) == (True, "auto", "wav")
        return cls(store_dirs if model_name != "no_vocals" else {})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def process_folder(self, input_folder):
        for stem, folder in self.store_dirs.items():
            halve(input_folder, Path(folder) / f"mix_{stem}.wav")


@pytest.fixture
def installed(monkeypatch):
    for name, cls in {"audio_separator.separator": Separator, "pymss": MSSeparator}.items():
        module = ModuleType(name)
        setattr(module, cls.__name__, cls)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(sys.modules, "audio_separator", ModuleType("audio_separator"))
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "1.2.3")


@pytest.mark.parametrize(
    ("name", "model", "which"),
    [
        ("audio_separator", "", "audio-separator 1.2.3 with model_bs_roformer_ep_317_sdr_12.9755.ckpt"),
        ("audio_separator", "UVR_MDXNET_KARA_2.onnx", "audio-separator 1.2.3 with UVR_MDXNET_KARA_2.onnx"),
        ("pymss", "", "pymss 1.2.3 with bs_roformer_voc_hyperacev2"),
    ],
)
def test_the_voice_is_read_and_it_is_said_what_separated_it(installed, name, model, which):
    voice, said = separate_by_package(MIX, RATE, name, model)
    np.testing.assert_allclose(voice, 0.5 * MIX, atol=1e-6)
    assert said == which


def test_what_a_package_says_is_one_sentence(installed):
    with pytest.raises(ConfigError, match=r"could not separate with none\.ckpt: Model file none\.ckpt not found"):
        separate_by_package(MIX, RATE, "audio_separator", "none.ckpt")
    with pytest.raises(AudioError, match="wrote 0 files, not one voice"):
        separate_by_package(MIX, RATE, "pymss", "no_vocals")


@pytest.mark.parametrize("name", ["audio_separator", "pymss"])
def test_a_package_that_is_not_installed_is_named(monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigError, match=r"is not installed.*pip install"):
        separate_by_package(MIX, RATE, name)
