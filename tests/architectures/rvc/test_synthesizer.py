import copy
import dataclasses

import pytest
import torch

from duetto.architectures.rvc.losses import kl_loss, mel_loss
from duetto.architectures.rvc.synthesizer import Synthesizer
from duetto.features.spectrogram import linear_spectrogram, log_mel, mel_filterbank, mel_from_linear
from duetto.layers.masks import slice_segments
from duetto.layers.weight_norm import fold_weight_norm

CONVERTED = ("content", "f0_hz", "pitch_coarse", "lengths", "speaker_id")


def conversion_arguments(batch):
    return {name: batch[name] for name in CONVERTED}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_training_gives_a_segment_and_all_statistics(synthesizer, tiny, batch):
    output = synthesizer(**batch)
    assert output.waveform.shape == (2, 1, tiny.segment_frames * tiny.hop_length)
    assert output.segment_start.shape == (2,)
    assert (output.segment_start + tiny.segment_frames <= batch["lengths"]).all()
    assert output.mask.shape == (2, 1, 20)
    for name in ("z", "z_p", "prior_mean", "prior_log_std", "posterior_mean", "posterior_log_std"):
        values = getattr(output, name)
        assert values.shape == (2, tiny.inter_channels, 20), name
        assert values[1, :, 15:].abs().max() == 0, name


def test_given_noise_and_start_training_is_deterministic(synthesizer, batch):
    noise = torch.randn(2, 8, 20)
    fixed = {"segment_start": torch.tensor([3, 0]), "posterior_noise": noise, "source_noise": torch.zeros(1)}
    first, second = synthesizer(**batch, **fixed), synthesizer(**batch, **fixed)
    assert torch.equal(first.waveform, second.waveform)
    assert first.segment_start.tolist() == [3, 0]


def test_a_batch_shorter_than_the_segment_is_refused(synthesizer, batch):
    short = {name: value[:, :8] if value.dim() > 1 else value for name, value in batch.items()}
    short |= {"spectrogram": batch["spectrogram"][..., :8], "lengths": torch.tensor([8, 8])}
    with pytest.raises(ValueError, match="leave rows of 8"):
        synthesizer(**short)


@pytest.mark.parametrize("uses_f0", [True, False])
def test_the_gradient_reaches_every_parameter(tiny, batch, uses_f0):
    torch.manual_seed(0)
    network = Synthesizer(dataclasses.replace(tiny, uses_f0=uses_f0))
    for coupling in network.flow.couplings:  # zero at the start, which would hide what lies before
        torch.nn.init.normal_(coupling.output_projection.weight)
    if not uses_f0:
        batch |= {"f0_hz": None, "pitch_coarse": None}
    output = network(**batch)
    divergence = kl_loss(output.z_p, output.posterior_log_std, output.prior_mean, output.prior_log_std, output.mask)
    (output.waveform.square().mean() + divergence).backward()
    # a key's bias shifts all scores of a query alike, so softmax cancels it
    silent = {
        name
        for name, parameter in network.named_parameters()
        if (parameter.grad is None or parameter.grad.abs().max() == 0) and not name.endswith("key.bias")
    }
    assert silent == set()


def test_training_in_half_precision_gives_finite_gradients(synthesizer, batch):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = synthesizer(**batch)
    divergence = kl_loss(output.z_p, output.posterior_log_std, output.prior_mean, output.prior_log_std, output.mask)
    (output.waveform.float().square().mean() + divergence).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in synthesizer.parameters())


def test_the_flow_run_backwards_undoes_itself(synthesizer, batch):
    z, mask = torch.randn(2, 8, 20), torch.ones(2, 1, 20)
    speaker = synthesizer.embed_speaker(batch["speaker_id"])
    carried = synthesizer.flow(z, mask, speaker)
    assert not torch.allclose(carried, z, atol=1e-2)
    torch.testing.assert_close(synthesizer.flow(carried, mask, speaker, reverse=True), z, rtol=0, atol=1e-5)


def test_a_conversion_is_frames_times_hop_samples_long(synthesizer, tiny, batch):
    waveform = synthesizer.eval().convert(**conversion_arguments(batch), generator=seeded())
    assert waveform.shape == (2, 1, 20 * tiny.hop_length)


