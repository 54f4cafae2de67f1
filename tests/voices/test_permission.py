import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import soundfile

from duetto.errors import CorpusError
from duetto.ownership.consent import embedded_consent
from duetto.storage.audio import read_channels, write_audio
from duetto.storage.files import sha256_file
from duetto.voices.marks import Marking
from duetto.voices.permission import output_tags, require_use, write_origin

TODAY = date(2026, 11, 24)
PRIVATE = {"subject": "singer-01", "controller": "Ann", "scopes": ["train", "infer"], "expires": "2027-12-31"}


def test_a_private_voice_needs_the_scope_infer_today():
    require_use({"consent": PRIVATE}, Path("voice"), TODAY)
    with pytest.raises(CorpusError, match=r"not `infer`.*beside the recordings and train the voice again"):
        require_use({"consent": {**PRIVATE, "scopes": ["train"]}}, Path("voice"), TODAY)
    with pytest.raises(CorpusError, match="expired"):
        require_use({"consent": PRIVATE}, Path("voice"), date(2028, 1, 1))


def test_of_several_persons_each_has_to_allow_it():
    member = {**PRIVATE, "subject": "singer-02", "scopes": ["train"]}
    joint = {**PRIVATE, "members": [PRIVATE, member]}
    with pytest.raises(CorpusError, match="singer-02 allows"):
        require_use({"consent": joint}, Path("voice"), TODAY)


def test_a_synthetic_voice_may_always_sing():
    require_use({"consent": embedded_consent().as_dict()}, Path("voice"), TODAY)


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_an_output_says_in_its_own_metadata_and_beside_it_where_it_comes_from(tmp_path: Path, suffix: str):
    source, output = tmp_path / "source.wav", tmp_path / f"out{suffix}"
    waveform = np.random.default_rng(0).uniform(-0.5, 0.5, 4000).astype(np.float32)
    write_audio(source, waveform, 8000)
    card = {"consent": PRIVATE, "signature": "0123456789", "name": "rvc-folder", "data_hash": "ab"}
    write_audio(output, waveform, 8000, tags=output_tags(card))
    write_origin(output, card, source, {"transpose_semitones": 6.0}, Marking(None, "measured"))
    np.testing.assert_allclose(read_channels(output)[0], read_channels(source)[0], atol=2**-22)
    with soundfile.SoundFile(output) as file:
        assert "0123456789" in file.comment
        assert "singer-01" in file.copyright
        assert "train, infer" in file.copyright
        assert "AI-generated" in file.title
    origin = json.loads((tmp_path / f"out{suffix}.json").read_text(encoding="utf-8"))
    assert origin["consent"] == PRIVATE
    assert origin["output"]["sha256"] == sha256_file(output)
    assert origin["source"] == {"name": "source.wav", "sha256": sha256_file(source)}
    assert origin["settings"] == {"transpose_semitones": 6.0}
    assert origin["marking"] == {"watermark": None, "reason": "measured", "manifest": "none"}
