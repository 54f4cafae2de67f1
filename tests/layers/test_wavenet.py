import torch

from duetto.layers.wavenet import WaveNet


def test_padding_does_not_change_the_real_frames_and_stays_zero():
    torch.manual_seed(0)
    wavenet = WaveNet(channels=6, kernel_size=5, num_layers=3, speaker_channels=4)
    x, speaker = torch.randn(1, 6, 12), torch.randn(1, 4, 1)
    mask = torch.ones(1, 1, 12)
    mask[..., 8:] = 0
    padded = wavenet(x * mask, mask, speaker)
    torch.testing.assert_close(padded[..., :8], wavenet(x[..., :8], mask[..., :8], speaker), rtol=0, atol=1e-6)
    assert padded[..., 8:].abs().max() == 0


def test_one_layer_is_a_gate_and_a_skip():
    torch.manual_seed(0)
    wavenet = WaveNet(channels=3, kernel_size=1, num_layers=1, speaker_channels=0)
    x, mask = torch.randn(1, 3, 4), torch.ones(1, 1, 4)
    filtered, gate = wavenet.input_layers[0](x).chunk(2, dim=1)
    expected = wavenet.residual_skip_layers[0](filtered.tanh() * gate.sigmoid())
    torch.testing.assert_close(wavenet(x, mask), expected)
