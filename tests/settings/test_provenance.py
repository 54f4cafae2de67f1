"""The name of a run follows what affects it, not where files lie."""

from duetto.settings.config import ContentConfig, FeaturesConfig
from duetto.settings.provenance import described_features


def described(path):
    return described_features(
        FeaturesConfig(40_000, 400, 2048, 125, content=ContentConfig("contentvec", 12, 768, path))
    )


def test_the_encoders_weights_count_and_their_place_does_not(tmp_path):
    for name, content in (("a.pt", b"one"), ("b.pt", b"one"), ("c.pt", b"two")):
        (tmp_path / name).write_bytes(content)
    first, twin, other = (described(str(tmp_path / name)) for name in ("a.pt", "b.pt", "c.pt"))
    assert first == twin
    assert first != other
    assert str(tmp_path) not in str(first)


def test_without_a_weights_file_nothing_is_added():
    assert described(None)["content"] == {"encoder": "contentvec", "layer": 12, "dimension": 768}
