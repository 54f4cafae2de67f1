"""Random weights in the layouts that public tools publish, as the files of the hub's table."""

import io
from dataclasses import replace
from hashlib import sha256
from importlib import import_module

import torch

from duetto.architectures.rvc.discriminator import MultiPeriodDiscriminator
from duetto.architectures.rvc.shapes import discriminator_periods, ecosystem_shape
from duetto.architectures.rvc.synthesizer import Synthesizer
from duetto.architectures.rvc.weights import export_weights
from duetto.architectures.vocoder.foreign import save_foreign_vocoder
from duetto.architectures.vocoder.renderer import vocoder_shape
from duetto.architectures.vocoder.vocoder import Vocoder
from duetto.features.hubert import HubertShape
from duetto.hub.table import public_weights
from duetto.layers.foreign_weights import foreign_tensors
from duetto.runs.compose import compose_runs
from duetto.settings.conf_files import conf_folder
from tests.features.hubert_networks import in_layout, random_network


def saved(content):
    """The bytes of a file of torch.save."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def contentvec():
    """HuBERT-base with its projection, in the layout of transformers, half."""
    network = random_network(HubertShape())
    return saved({name: tensor.half() for name, tensor in in_layout(network, "transformers").items()})


def pair(size):
    """Generator and discriminator of an RVC with pitch, as a training of the WebUI saves them."""
    torch.manual_seed(5)
    version = size.partition("_")[0]
    networks = Synthesizer(ecosystem_shape(f"{size}_f0")), MultiPeriodDiscriminator(discriminator_periods(version))
    return [
        saved({"model": export_weights(network), "iteration": 200, "optimizer": {}, "learning_rate": 1e-4})
        for network in networks
    ]


def offer(hub, files):
    """Serve files by name of the table; rows of the table with the digests of these files."""
    rows = []
    for row in public_weights():
        if row.name in files:
            content = files[row.name]
            hub.files[f"{row.repository}/{row.file}"] = content
            if row.companion is not None:
                hub.files[f"{row.repository}/{row.companion.file}"] = files[row.companion.name]
            rows.append(replace(row, size=len(content), sha256=sha256(content).hexdigest()))
    return tuple(rows)


def hubert_soft():
    """HuBERT-soft, half."""
    return saved(
        {name: tensor.half() for name, tensor in in_layout(random_network(HubertShape()), "hubert-soft").items()}
    )


def nsf_hifigan(folder):
    """openvpi's vocoder for 44.1 kHz and its config.json."""
    [config] = compose_runs(conf_folder(), [["model=diffsvc", "data=case_b", "recipe=ecosystem"]])
    vocoder = Vocoder(vocoder_shape(128, config.model.vocoder_generator, 44_100))
    path = save_foreign_vocoder(vocoder, config.features, folder)
    return path.read_bytes(), path.with_name("config.json").read_bytes()


def tracker(name):
    """The weights of a pitch tracker that reads some from the hub, by name; none for one whose weights ship."""
    if name != "rmvpe":
        return {}
    weights, network = (import_module(f"duetto.features.rmvpe.{module}") for module in ("weights", "network"))
    torch.manual_seed(6)
    tensors = foreign_tensors(network.RMVPENetwork(), weights.RENAMINGS)
    return {name: saved({key: tensor.detach() for key, tensor in tensors.items()})}
