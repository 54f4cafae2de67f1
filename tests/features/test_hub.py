"""Weights from the hub: only on request, only with its package, and never with a traceback."""

import sys
import types

import pytest

from duetto.errors import ConfigError
from duetto.features.hubert_variants import require_weights


def install(monkeypatch, download):
    package = types.ModuleType("huggingface_hub")
    package.hf_hub_download = download
    monkeypatch.setitem(sys.modules, "huggingface_hub", package)


def test_the_hub_gives_the_file_that_docs_name(monkeypatch, tmp_path):
    asked = []

    def download(repo_id, filename):
        asked.append((repo_id, filename))
        return str(tmp_path / filename)

    install(monkeypatch, download)
    assert require_weights("contentvec", "hub") == tmp_path / "pytorch_model.bin"
    assert asked == [("lengyue233/content-vec-best", "pytorch_model.bin")]


def test_without_the_package_the_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ConfigError, match="pip install huggingface_hub"):
        require_weights("contentvec", "hub")


def test_a_failed_download_is_one_sentence(monkeypatch):
    def download(repo_id, filename):
        raise TimeoutError("no route\nto host")

    install(monkeypatch, download)
    with pytest.raises(ConfigError, match=r"could not be downloaded from the hub \(no route\)"):
        require_weights("contentvec", "hub")


def test_an_encoder_that_is_not_there_is_not_looked_for(monkeypatch):
    with pytest.raises(ConfigError, match="hubert_soft is not on the hub"):
        require_weights("hubert_soft", "hub")
