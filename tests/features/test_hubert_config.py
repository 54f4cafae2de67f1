"""Choosing an encoder by configuration: layers, widths, weights files, fingerprints."""

from importlib.metadata import version

import numpy as np
import pytest

from duetto.errors import CheckpointError, ConfigError
from duetto.features import whisper_kind
from duetto.features.cache import features_from
from duetto.features.content import ENCODERS, build_encoder, check_content_width
from duetto.features.hubert import HubertShape, build_network
from duetto.features.hubert_variants import APPLIO_NAMES, VARIANTS, find_variant, require_weights
from duetto.hub.table import find_weights
from duetto.settings.config import ContentConfig, FeaturesConfig
from tests.features.hubert_networks import RATE, noise, random_network, reference_units, write


def content_config(path=None, **fields):
    config = ContentConfig(**fields)
    config.path = path
    return config


def test_the_configuration_names_what_to_download(tmp_path):
    with pytest.raises(ConfigError, match=r"features\.content\.path=FILE.*lengyue233/content-vec-best"):
        build_encoder(content_config(encoder="contentvec", layer=12, dimension=768))
    with pytest.raises(ConfigError, match=r"is no file.*hubert-soft-0d54a1f4"):
        build_encoder(content_config(str(tmp_path / "a.pt"), encoder="hubert_soft", layer=12, dimension=256))


def test_layers_and_widths_that_no_public_voice_knows_are_refused(tmp_path):
    (tmp_path / "a.pt").write_bytes(b"")
    path = str(tmp_path / "a.pt")
    with pytest.raises(ConfigError, match=r"read at layer 12 \(768 wide\) or 9 \(256 wide\)"):
        build_encoder(content_config(path, encoder="contentvec", layer=4, dimension=768))
    with pytest.raises(ConfigError, match="contentvec at layer 9 gives 256"):
        build_encoder(content_config(path, encoder="contentvec", layer=9, dimension=768))
    with pytest.raises(ConfigError, match=r"expected moonshine, contentvec, hubert_soft, spin, .* or whisper"):
        build_encoder(content_config(path, encoder="wavlm"))


def test_the_key_of_features_follows_the_bytes_and_the_layer(tmp_path):
    path = tmp_path / "a.pt"
    path.write_bytes(b"one")
    twin = tmp_path / "b.pt"
    twin.write_bytes(b"one")

    def of(file, layer, encoder="contentvec"):
        features = FeaturesConfig(16000, 160, 512, 80, content=content_config(str(file), encoder=encoder, layer=layer))
        return features_from("0" * 64, features).digest

    first = of(path, 12)
    assert first == of(twin, 12)
    assert len({first, of(path, 9), of(path, 12, "hubert_soft")}) == 3
    path.write_bytes(b"another")
    assert of(path, 12) != first


def test_a_model_of_another_width_is_refused_with_the_encoders_that_fit():
    check_content_width(768, 768, "contentvec")
    with pytest.raises(
        ConfigError, match=r"content 768 wide, but the encoder moonshine gives 288\. .* contentvec at layer 12, spin at"
    ):
        check_content_width(768, 288, "moonshine")
    with pytest.raises(ConfigError, match="contentvec at layer 9 or hubert_soft at layer 12"):
        check_content_width(256, 768, "contentvec")
    with pytest.raises(ConfigError, match="No encoder here gives that width"):
        check_content_width(1024, 768, "contentvec")


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: f"{v.name}-{v.layer}")
def test_the_true_shape_survives_every_published_layout(tmp_path, variant):
    base = HubertShape()
    network = random_network(base)
    assert sum(p.numel() for p in build_network(base, False).parameters()) == 94_371_712 - 768  # without the mask
    audio = noise(RATE // 2)
    expected = reference_units(network, np.pad(audio, variant.padding), variant.layer, variant.has_projection)
    for layout in variant.layouts:
        path = write(tmp_path, network, layout)
        config = content_config(str(path), encoder=variant.name, layer=variant.layer, dimension=variant.dimension)
        units = build_encoder(config).raw_units(audio)
        np.testing.assert_allclose(units, expected, atol=2e-4)
        path.unlink()


def test_every_encoder_names_packages_that_are_installed():
    for encoder in ENCODERS:
        assert encoder.packages
        if encoder.name != whisper_kind.NAME:  # its packages are an extra
            assert all(version(package) for package in encoder.packages)


@pytest.mark.parametrize("name", APPLIO_NAMES.values())
def test_an_embedder_of_applio_is_hubert_base_read_at_layer_12_unless_its_config_says_otherwise(name, tmp_path):
    assert find_weights(name).companion.file.endswith("/config.json")  # so that a download brings what is checked
    variant = find_variant(name, 12)
    assert (variant.dimension, variant.has_projection, variant.padding) == (768, False, 0)
    weights = tmp_path / "pytorch_model.bin"
    weights.write_bytes(b"")
    config = tmp_path / "config.json"
    config.write_text('{"do_stable_layer_norm": false}')
    assert require_weights(name, str(weights)) == weights
    config.write_text('{"do_stable_layer_norm": true}')
    with pytest.raises(CheckpointError, match=f"cannot be used as {name}.*normalises before each layer"):
        require_weights(name, str(weights))
