"""Mono, Resample, WPE: steps that take what a recording has in channels and rate."""

import numpy as np
import pytest

from duetto.corpus.embedded_cases.room import add_room, room_response
from duetto.errors import ConfigError
from duetto.preprocess.segment import Segment, total_s
from duetto.preprocess.steps import wpe
from duetto.preprocess.steps.mono import Mono
from duetto.preprocess.steps.resample import Resample
from duetto.preprocess.steps.wpe import WPE
from duetto.settings.case_config import RoomConfig

from .conftest import RATE, silence, voice


class TestMono:
    stereo = np.array([[0.2, 0.4], [0.6, -0.2]], np.float32)

    @pytest.mark.parametrize(
        ("choice", "expected"),
        [("mean", [0.4, 0.1]), ("left", [0.2, 0.4]), ("right", [0.6, -0.2]), ("loudest", [0.6, -0.2])],
    )
    def test_each_choice_is_what_it_says(self, choice: str, expected: list[float]):
        (segment,), dropped = Mono(choice).apply((Segment(self.stereo, RATE, "clip", start=5),))
        assert segment.waveform == pytest.approx(expected)
        assert (segment.start, dropped) == (5, ())

    def test_mono_stays_as_it_is(self):
        segments = (Segment(voice(0.1), RATE, "clip"),)
        assert Mono().apply(segments) == (segments, ())

    def test_channels_that_cancel_are_remarked(self):
        # One channel at -0.9 of the other: their mean is 0.05 of it, -26 dB.
        _, dropped = Mono().apply((Segment(np.stack([voice(0.1), -0.9 * voice(0.1)]), RATE, "clip"),))
        assert [(entry.seconds, entry.reason) for entry in dropped] == [
            (0.0, "channels cancel: their mean lies 26 dB below the louder one")
        ]

    def test_an_unknown_choice_is_refused(self):
        with pytest.raises(ConfigError, match="choice"):
            Mono("middle")


class TestResample:
    def test_a_tone_is_the_same_tone_at_another_rate(self):
        time_s = np.arange(44_100) / 44_100
        tone = np.sin(2 * np.pi * 440 * time_s).astype(np.float32)
        (segment,), dropped = Resample(24_000).apply((Segment(tone, 44_100, "clip"),))
        expected = np.sin(2 * np.pi * 440 * np.arange(24_000) / 24_000)
        assert segment.sample_rate == 24_000
        assert np.allclose(segment.waveform[500:-500], expected[500:-500], atol=1e-4)
        assert dropped == ()

    def test_what_makes_no_whole_sample_is_a_loss(self):
        # 44100 : 24000 = 147 : 80, so 44100 + 100 samples lose 100.
        segments = (Segment(np.zeros((2, 44_200), np.float32), 44_100, "clip", start=44_100),)
        (segment,), dropped = Resample(24_000).apply(segments)
        assert segment.waveform.shape == (2, 24_000)
        assert segment.start == 24_000
        assert sum(entry.seconds for entry in dropped) == pytest.approx(100 / 44_100)
        assert total_s(segments) == pytest.approx(segment.duration_s + dropped[0].seconds)

    def test_less_than_a_sample_gives_nothing(self):
        segments, dropped = Resample(24_000).apply((Segment(silence(0.002, 44_100), 44_100, "clip"),))
        assert segments == ()
        assert dropped[0].seconds == pytest.approx(88 / 44_100)

    def test_a_rate_without_meaning_is_refused(self):
        with pytest.raises(ConfigError, match="sample_rate"):
            Resample(0)


class TestWPE:
    def test_without_the_package_the_way_out_is_named(self, monkeypatch: pytest.MonkeyPatch):
        def refuse(_: str) -> None:
            raise ImportError

        monkeypatch.setattr(wpe.importlib, "import_module", refuse)
        with pytest.raises(ConfigError, match="pip install nara-wpe"):
            WPE().apply((Segment(voice(0.1), RATE, "clip"),))

    def test_strength_zero_and_too_little_audio_change_nothing(self):
        for step, song in ((WPE(strength=0.0), voice(1.0)), (WPE(), voice(0.2)), (WPE(), silence(2.0))):
            (segment,), dropped = step.apply((Segment(song, RATE, "clip"),))
            assert np.allclose(segment.waveform, song, atol=1e-6)
            assert dropped == ()

    @pytest.mark.parametrize("num_channels", [1, 2])
    def test_the_tail_of_a_room_gets_softer(self, num_channels: int):
        generator = np.random.default_rng(0)
        burst = (0.3 * generator.standard_normal(RATE // 4)).astype(np.float32)
        song = np.concatenate([np.concatenate([burst * gain, silence(0.75)]) for gain in (1.0, 0.7, 0.9, 0.8)])
        response = room_response(RoomConfig(0.9, 0.0), RATE)
        wet = add_room(song, response)
        other = 0.9 * np.concatenate([np.zeros(3, np.float32), wet[:-3]])  # a microphone that hears it later
        channels = np.stack([wet, other]) if num_channels == 2 else wet
        (segment,), _ = WPE(iterations=2).apply((Segment(channels, RATE, "clip"),))
        assert segment.waveform.shape == channels.shape
        tail = slice(round(0.4 * RATE), round(0.8 * RATE))
        before, after = (np.mean(np.square(np.atleast_2d(wave)[0, tail])) for wave in (channels, segment.waveform))
        assert 10 * np.log10(after / before) < -1.0

    @pytest.mark.parametrize("right", [1.0, -0.5, 0.0])
    def test_a_second_channel_that_says_the_same_changes_nothing(self, right: float):
        song = np.random.default_rng(0).uniform(-0.3, 0.3, 2 * RATE).astype(np.float32)
        (mono,), _ = WPE(iterations=1).apply((Segment(song, RATE, "clip"),))
        (stereo,), _ = WPE(iterations=1).apply(
            (Segment(np.stack([song, right * song]).astype(np.float32), RATE, "clip"),)
        )
        assert np.allclose(stereo.waveform, [mono.waveform, right * mono.waveform], atol=1e-4)

    @pytest.mark.parametrize("values", [{"strength": 1.5}, {"taps": 0}, {"delay": 0}, {"iterations": 0}])
    def test_values_without_meaning_are_refused(self, values: dict[str, float]):
        with pytest.raises(ConfigError, match=r"preprocess\.wpe"):
            WPE(**values)
