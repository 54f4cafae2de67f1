import math

import torch

from duetto.layers.attention import EncoderShape, RelativeAttention, RelativeEncoder


def reference_attention(layer: RelativeAttention, x: torch.Tensor) -> torch.Tensor:
    """Shaw et al. 2018, eq. 3-5, pair by pair, for one utterance (C, T)."""
    depth, frames = layer.head_channels, x.shape[1]
    query, key, value = (part(x[None])[0] for part in (layer.query, layer.key, layer.value))
    output = torch.zeros_like(x)
    for head in range(layer.num_heads):
        rows = slice(head * depth, (head + 1) * depth)
        for i in range(frames):
            keys, values = key[rows].clone().T, value[rows].clone().T
            for j in range(frames):
                if abs(j - i) <= layer.window:
                    keys[j] += layer.relative_keys[0, j - i + layer.window]
                    values[j] += layer.relative_values[0, j - i + layer.window]
            weights = (keys @ query[rows, i] / math.sqrt(depth)).softmax(dim=0)
            output[rows, i] = weights @ values
    return layer.output(output[None])[0]


def test_attention_agrees_with_the_equations_written_out():
    torch.manual_seed(0)
    layer = RelativeAttention(channels=8, num_heads=2, window=2)
    x = torch.randn(1, 8, 7)
    expected = reference_attention(layer, x[0])
    torch.testing.assert_close(layer(x, torch.ones(1, 1, 7, 7))[0], expected, rtol=0, atol=1e-5)


def test_an_utterance_shorter_than_the_window_is_attended():
    layer = RelativeAttention(channels=8, num_heads=2)
    assert layer(torch.randn(1, 8, 2), torch.ones(1, 1, 2, 2)).shape == (1, 8, 2)


def test_padding_does_not_change_the_real_frames():
    torch.manual_seed(0)
    encoder = RelativeEncoder(EncoderShape(8, 16, num_heads=2, num_layers=2, kernel_size=3))
    x = torch.randn(1, 8, 9)
    mask = torch.ones(1, 1, 9)
    mask[..., 6:] = 0
    padded = encoder(x, mask)
    torch.testing.assert_close(padded[..., :6], encoder(x[..., :6], mask[..., :6]), rtol=0, atol=1e-5)
    assert padded[..., 6:].abs().max() == 0
