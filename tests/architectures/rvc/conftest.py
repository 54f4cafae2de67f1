import pytest
import torch

from duetto.architectures.rvc.shapes import SynthesizerConfig
from duetto.architectures.rvc.synthesizer import Synthesizer

NUM_FRAMES = 20


@pytest.fixture
def tiny() -> SynthesizerConfig:
    return SynthesizerConfig(
        sample_rate=2400,
        hop_length=24,
        content_dimension=10,
        spectrogram_channels=33,
        inter_channels=8,
        hidden_channels=16,
        filter_channels=24,
        num_heads=2,
        num_layers=2,
        upsample_rates=(6, 4),
        upsample_kernel_sizes=(12, 8),
        upsample_initial_channel=32,
        resblock_kernel_sizes=(3,),
        resblock_dilation_sizes=((1, 3),),
        kernel_size=3,
        dropout=0.0,
        posterior_layers=2,
        flow_layers=2,
        speaker_channels=6,
        num_speakers=3,
        uses_f0=True,
        has_posterior=True,
        segment_frames=12,
        num_harmonics=0,
    )


@pytest.fixture
def synthesizer(tiny) -> Synthesizer:
    torch.manual_seed(0)
    network = Synthesizer(tiny)
    with torch.no_grad():  # the flow starts as the identity; make it matter
        for coupling in network.flow.couplings:
            coupling.output_projection.weight.normal_(0.0, 0.1)
    return network


@pytest.fixture
def batch(tiny) -> dict[str, torch.Tensor]:
    """Two utterances, the second five frames shorter; keys are arguments of `Synthesizer.forward`."""
    seeded = torch.Generator().manual_seed(1)
    return {
        "content": torch.randn(2, NUM_FRAMES, tiny.content_dimension, generator=seeded),
        "f0_hz": torch.full((2, NUM_FRAMES), 200.0),
        "pitch_coarse": torch.full((2, NUM_FRAMES), 60),
        "spectrogram": torch.rand(2, tiny.spectrogram_channels, NUM_FRAMES, generator=seeded),
        "lengths": torch.tensor([NUM_FRAMES, NUM_FRAMES - 5]),
        "speaker_id": torch.tensor([0, 2]),
    }
