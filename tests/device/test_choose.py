"""Where networks compute. No card is needed: `meta`, a device of shapes without numbers, stands in for it.

What this shows: that weights and every input are on the device that `duetto.device` chose, since an operation on both
devices would fail. What it does not show: numbers, speed or memory of a real card (tests/training/test_gpu.py).
"""

import numpy as np
import pytest
import torch

from duetto.conversion.converter import ConversionRequest
from duetto.device import choose
from duetto.device.cuda import Card
from duetto.evaluation.models import speaker
from duetto.features import hubert_variants
from duetto.features.cache import ClipFeatures
from duetto.features.extract import _most_workers
from duetto.features.hubert import HubertShape
from duetto.settings.config import ContentConfig, FeaturesConfig
from duetto.voices import load
from duetto.voices.voice import TrainedVoice, build_network
from duetto.workers import num_cores
from tests.features.hubert_networks import random_network, write
from tests.training.tiny import WIDTH, tiny_config

META = torch.device("meta")
ONLY_SHAPES = "Cannot copy out of meta tensor"


@pytest.fixture
def card(monkeypatch):
    """Every place that asks is told of a card, which `meta` stands for."""
    for module in (choose, load, speaker):
        monkeypatch.setattr(module, "compute_device", lambda is_shared=False: META)


def test_the_card_is_taken_if_it_is_usable_and_by_workers_only_if_they_may_share_it(monkeypatch):
    assert choose.compute_device().type == ("cuda" if choose.find_card().is_usable else "cpu")
    monkeypatch.setattr(choose, "find_card", lambda: Card("T4", (7, 5)))
    assert choose.compute_device().type == "cuda"
    monkeypatch.setattr(choose.multiprocessing, "parent_process", lambda: "the main process")
    assert choose.compute_device().type == "cpu"
    assert choose.compute_device(is_shared=True).type == "cuda"
    monkeypatch.setattr(choose, "find_card", lambda: Card(complaint="too old"))
    assert choose.compute_device(is_shared=True).type == "cpu"


def test_a_voice_that_is_loaded_converts_on_the_card(card, monkeypatch):
    config = tiny_config(1)
    encoder = type("Encoder", (), {"dimension": WIDTH, "name": "test"})()
    monkeypatch.setattr(load, "build_encoder", lambda _: encoder)
    voice = TrainedVoice(build_network(config.model, config.features), config.model, config.features, {})
    converter = load.converter_of(voice, None)
    assert {parameter.device for parameter in converter.renderer.synthesizer.parameters()} == {META}
    hop = config.features.hop_length
    frames = ClipFeatures(
        np.zeros((20, WIDTH), np.float32), np.full(20, 220, np.float32), np.zeros(20 * hop, np.float32)
    )
    with pytest.raises(NotImplementedError, match=ONLY_SHAPES):  # at the very end, where the samples are fetched
        converter.renderer.render(frames, ConversionRequest(), torch.Generator())


def test_the_content_encoder_runs_on_the_card_in_few_processes(card, monkeypatch, tmp_path):
    path = write(tmp_path, random_network(HubertShape(num_layers=12, width=48, feed_forward=48)), "transformers")
    opened = []

    class Encoder:
        def __init__(self, *given, device):
            opened.append(device)

    monkeypatch.setattr("duetto.features.hubert.HubertEncoder", Encoder)
    content = ContentConfig("contentvec", 12, 768, str(path))
    hubert_variants.CONTENTVEC_ENCODER.open(content)
    assert opened == [META]
    features = FeaturesConfig(24000, 240, 1024, 80, content=content)
    assert _most_workers(features) == choose.SHARE_A_CARD
    assert _most_workers(tiny_config(1).features) == num_cores()


def test_scores_of_speakers_are_taken_on_the_card(card):
    encoder = speaker.SpeakerEncoder()
    with pytest.raises(NotImplementedError, match=ONLY_SHAPES):
        encoder.embed_active(np.zeros(32_000, np.float32))
