"""Public files, filled by the rule of `tests.parity.fill` over the key lists of upstream."""

import json
from collections import OrderedDict
from functools import lru_cache
from pathlib import Path

import faiss
import numpy as np
import torch

from tests.parity import fill

KEYS = Path(__file__).parents[2] / "parity" / "reference" / "keys.json"
VARIANTS = ("v2_40k_f0", "v2_48k_f0", "v2_32k_f0", "v1_40k_f0", "v2_40k_nof0")


@lru_cache(maxsize=1)
def key_lists():
    return json.loads(KEYS.read_text())


def filled(variant, with_posterior=True, num_speakers=None):
    """Float32 tensors by upstream's names."""
    shapes = key_lists()[variant]["tensors"]
    shapes = {name: tuple(shape) for name, shape in shapes.items() if with_posterior or not name.startswith("enc_q.")}
    if num_speakers is not None:
        shapes["emb_g.weight"] = (num_speakers, 256)
    return {name: torch.from_numpy(fill.weight(name, shape)) for name, shape in shapes.items()}


def blank(variant, num_speakers=None):
    """As `filled` without the posterior, but half, and small as a file: each tensor is one number, expanded."""
    shapes = {n: tuple(s) for n, s in key_lists()[variant]["tensors"].items() if not n.startswith("enc_q.")}
    if num_speakers is not None:
        shapes["emb_g.weight"] = (num_speakers, 256)
    return {name: torch.full((1,) * len(shape), 0.01).half().expand(shape) for name, shape in shapes.items()}


def rvc_content(variant, weights):
    """What RVC WebUI writes."""
    version, rate, kind = variant.split("_")
    content = OrderedDict(weight=weights, config=list(key_lists()[variant]["config"]))
    content.update(info="7epoch", sr=rate, f0=int(kind == "f0"), version=version)
    return content


def applio_content(variant, weights):
    """What Applio writes."""
    version, rate, kind = variant.split("_")
    content = OrderedDict(weight=weights, config=list(key_lists()[variant]["config"]))
    content.update(epoch=7, step=700, sr=int(rate[:-1]) * 1000, f0=kind == "f0", version=version)
    content.update(creation_date="2025-01-01T00:00:00", model_hash="0" * 64, dataset_length="00:10:00", author=None)
    content.update(model_name="x", embedder_model="contentvec", speakers_id=1, vocoder="HiFi-GAN")
    return content


def save(content, path):
    torch.save(content, path)
    return path


def random_rows(count, dimension, seed=0):
    return np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)


def write_index(path, rows, factory="IVF4,Flat"):
    index = faiss.index_factory(rows.shape[1], factory)
    if not index.is_trained:
        index.cp.min_points_per_centroid = 1
        index.train(rows)
    index.add(rows)
    faiss.write_index(index, str(path))
    return path
