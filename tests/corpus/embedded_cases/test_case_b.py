from pathlib import Path

import pytest

from duetto.corpus.build import build_corpus
from duetto.corpus.embedded_cases.performer import EmbeddedSinger
from duetto.corpus.manifest import load_manifest
from duetto.settings.config import DataConfig


def test_the_low_voice_sings_an_octave_below():
    assert EmbeddedSinger().transposition("low") == -12.0
    assert EmbeddedSinger().describe("low") != EmbeddedSinger().describe("miku")


@pytest.mark.slow
def test_the_embedded_singer_builds_case_b(tmp_path: Path):
    config = DataConfig(
        case="case_b", root=str(tmp_path), train_songs=["fast_01"], test_songs=["slow_01"], sources=["low"]
    )
    manifest = load_manifest(build_corpus(config))
    assert {clip.id for clip in manifest.clips} == {
        "target/fast_01",
        "target/slow_01",
        "reference/slow_01",
        "source/low/slow_01",
    }
    assert manifest.select("source")[0].transpose_semitones == 12.0
    assert all(clip.duration_s > 20 for clip in manifest.clips)
