import re

import pytest
import torch

from duetto.architectures.rvc.discriminator import MultiPeriodDiscriminator
from duetto.architectures.rvc.shapes import ecosystem_shape
from duetto.architectures.rvc.synthesizer import Synthesizer
from duetto.architectures.rvc.weights import export_weights, foreign_name, load_weights
from duetto.errors import CheckpointError
from duetto.layers.weight_norm import fold_weight_norm

OURS_AND_THEIRS = {
    "prior_encoder.content_projection.weight": "enc_p.emb_phone.weight",
    "prior_encoder.pitch_embedding.weight": "enc_p.emb_pitch.weight",
    "prior_encoder.encoder.attention_layers.3.relative_keys": "enc_p.encoder.attn_layers.3.emb_rel_k",
    "prior_encoder.encoder.attention_layers.0.output.bias": "enc_p.encoder.attn_layers.0.conv_o.bias",
    "prior_encoder.encoder.feed_forward_norms.5.weight": "enc_p.encoder.norm_layers_2.5.gamma",
    "prior_encoder.encoder.feed_forward_layers.1.contract.weight": "enc_p.encoder.ffn_layers.1.conv_2.weight",
    "posterior_encoder.wavenet.conditioning.parametrizations.weight.original0": "enc_q.enc.cond_layer.weight_g",
    "flow.couplings.3.output_projection.weight": "flow.flows.6.post.weight",
    "flow.couplings.1.wavenet.input_layers.2.bias": "flow.flows.2.enc.in_layers.2.bias",
    "generator.residual_blocks.11.plain.2.parametrizations.weight.original1": "dec.resblocks.11.convs2.2.weight_v",
    "generator.source.merge.bias": "dec.m_source.l_linear.bias",
    "speaker_embedding.weight": "emb_g.weight",
    "discriminators.1.output.bias": "discriminators.1.conv_post.bias",
}


def test_known_names_are_translated():
    assert {name: foreign_name(name) for name in OURS_AND_THEIRS} == OURS_AND_THEIRS


def test_no_name_of_ours_survives_in_an_export():
    with torch.device("meta"):
        networks = Synthesizer(ecosystem_shape("v2_40k_f0")), MultiPeriodDiscriminator([2, 3])
    theirs = [foreign_name(name) for network in networks for name in network.state_dict()]
    ours = re.compile(
        "encoder_|layers_norm|attention|parametriz|projection|wavenet|residual|speaker|coupling|generator"
    )
    assert len(set(theirs)) == len(theirs)
    assert [name for name in theirs if ours.search(name)] == []


def test_exported_weights_load_into_another_network(synthesizer, tiny):
    torch.manual_seed(1)
    other = Synthesizer(tiny)
    load_weights(other, export_weights(synthesizer))
    assert all(torch.equal(a, b) for a, b in zip(other.parameters(), synthesizer.parameters(), strict=True))


def test_a_half_precision_export_without_posterior_leaves_the_posterior_alone(synthesizer, tiny):
    weights = {name: tensor.half() for name, tensor in export_weights(synthesizer, with_posterior=False).items()}
    assert not any(name.startswith("enc_q") for name in weights)
    torch.manual_seed(1)
    other = Synthesizer(tiny)
    before = other.posterior_encoder.projection.weight.clone()
    load_weights(other, weights, with_posterior=False)
    assert torch.equal(other.posterior_encoder.projection.weight, before)
    expected = synthesizer.speaker_embedding.weight.half().float()
    assert torch.equal(other.speaker_embedding.weight, expected)


def test_a_folded_network_is_not_exported(synthesizer):
    with pytest.raises(ValueError, match="folded network"):
        export_weights(fold_weight_norm(synthesizer))


def spoil_missing(weights):
    del weights["dec.conv_pre.bias"]


def spoil_unknown(weights):
    weights["dec.extra.weight"] = torch.zeros(1)


def spoil_shape(weights):
    weights["emb_g.weight"] = torch.zeros(9, 6)


def spoil_value(weights):
    weights["emb_g.weight"][0, 0] = torch.nan


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (spoil_missing, r"lacks 1 tensors: dec\.conv_pre\.bias"),
        (spoil_unknown, r"unknown 1 tensors: dec\.extra\.weight"),
        (spoil_shape, r"misshapen 1 tensors: emb_g\.weight \(9, 6\) instead of \(3, 6\)"),
        (spoil_value, r"undefined values in 1 tensors: emb_g\.weight"),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_name(synthesizer, spoil, complaint):
    weights = export_weights(synthesizer)
    spoil(weights)
    before = synthesizer.generator.output_convolution.weight.clone()
    with pytest.raises(CheckpointError, match=complaint):
        load_weights(synthesizer, weights)
    assert torch.equal(synthesizer.generator.output_convolution.weight, before)
