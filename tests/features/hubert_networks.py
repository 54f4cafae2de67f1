"""Small random HuBERT networks, and files of them in every published layout."""

import argparse

import numpy as np
import safetensors.torch
import torch

from duetto.features.hubert import HubertShape, build_network
from duetto.features.hubert_keys import foreign_name
from duetto.features.hubert_variants import Variant

RATE = 16_000
SMALL = HubertShape(width=32, num_layers=3, num_heads=4, feed_forward=48, convolution_channels=16, projection=8)
DEEP = Variant("contentvec", 3, 32, has_projection=False)
PROJECTED = Variant("contentvec", 2, 8, has_projection=True)
SOFT = Variant("hubert_soft", 3, 8, has_projection=True, padding=40, layouts=("hubert-soft",))


def random_network(shape=SMALL, seed=0):
    torch.manual_seed(seed)
    network = build_network(shape, has_projection=True)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    return network


def noise(num_samples, seed=0):
    return np.random.default_rng(seed).normal(size=num_samples).astype(np.float32) * 0.1


def in_layout(network, layout):
    """What a file of that layout holds, dead training tensors included."""
    weights = {foreign_name(name, layout): tensor for name, tensor in network.state_dict().items()}
    width = network.encoder.feature_projection.projection.out_features
    if layout == "fairseq":
        weights.update({"mask_emb": torch.zeros(width), "label_embs_concat": torch.zeros(504, 8)})
    if layout == "transformers":
        weights["masked_spec_embed"] = torch.zeros(width)
    if layout == "hubert-soft":
        for layer in range(len(network.encoder.transformer.layers)):
            for kind in ("weight", "bias"):
                parts = [weights.pop(f"encoder.layers.{layer}.self_attn.{p}_proj.{kind}") for p in "qkv"]
                weights[f"encoder.layers.{layer}.self_attn.in_proj_{kind}"] = torch.cat(parts)
        weights.update({"masked_spec_embed": torch.zeros(width), "label_embedding.weight": torch.zeros(100, 8)})
    return weights


def write(folder, network, layout, **kind):
    path = folder / f"{layout}{kind.get('suffix', '.pt')}"
    weights = in_layout(network, layout)
    if path.suffix == ".safetensors":
        safetensors.torch.save_file({name: tensor.contiguous() for name, tensor in weights.items()}, path)
        return path
    content = {"fairseq": {"args": argparse.Namespace(seed=1), "cfg": None, "model": weights}}.get(layout, weights)
    torch.save(content, path, _use_new_zipfile_serialization=kind.get("zipped", True))
    return path


@torch.no_grad()
def reference_units(network, audio, layer, projected):
    content = network.extract_features(torch.from_numpy(audio)[None])[0][layer - 1]
    return (network.aux(content) if projected else content)[0].numpy()