def test_a_copy_synthesis_is_frames_times_hop_samples_long_and_finite(synthesizer, tiny, batch):
    arguments = {name: batch[name] for name in ("spectrogram", "f0_hz", "lengths", "speaker_id")}
    waveform = synthesizer.eval().copy_synthesise(**arguments, generator=seeded())
    assert waveform.shape == (2, 1, 20 * tiny.hop_length)
    assert waveform.isfinite().all()


def test_one_seed_gives_one_conversion(synthesizer, batch):
    arguments = conversion_arguments(batch)
    first, second, other = (synthesizer.convert(**arguments, generator=seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_content_and_spectrogram_in_the_padding_are_not_heard(synthesizer, batch):
    noise, start = torch.randn(2, 8, 20), torch.tensor([0, 0])
    fixed = {"posterior_noise": noise, "segment_start": start, "source_noise": torch.zeros(1)}
    before = synthesizer(**batch, **fixed)
    batch["content"][1, 15:] = 100.0
    batch["spectrogram"][1, :, 15:] = 100.0
    after = synthesizer(**batch, **fixed)
    torch.testing.assert_close(after.waveform, before.waveform, rtol=0, atol=1e-6)
    torch.testing.assert_close(after.prior_mean, before.prior_mean, rtol=0, atol=1e-6)


def test_padding_a_batch_does_not_change_the_statistics_of_a_short_utterance(synthesizer, batch):
    padded = synthesizer(**batch)
    alone = {name: value[1:, :15] if value.dim() == 2 else value[1:] for name, value in batch.items()}
    alone |= {"content": batch["content"][1:, :15], "spectrogram": batch["spectrogram"][1:, :, :15]}
    single = synthesizer(**alone)
    for name in ("prior_mean", "prior_log_std", "posterior_mean", "posterior_log_std"):
        expected = getattr(single, name)[0]
        torch.testing.assert_close(getattr(padded, name)[1, :, :15], expected, rtol=0, atol=1e-5)


def test_folding_weight_norm_keeps_the_conversion(synthesizer, batch):
    arguments = conversion_arguments(batch)
    before = synthesizer.convert(**arguments, generator=seeded())
    folded = fold_weight_norm(copy.deepcopy(synthesizer))
    assert not any("parametrizations" in name for name, _ in folded.named_parameters())
    torch.testing.assert_close(folded.convert(**arguments, generator=seeded()), before, rtol=0, atol=1e-5)


def test_a_saved_network_converts_as_before(synthesizer, tiny, batch, tmp_path):
    torch.save(synthesizer.state_dict(), tmp_path / "network.pt")
    restored = Synthesizer(tiny)
    restored.load_state_dict(torch.load(tmp_path / "network.pt", weights_only=True))
    arguments = conversion_arguments(batch)
    expected = synthesizer.convert(**arguments, generator=seeded())
    assert torch.equal(restored.convert(**arguments, generator=seeded()), expected)


@pytest.mark.slow
def test_the_mel_loss_of_one_batch_halves_within_sixty_steps(synthesizer, tiny, batch):
    time_s = torch.arange(20 * tiny.hop_length) / tiny.sample_rate
    tone = sum(torch.sin(2 * torch.pi * 200.0 * order * time_s) / order for order in (1, 2, 3))
    waveform = (0.3 * tone).expand(2, 1, -1)
    filters = mel_filterbank(tiny.sample_rate, 64, 20, 0.0, None)
    batch["spectrogram"] = linear_spectrogram(waveform.squeeze(1), 64, tiny.hop_length)
    batch["lengths"] = torch.tensor([20, 20])
    segment = slice_segments(waveform, torch.zeros(2, dtype=torch.long), tiny.segment_frames * tiny.hop_length)

    def mel(signal):
        return log_mel(mel_from_linear(linear_spectrogram(signal.squeeze(1), 64, tiny.hop_length), filters))

    optimizer = torch.optim.AdamW(synthesizer.parameters(), lr=3e-3)
    losses = []
    for _ in range(60):
        output = synthesizer(**batch, segment_start=torch.zeros(2, dtype=torch.long))
        loss = mel_loss(mel(segment), mel(output.waveform))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert sum(losses[-5:]) / 5 < losses[0] / 2
